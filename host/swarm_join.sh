#!/bin/sh
# Makes this machine a worker of a cluster, and prints its id there. The token comes on standard input, and goes to the engine
# the same way: in an argument whoever is on the machine could read it. Can be run again.
# Environment: ADDRESS (its own in the private network), MANAGER_ADDRESS, SECONDS_AT_MOST.
set -eu
: "${ADDRESS:?}" "${MANAGER_ADDRESS:?}" "${SECONDS_AT_MOST:?}"

# part: private_address

swarm() {
    docker info --format "{{.Swarm.$1}}" </dev/null
}

IFS= read -r token || :
case $token in
    SWMTKN-*) ;;
    *) give_up 'The manager of the cluster has not given its token: see what it says above.' ;;
esac
deadline=$(($(date +%s) + SECONDS_AT_MOST))
await_address "$deadline"
state=$(swarm LocalNodeState)
if [ "$state" = inactive ]; then
    socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
    said=$(printf '{"ListenAddr":"%s:2377","AdvertiseAddr":"%s","DataPathAddr":"%s","RemoteAddrs":["%s:2377"],"JoinToken":"%s"}' \
        "$ADDRESS" "$ADDRESS" "$ADDRESS" "$MANAGER_ADDRESS" "$token" |
        curl --silent --show-error --max-time "$SECONDS_AT_MOST" --unix-socket "${socket#unix://}" \
            --header 'Content-Type: application/json' --data-binary @- http://docker/swarm/join 2>&1) || :
    # It may go on after the engine has stopped waiting for it.
    until [ "$(swarm LocalNodeState)" = active ]; do
        [ "$(swarm LocalNodeState)" = pending ] && [ "$(date +%s)" -lt "$deadline" ] ||
            give_up "This machine could not join the cluster of $MANAGER_ADDRESS. Docker says: ${said:-$(swarm Error)}"
        sleep 1
    done
fi
swarm RemoteManagers | grep -qF "$MANAGER_ADDRESS:2377" ||
    give_up "This machine is part of another cluster than that of $MANAGER_ADDRESS: make its server anew (RUNBOOK.md, \"More machines, and fewer\")."
swarm NodeID
