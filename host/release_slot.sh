#!/bin/sh
# Gives a preview's place on the host back, with its files, and says so; nothing there is fine.
# Environment: DIRECTORY (of the preview), BRANCH (whose it must be; empty for anybody's), LOCK_SECONDS.
set -eu
root=${DIRECTORY%/previews/*}
[ -d "$root" ] || exit 0
exec 9>>"$root/.lock"
if ! flock -w "${LOCK_SECONDS:-60}" 9; then
    echo "The host is busy: another operation has held $root/.lock for ${LOCK_SECONDS:-60} s. Try again." >&2
    exit 1
fi
[ -d "$DIRECTORY" ] || exit 0
owner=$(cat -- "$DIRECTORY/branch" 2>/dev/null || :)
if [ -n "${BRANCH:-}" ] && [ -n "$owner" ] && [ "$owner" != "$BRANCH" ]; then
    printf '%s\n' "The place of this slug belongs to the preview of branch '$owner', not to '$BRANCH': nothing was removed." >&2
    exit 3
fi
rm -rf -- "$DIRECTORY"
echo released
