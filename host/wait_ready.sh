#!/bin/sh
# Waits until the first boot is over and Docker answers. Runs on the VM.
# Environment: SECONDS_AT_MOST.
set -eu
marker=/var/lib/pgai-preview/ready
failed=/var/lib/pgai-preview/failed
deadline=$(($(date +%s) + SECONDS_AT_MOST))
seen="nothing yet"
while :; do
    if [ -s "$failed" ]; then
        echo "The first boot failed: $(cat "$failed"). Look at /var/log/cloud-init-output.log on the machine." >&2
        exit 1
    elif [ ! -e "$marker" ]; then
        seen="first boot not over: $(cloud-init status 2>&1 | tr '\n' ' ')"
    elif ! docker info >/dev/null 2>&1; then
        seen="Docker does not answer"
    else
        exit 0
    fi
    if [ "$(date +%s)" -ge "$deadline" ]; then
        echo "The machine was not ready after $SECONDS_AT_MOST s; seen last: $seen. Look at /var/log/cloud-init-output.log on it." >&2
        exit 1
    fi
    sleep 2
done
