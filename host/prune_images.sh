#!/bin/sh
# Removes images that no container uses and that are older than 72 hours, if the disk is more than 80 % full. Volumes stay.
# Environment: DIRECTORY (of the project on this machine; its lock keeps a deploy from losing an image that it has just
# pulled), DISK_PATH, DISK_LIMIT (%), AGE (as docker takes it), LOCK_SECONDS.
set -eu
: "${DIRECTORY:?has to be set, in /etc/pgai-preview/host.conf}"
disk_path=${DISK_PATH:-/}
limit=${DISK_LIMIT:-80}
age=${AGE:-72h}

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
# Docker knows when an image was made, not when it was last used.
removed=$(docker image prune --all --force --filter "until=$age")
printf '%s\n' "$removed"
echo "Unused images older than $age were removed: $before % of the disk were in use, now $(used) %."
