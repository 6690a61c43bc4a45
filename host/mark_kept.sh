#!/bin/sh
# Marks a preview as kept beyond its end, or as kept no longer. The mark goes with the preview's directory.
# Environment: DIRECTORY (of the preview), KEPT (not empty: it is).
set -eu
: "${DIRECTORY:?}"
umask 022
[ -d "$DIRECTORY" ] || exit 0
if [ -n "${KEPT:-}" ]; then
    : >"$DIRECTORY/kept"
else
    rm -f -- "$DIRECTORY/kept"
fi
