#!/bin/sh
# Refreshes the health that the page of all previews shows, with the script that the base has brought; before that, there is
# no page. Environment: DIRECTORY (of the project on this machine).
set -eu
: "${DIRECTORY:?has to be set, in /etc/pgai-preview/host.conf}"
for page in "$DIRECTORY"/*page; do
    if [ -e "$page-files/write_page.sh" ]; then PAGE=$page /bin/sh "$page-files/write_page.sh"; fi
done
