#!/bin/sh
# Takes a slot for a preview, or says why there is none: an image has a label that it must not have, another branch owns the
# slug, the limit is reached, disk or memory are short. Check and taking are one step under the host's lock. A slot counts
# from here until the containers run, and then because they run; one whose deploy died stops counting after half an hour, and
# so does at once one that is put to sleep. Whoever takes a slot is awake. Can be run again.
# Exit codes: 3 refused, 4 the slot is lost (see KNOWN), 5 the limit is reached, 6 disk or memory are short.
# Environment: DIRECTORY (of the preview), SLUG, BRANCH, BASE (label of the base's containers), LIMIT (previews),
# DISK_GB (free), MEMORY_GB (available), PROC (where the kernel's figures are), LOCK_SECONDS, KNOWN (not empty: the
# preview must have its slot already; exit code 4 where it has not, and there is room to make it anew), RUNTIME (services:
# previews run on a cluster, whose manager this is, and one whose services have no container sleeps), IMAGES (that the preview
# shall run; empty: whoever asks has seen to them).
set -eu
umask 022
: "${DIRECTORY:?}" "${SLUG:?}" "${BRANCH:?}" "${BASE:?}" "${LIMIT:?}" "${DISK_GB:?}" "${MEMORY_GB:?}"
root=${DIRECTORY%/previews/*}
minutes=30

refuse() {
    printf '%s\n' "$1" >&2
    exit "${2:-3}"
}

# Names of the branches of the slugs on standard input, in one line.
branches() {
    while IFS= read -r slug; do
        cat -- "$root/previews/$slug/branch" 2>/dev/null || printf '%s\n' "$slug"
    done | paste -s -d , - | sed 's/,/, /g'
}

# Whether $1 KiB are less than $2 GB.
is_short() {
    awk -v have="$1" -v need="$2" 'BEGIN { exit !(have * 1024 < need * 1e9) }'
}

# $1 KiB in GB, cut off: nothing that is refused is said to be what is asked for.
gigabytes() {
    awk -v have="$1" 'BEGIN { printf "%.1f", int(have * 1024 / 1e8) / 10 }'
}

# part: unless_gone

# part: running_slugs

# part: require_plain_images

# Before the machine is locked: to pull an image may take minutes.
require_plain_images
mkdir -p -- "$root/previews"
exec 9>>"$root/.lock"
flock -w "${LOCK_SECONDS:-30}" 9 || refuse "The host is busy: another operation has held $root/.lock for ${LOCK_SECONDS:-30} s. Try again."

owner=$(cat -- "$DIRECTORY/branch" 2>/dev/null || :)
if [ -n "$owner" ] && [ "$owner" != "$BRANCH" ]; then
    refuse "The preview of this slug belongs to branch '$owner', so branch '$BRANCH' cannot be deployed: destroy that preview first or rename the branch."
fi
lost=
# A full disk can lose what a file says. Where the rest is there, the stack that knows the slot says whose it is.
if [ -z "$owner" ] && [ -n "${KNOWN:-}" ] && ! { [ -e "$DIRECTORY/slot" ] && [ -d "$DIRECTORY/config" ]; }; then
    lost=1
fi

if ! running=$(running_slugs); then
    echo "Docker on the machine does not say which previews run: start it and try again." >&2
    exit 1
fi
# A live preview has its slot already; one that has to be made anew is only taken away where it can be.
if [ -n "$lost" ] || ! printf '%s\n' "$running" | grep -qxF -e "$SLUG"; then
    starting=$(find "$root/previews" -mindepth 2 -maxdepth 2 -name slot -mmin "-$minutes" | while IFS= read -r slot; do
        [ -e "${slot%/slot}/asleep" ] || printf '%s\n' "$slot"
    done | sed 's|/slot$||; s|.*/||')
    others=$(printf '%s\n%s\n' "$running" "$starting" | sort -u | grep -vxF -e "$SLUG" -e '' || :)
    count=$(printf '%s' "$others" | grep -c '' || :)
    if [ "$count" -ge "$LIMIT" ]; then
        refuse "There is no room for the preview of branch '$BRANCH': $count of $LIMIT previews run or start ($(printf '%s\n' "$others" | branches)). Put one of them to sleep (./preview sleep BRANCH), destroy one (./preview destroy BRANCH), or wait until one expires (./preview list)." 5
    fi
    free=$(df -Pk -- "$root" | awk 'NR == 2 { print $4 }')
    if is_short "$free" "$DISK_GB"; then
        refuse "There is no room for the preview of branch '$BRANCH': $(gigabytes "$free") GB of the host's disk are free, and $DISK_GB GB must be. Remove what is not needed (docker image prune --all), or destroy a preview that sleeps (./preview list)." 6
    fi
    available=$(awk '$1 == "MemAvailable:" { print $2 }' "${PROC:-/proc}/meminfo")
    if is_short "$available" "$MEMORY_GB"; then
        refuse "There is no room for the preview of branch '$BRANCH': $(gigabytes "$available") GB of the host's memory are available, and $MEMORY_GB GB must be. Put a preview to sleep (./preview list), or take a larger server." 6
    fi
fi

if [ -n "$lost" ]; then
    echo "The slot of the preview of branch '$BRANCH' is gone from the machine." >&2
    exit 4
fi
mkdir -p -- "$DIRECTORY"
if [ "$owner" != "$BRANCH" ]; then
    # Beside, and renamed: a disk that is full leaves no owner half written.
    printf '%s\n' "$BRANCH" >"$DIRECTORY/branch.next"
    mv -- "$DIRECTORY/branch.next" "$DIRECTORY/branch"
fi
touch -- "$DIRECTORY/slot"
if [ -e "$DIRECTORY/asleep" ]; then
    rm -f -- "$DIRECTORY/asleep"
    # Whoever wakes it wants to look at it; a disk that is full keeps nobody from that.
    { date -u +%Y-%m-%dT%H:%M:%SZ >"$DIRECTORY/looked"; } 2>/dev/null || :
fi
