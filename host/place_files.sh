#!/bin/sh
# Puts a folder's content in the place of another's. Containers hold the destination folder itself open, so it stays and
# its entries are exchanged, each by a rename, and only once the whole copy is there. What is there already is left alone:
# going back takes no room on a disk that is full.
# Environment: SOURCE, DESTINATION, LOCK_SECONDS.
set -eu
umask 022
next="$DESTINATION.next"
gone="$DESTINATION.gone"
mkdir -p -- "${DESTINATION%/*}"
# One at a time: a script whose connection broke runs on.
exec 9<"${DESTINATION%/*}"
if ! flock -w "${LOCK_SECONDS:-60}" 9; then
    echo "Files are still being placed in ${DESTINATION%/*}, for more than ${LOCK_SECONDS:-60} s. Try again." >&2
    exit 1
fi
rm -rf -- "$next" "$gone"
if ! diff -rq -- "$SOURCE" "$DESTINATION" >/dev/null 2>&1; then
    # A copy that fails gives back what it has taken of a disk that is full.
    trap 'rm -rf -- "$next"' EXIT
    mkdir -p -- "$next"
    cp -R -- "$SOURCE/." "$next/"
    # Read by the users of several images, whatever the umask of the checkout was.
    chmod -R u=rwX,go=rX -- "$next"
    mkdir -p -- "$gone" "$DESTINATION"
    find "$DESTINATION" -mindepth 1 -maxdepth 1 | while IFS= read -r old; do
        mv -- "$old" "$gone/"
        new="$next/${old##*/}"
        if [ -e "$new" ]; then mv -- "$new" "$DESTINATION/"; fi
    done
    find "$next" -mindepth 1 -maxdepth 1 -exec mv -- {} "$DESTINATION/" \;
    rm -rf -- "$next" "$gone"
fi
