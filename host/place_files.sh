#!/bin/sh
# Puts a folder's content in the place of another's. Containers hold the destination folder itself open, so it stays and
# its entries are exchanged, each by a rename, and only once the whole copy is there.
# Environment: SOURCE, DESTINATION.
set -eu
umask 022
next="$DESTINATION.next"
gone="$DESTINATION.gone"
rm -rf -- "$next" "$gone"
mkdir -p -- "$next" "$gone" "$DESTINATION"
cp -R -- "$SOURCE/." "$next/"
# Read by the users of several images, whatever the umask of the checkout was.
chmod -R u=rwX,go=rX -- "$next"
find "$DESTINATION" -mindepth 1 -maxdepth 1 | while IFS= read -r old; do
    mv -- "$old" "$gone/"
    new="$next/${old##*/}"
    if [ -e "$new" ]; then mv -- "$new" "$DESTINATION/"; fi
done
find "$next" -mindepth 1 -maxdepth 1 -exec mv -- {} "$DESTINATION/" \;
rm -rf -- "$next" "$gone"
