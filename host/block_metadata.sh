#!/bin/sh
# Keeps the cloud's metadata address, where this machine's first-boot data can be read, from containers. Runs before and
# after every start of the engine, so the rules are there before the first container and whatever the engine does to its
# chain. Root on the machine itself may go on asking: cloud-init does, at every boot.
set -eu
address=169.254.169.254

ensure() {
    chain=$1
    shift
    iptables -w 10 -C "$chain" "$@" 2>/dev/null || iptables -w 10 -I "$chain" 1 "$@"
}

# The engine makes this chain if it is missing, keeps what is in it and sends it every container's packets first.
iptables -w 10 -S DOCKER-USER >/dev/null 2>&1 || iptables -w 10 -N DOCKER-USER
ensure DOCKER-USER -d "$address" -j REJECT
# Containers in the machine's own network, which does not pass the engine's chains; node-exporter is one.
ensure OUTPUT -d "$address" -m owner ! --uid-owner 0 -j REJECT
