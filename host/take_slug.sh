#!/bin/sh
# Makes the directory of a preview on the host and records which branch owns the slug. Two branches can share a slug;
# the second is refused before anything is touched.
# Environment: DIRECTORY, BRANCH.
set -eu
umask 022
mkdir -p -- "$DIRECTORY"
owner="$DIRECTORY/branch"
if [ -s "$owner" ] && [ "$(cat "$owner")" != "$BRANCH" ]; then
    echo "The preview of this slug belongs to branch '$(cat "$owner")', so branch '$BRANCH' cannot be deployed: destroy that preview first or rename the branch." >&2
    exit 3
fi
printf '%s\n' "$BRANCH" >"$owner"
