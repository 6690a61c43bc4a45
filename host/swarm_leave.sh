#!/bin/sh
# Ends the cluster of this machine, its manager. Can be run again.
set -eu
if [ "$(docker info --format '{{.Swarm.LocalNodeState}}')" != inactive ]; then docker swarm leave --force; fi
