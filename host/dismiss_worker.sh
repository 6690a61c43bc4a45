#!/bin/sh
# Takes a worker out of the cluster: what runs on it moves to other machines first. Where they have no room it stays, and so
# does all that runs on it. One that is dead already is just forgotten. Runs on the manager. Can be run again.
# Environment: NAME (host name of the worker), NODE (its id in the cluster), SECONDS_AT_MOST.
set -eu
: "${NAME:?}" "${NODE:?}" "${SECONDS_AT_MOST:?}"

drained=''

# What the cluster says is in $said. Nothing said is not nothing there: where it does not answer, the worker stays.
ask() {
    said=$(docker "$@" 2>&1) && return
    # A service that ends meanwhile is not found, and those that are listed with it are said all the same.
    trouble=$(printf '%s\n' "$said" | grep -vE '\||o such service' || :)
    [ -n "$trouble" ] || return 0
    [ -z "$drained" ] || docker node update --availability active "$NODE" >/dev/null || :
    printf 'The worker %s stays, for the cluster does not say what runs on it: %s\nSee to the Docker engine of the manager, then do the same again.\n' \
        "$NAME" "$trouble" >&2
    exit 1
}

state=$(docker node inspect --format '{{.Status.State}}' "$NODE" 2>&1) || case $state in
    *"o such node"* | *"not found"* | *"not a swarm manager"*) exit 0 ;;
    *)
        printf 'The cluster does not say how its worker %s is: %s\n' "$NAME" "$state" >&2
        exit 1
        ;;
esac
if [ "$state" = ready ]; then
    ask node ps --filter desired-state=running --format '{{.Name}}' "$NODE"
    services=$(printf '%s\n' "$said" | sed 's/\.[^.]*$//' | sort -u)
    docker node update --availability drain "$NODE" >/dev/null
    drained=yes
    deadline=$(($(date +%s) + SECONDS_AT_MOST))
    while :; do
        # Tasks on the worker that have not ended.
        ask node ps --format '{{.CurrentState}}' "$NODE"
        left=$(printf '%s\n' "$said" | grep -vE '^(Shutdown|Complete|Failed|Rejected|Remove|Orphaned) |^$' || :)
        # Of each task that is to run: where it has a place (nothing: none yet), and why it has none.
        said=''
        # shellcheck disable=SC2086  # a list of names without spaces
        [ -z "$services" ] || ask service ps --filter desired-state=running --format '{{.Name}}|{{.Node}}|{{.Error}}' $services
        waiting=$(printf '%s\n' "$said" | grep -E "\|($NAME)?\|" || :)
        [ -n "$left$waiting" ] || break
        if [ "$(date +%s)" -ge "$deadline" ]; then
            docker node update --availability active "$NODE" >/dev/null
            # What is drained by hand for long, and cannot end, is told the same way.
            printf 'The worker %s stays, for what runs on it cannot move within %s s:\n%s\nDestroy a preview or put one to sleep (./preview list), or add another worker first.\n' \
                "$NAME" "$SECONDS_AT_MOST" "${waiting:-$left}" >&2
            exit 1
        fi
        sleep 1
    done
fi
docker node rm --force "$NODE" >/dev/null
