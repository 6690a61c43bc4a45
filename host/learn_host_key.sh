#!/bin/sh
# Prints the public host key of a new machine, waiting until it answers. Runs on the machine that deploys.
# Environment: ADDRESS, PORT, SECONDS_AT_MOST.
set -eu
deadline=$(($(date +%s) + SECONDS_AT_MOST))
while :; do
    key=$(ssh-keyscan -T 5 -t ed25519 -p "$PORT" "$ADDRESS" 2>/dev/null | awk '$2 == "ssh-ed25519" { print $2, $3; exit }')
    if [ -n "$key" ]; then
        printf '%s' "$key"
        exit 0
    fi
    if [ "$(date +%s)" -ge "$deadline" ]; then
        echo "No SSH server with an ed25519 key answered at $ADDRESS port $PORT for $SECONDS_AT_MOST s: look at the server's console." >&2
        exit 1
    fi
    sleep 2
done
