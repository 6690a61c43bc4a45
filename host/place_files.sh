#!/bin/sh
# Puts a folder's content in the place of another's. Containers hold the destination folder itself open, or a folder in it
# (initdb/sink), so both stay and what is in them is exchanged, each entry by a rename, and only once the whole copy is there.
# What is there already is left alone: going back takes no room on a disk that is full.
# Can be run again, also where the first run has done it all and nobody has heard so.
# Environment: SOURCE, DESTINATION, DIGEST (of the content), UPLOADED (not empty: SOURCE is there for this alone, and goes once
# its content is placed), LOCK_SECONDS.
set -eu
umask 022
next="$DESTINATION.next"
gone="$DESTINATION.gone"
placed="$DESTINATION.placed"

is_folder() { [ -d "$1" ] && [ ! -L "$1" ]; }

# Arguments: a folder, the one that has what shall be in it, one for what goes, and on how many levels a folder that both
# have stays.
exchange() (
    find "$1" -mindepth 1 -maxdepth 1 | while IFS= read -r old; do
        new="$2/${old##*/}"
        if [ "$4" -gt 1 ] && is_folder "$old" && is_folder "$new"; then
            mkdir -- "$3/${old##*/}"
            exchange "$old" "$new" "$3/${old##*/}" "$(($4 - 1))"
            rmdir -- "$new"
        elif [ -f "$old" ] && [ -f "$new" ]; then
            # At no moment it is not there.
            mv -f -- "$new" "$old"
        else
            mv -- "$old" "$3/"
            if [ -e "$new" ]; then mv -- "$new" "$1/"; fi
        fi
    done
    find "$2" -mindepth 1 -maxdepth 1 -exec mv -t "$1" -- {} +
)

mkdir -p -- "${DESTINATION%/*}"
# One at a time: a script whose connection broke runs on.
exec 9<"${DESTINATION%/*}"
if ! flock -w "${LOCK_SECONDS:-60}" 9; then
    echo "Files are still being placed in ${DESTINATION%/*}, for more than ${LOCK_SECONDS:-60} s. Try again." >&2
    exit 1
fi
if [ -n "${UPLOADED:-}" ] && [ ! -e "$SOURCE" ] && [ -d "$DESTINATION" ] &&
    [ "$(cat -- "$placed" 2>/dev/null || :)" = "$DIGEST" ]; then exit 0; fi
rm -rf -- "$next" "$gone"
if ! diff -rq -- "$SOURCE" "$DESTINATION" >/dev/null 2>&1; then
    # A copy that fails gives back what it has taken of a disk that is full.
    trap 'rm -rf -- "$next"' EXIT
    mkdir -p -- "$next"
    cp -R -- "$SOURCE/." "$next/"
    # Read by the users of several images, whatever the umask of the checkout was.
    chmod -R u=rwX,go=rX -- "$next"
    rm -f -- "$placed"
    mkdir -p -- "$gone" "$DESTINATION"
    exchange "$DESTINATION" "$next" "$gone" 2
    rm -rf -- "$next" "$gone"
fi
if [ -n "${UPLOADED:-}" ]; then
    printf '%s\n' "$DIGEST" >"$placed"
    rm -rf -- "$SOURCE"
fi
