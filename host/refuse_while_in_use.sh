#!/bin/sh
# Refuses to let the base go while previews run on it, naming them.
# Environment: PREVIEWS.
set -eu
names=$(find "$PREVIEWS" -mindepth 2 -maxdepth 2 -name branch -exec cat {} + 2>/dev/null | sort | paste -s -d, - || :)
if [ -n "$names" ]; then
    echo "The base cannot be destroyed while these previews run on it: $names. Destroy them first." >&2
    exit 1
fi
