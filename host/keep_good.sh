#!/bin/sh
# Keeps a copy of a preview's files beside the live ones, once all its containers are well with them: what an update that
# fails goes back to. The copy is complete at every moment, or the one before it is still there. Limits the processes of each
# container, which Docker's provider cannot say.
# Environment: DIRECTORY (of the preview), SLUG, BASE (label of the base's previews), RUNTIME (services: the preview runs on a
# cluster, whose manager this is), SECONDS_UNTIL_WELL (that whatever is new may take), PROCESSES (that a container may have).
set -eu
umask 022
: "${DIRECTORY:?}" "${SLUG:?}" "${BASE:?}" "${SECONDS_UNTIL_WELL:?}" "${PROCESSES:?}"

# part: unless_gone

# part: proven_since

# part: wait_until_well

# part: wait_for_tasks

# Of services, an engine other than the manager's has the containers.
limit_processes() {
    ids=$(docker ps --quiet --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE") || return
    [ -n "$ids" ] || return 0
    # shellcheck disable=SC2086  # a list of ids
    limits=$(unless_gone inspect --format '{{.Id}} {{.HostConfig.PidsLimit}}' $ids) || return
    others=$(printf '%s\n' "$limits" | awk -v limit="$PROCESSES" 'NF && $2 != limit { print $1 }')
    # shellcheck disable=SC2086  # a list of ids
    [ -z "$others" ] || unless_gone update --pids-limit "$PROCESSES" $others >/dev/null
}

if [ "${RUNTIME:-}" = services ]; then
    wait_for_tasks
else
    wait_until_well
    limit_processes
fi
good=$DIRECTORY/good
# Nobody places other files meanwhile.
exec 9<"$DIRECTORY"
if ! flock -w "${LOCK_SECONDS:-60}" 9; then
    echo "Files are still being placed in $DIRECTORY, for more than ${LOCK_SECONDS:-60} s. Try again." >&2
    exit 1
fi
[ -d "$good" ] || [ ! -d "$good.old" ] || mv -- "$good.old" "$good"
rm -rf -- "$good.next" "$good.old"
same() { diff -rq -- "$DIRECTORY/$1" "$good/$1" >/dev/null 2>&1; }
if same config && same workload; then
    touch -- "$good"
    exit 0
fi
# A disk that is full gets back what a copy that failed has taken.
trap 'rm -rf -- "$good.next"' EXIT
mkdir -- "$good.next"
cp -R -- "$DIRECTORY/config" "$DIRECTORY/workload" "$good.next/"
if [ -d "$good" ]; then mv -- "$good" "$good.old"; fi
mv -- "$good.next" "$good"
rm -rf -- "$good.old"
