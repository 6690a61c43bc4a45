#!/bin/sh
# Refuses to let the base go while previews have slots on its machine, naming them, or where that cannot be seen.
# Environment: PREVIEWS, NEXT (a sentence: what to do after that; may be empty).
set -eu

refuse() {
    printf 'The base cannot be destroyed %s\n' "$1" >&2
    exit 1
}

# A directory that is not there holds nothing; one that may not be looked at, or is below such a one, may hold anything.
seen=$PREVIEWS
while [ -n "$seen" ] && [ ! -e "$seen" ]; do seen=${seen%/*}; done
if [ "$seen" != "$PREVIEWS" ] && [ -x "${seen:-/}" ]; then exit 0; fi
slugs=$(ls -A -- "$PREVIEWS") || refuse "while $PREVIEWS cannot be read, where its previews are: see to that first."
names=$(
    printf '%s\n' "$slugs" | while IFS= read -r slug; do
        branch=$(cat -- "$PREVIEWS/$slug/branch" 2>/dev/null || :)
        printf '%s\n' "${branch:-$slug}"
    done | sort | paste -s -d , - | sed 's/,/, /g'
)
if [ -n "$names" ]; then
    refuse "while these previews run on it: $names. Destroy them first (./preview destroy BRANCH, or ./preview reap --orphans for one that ./preview list does not show).${NEXT:+ $NEXT}"
fi
