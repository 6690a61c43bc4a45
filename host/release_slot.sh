#!/bin/sh
# Releases a preview's slot: what Docker keeps for it, all at once, and its files. Says so when
# there were any; nothing there is fine. Containers are killed rather than stopped: what they would save on their way out
# goes with them. Services of a cluster take theirs along, which are waited for on every node that answers.
# Environment: DIRECTORY (of the preview), SLUG, BRANCH (whose it must be; empty for anybody's), BASE (label of the
# base's previews), RUNTIME (services: the preview runs on a cluster, whose manager this is), LOCK_SECONDS, TASK_SECONDS.
set -eu
: "${DIRECTORY:?}" "${SLUG:?}" "${BASE:?}"
root=${DIRECTORY%/previews/*}

# part: unless_gone

# Removes what a list of Docker's names: docker's arguments without the list, then those of the list.
remove_all() {
    found=$($2 --quiet --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE")
    # shellcheck disable=SC2086  # a list of names without spaces, and the words of a command
    if [ -n "$found" ]; then $1 $found >/dev/null; fi
}

# Says which tasks of the preview are still somewhere, also of services that are gone.
tasks() {
    nodes=$(docker node ls --format '{{.ID}} {{.Status}}') || return
    # shellcheck disable=SC2046  # a list of ids
    unless_gone node ps --quiet --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE" \
        $(printf '%s\n' "$nodes" | sed -n 's/ Ready$//p')
}

remove_services() {
    remove_all "docker service rm" "docker service ls"
    left=${TASK_SECONDS:-60}
    # One is listed until its container has ended.
    while :; do
        ending=$(tasks)
        [ -n "$ending" ] || break
        if [ "$left" -le 0 ]; then
            echo "Containers of the preview still end after ${TASK_SECONDS:-60} s; their nodes remove them." >&2
            break
        fi
        left=$((left - 1))
        sleep 1
    done
    remove_all "docker secret rm" "docker secret ls"
    remove_all "docker config rm" "docker config ls"
}

remove_networks() {
    networks=$(docker network ls --quiet --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE")
    for network in $networks; do
        # The reverse proxy stays, and is on one of them.
        for container in $(docker network inspect --format '{{range $id, $_ := .Containers}}{{println $id}}{{end}}' "$network"); do
            # An overlay network lists its own end too.
            case $container in lb-*) continue ;; esac
            docker network disconnect --force "$network" "$container"
        done
        docker network rm "$network" >/dev/null
    done
}

require_owner() {
    owner=$(cat -- "$DIRECTORY/branch" 2>/dev/null || :)
    if [ -n "${BRANCH:-}" ] && [ -n "$owner" ] && [ "$owner" != "$BRANCH" ]; then
        printf '%s\n' "The slot of this slug belongs to the preview of branch '$owner', not to '$BRANCH': nothing was removed." >&2
        exit 3
    fi
}

# Before the machine is locked: nodes may take a minute, in which others take and release slots. This one is taken until
# the end.
if [ "${RUNTIME:-}" = services ]; then
    require_owner
    remove_services
fi
if [ -d "$root" ]; then
    exec 9>>"$root/.lock"
    if ! flock -w "${LOCK_SECONDS:-60}" 9; then
        echo "The host is busy: another operation has held $root/.lock for ${LOCK_SECONDS:-60} s. Try again." >&2
        exit 1
    fi
fi
require_owner
remove_all "docker rm --force --volumes" "docker ps --all"
# Neither needs the other to be gone.
remove_networks &
removing=$!
remove_all "docker volume rm" "docker volume ls"
wait "$removing"
[ -d "$DIRECTORY" ] || exit 0
# First: a slot that is only half gone is nobody's.
rm -f -- "$DIRECTORY/slot" "$DIRECTORY/branch"
rm -rf -- "$DIRECTORY"
echo released
