#!/bin/sh
# Keeps what an update of a sleeping preview asked for, with the branch's files, until it is woken; what was kept before is
# replaced. The archive takes the place of its name below.
# Environment: DIRECTORY (of the preview).
set -eu
umask 022
: "${DIRECTORY:?}"
next="$DIRECTORY/update.next"
# A disk that is full gets back what was taken of it.
trap 'rm -rf -- "$next"' EXIT
rm -rf -- "$next"
mkdir -- "$next"
base64 -d <<'END' | tar --no-same-owner -xzf - -C "$next"
@ARCHIVE@
END
rm -rf -- "$DIRECTORY/update"
mv -- "$next" "$DIRECTORY/update"
