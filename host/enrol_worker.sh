#!/bin/sh
# Waits until a worker that has joined is ready, and marks it. Others of its name are from a server that was there before:
# they are forgotten. Runs on the manager. Can be run again.
# Environment: NAME (host name of the worker), NODE (its id in the cluster), SECONDS_AT_MOST.
set -eu
: "${NAME:?}" "${NODE:?}" "${SECONDS_AT_MOST:?}"
deadline=$(($(date +%s) + SECONDS_AT_MOST))
until [ "$(docker node inspect --format '{{.Status.State}}' "$NODE" 2>&1)" = ready ]; do
    if [ "$(date +%s)" -ge "$deadline" ]; then
        echo "The worker $NAME has joined, but was not ready after $SECONDS_AT_MOST s: see docker node ls on the manager." >&2
        exit 1
    fi
    sleep 1
done
nodes=$(docker node ls --format '{{.ID}} {{.Hostname}}')
printf '%s\n' "$nodes" | while read -r node name; do
    if [ "$name" = "$NAME" ] && [ "$node" != "$NODE" ]; then docker node rm --force "$node" >/dev/null; fi
done
docker node update --availability active --label-add pgai.preview.role=worker "$NODE" >/dev/null
