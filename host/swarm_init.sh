#!/bin/sh
# Makes this machine the manager of a cluster, a Docker Swarm that only its private network reaches, and prints the cluster's
# id. Can be run again.
# Environment: ADDRESS (its own in the private network), POOL and MASK (addresses of overlay networks, length of each one's
# prefix), SECONDS_AT_MOST.
set -eu
: "${ADDRESS:?}" "${POOL:?}" "${MASK:?}" "${SECONDS_AT_MOST:?}"

# part: private_address

await_address "$(($(date +%s) + SECONDS_AT_MOST))"
state=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.NodeAddr}} {{.LiveRestoreEnabled}}')
case $state in
    "active true $ADDRESS "*) ;;
    "inactive "*" true")
        give_up 'The Docker engine of this machine was set up for a base of one machine (live-restore), and a cluster needs it otherwise: destroy the previews and make the server anew (RUNBOOK.md, "A new machine in the place of the old one").'
        ;;
    "inactive "*)
        # What it prints is how to join, token and all.
        docker swarm init --advertise-addr "$ADDRESS" --listen-addr "$ADDRESS:2377" --data-path-addr "$ADDRESS" \
            --default-addr-pool "$POOL" --default-addr-pool-mask-length "$MASK" >/dev/null
        ;;
    *) give_up "This machine is part of another Docker Swarm than that of $ADDRESS: have it leave (docker swarm leave --force) and try again." ;;
esac
docker node update --label-add pgai.preview.role=manager "$(docker info --format '{{.Swarm.NodeID}}')" >/dev/null
docker info --format '{{.Swarm.Cluster.ID}}'
