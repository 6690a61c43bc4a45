#!/bin/sh
# Has a worker join: asks the manager for the token and hands it over in a pipe, so that it is read when it is used and kept
# nowhere. Runs on the machine that deploys. Prints what the worker does, its id in the cluster.
# Environment: MANAGER, WORKER (commands that run another there, quoted for a shell), JOIN (script for the worker).
set -eu
: "${MANAGER:?}" "${WORKER:?}" "${JOIN:?}"
eval "$MANAGER" 'docker swarm join-token --quiet worker' | eval "$WORKER" '"$JOIN"'
