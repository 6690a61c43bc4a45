#!/bin/sh
# Removes images that no container uses and that were neither pulled, built nor wanted by a deploy for 72 hours, if the disk
# is more than 80 % full. Volumes stay. A deploy tags the images it finds anew: Docker's own prune looks at the day an image
# was made, which says nothing about the day it came here.
# Environment: DIRECTORY (of the project on this machine; no slot is taken while its lock is held), DISK_PATH, DISK_LIMIT (%),
# AGE_HOURS, LOCK_SECONDS.
set -eu
: "${DIRECTORY:?has to be set, in /etc/pgai-preview/host.conf}"
disk_path=${DISK_PATH:-/}
limit=${DISK_LIMIT:-80}
hours=${AGE_HOURS:-72}

used() {
    df -P "$disk_path" | awk 'NR == 2 { sub("%", "", $5); print $5 }'
}

before=$(used)
case $before in
    '' | *[!0-9]*)
        echo "The use of the disk of $disk_path cannot be read: no image is removed." >&2
        exit 1
        ;;
esac
if [ "$before" -le "$limit" ]; then
    echo "$before % of the disk are in use, no more than $limit %: no image is removed."
    exit 0
fi

exec 9>>"$DIRECTORY/.lock"
if ! flock -w "${LOCK_SECONDS:-60}" 9; then
    echo "$before % of the disk are in use, but another operation holds $DIRECTORY/.lock: images are removed by the next run."
    exit 0
fi
oldest=$(($(date +%s) - hours * 3600))
containers=$(docker ps --all --quiet --no-trunc)
images=$(docker images --quiet --no-trunc | sort -u)
# shellcheck disable=SC2086  # a list of ids; one that is gone meanwhile uses nothing
in_use=$([ -z "$containers" ] || docker inspect --type container --format '{{.Image}}' $containers || :)
for image in $images; do
    if printf '%s\n' "$in_use" | grep -qxF -e "$image"; then continue; fi
    times=$(docker image inspect --format '{{json .Metadata}}, "Created":{{json .Created}}' "$image") || continue
    newest=$(printf '%s\n' "$times" | grep -oE '"(LastTagTime|Created)":"[^"]*"' | cut -d '"' -f 4 |
        while IFS= read -r moment; do date -d "$moment" +%s; done | sort -n | tail -n 1)
    if [ "${newest:-$oldest}" -ge "$oldest" ]; then continue; fi
    names=$(docker image inspect --format '{{range .RepoTags}}{{println .}}{{end}}' "$image")
    # shellcheck disable=SC2086  # a list of names without spaces; whoever has begun to use one meanwhile keeps it
    docker rmi ${names:-$image} || :
done
echo "Images that nobody used for $hours hours were removed: $before % of the disk were in use, now $(used) %."
