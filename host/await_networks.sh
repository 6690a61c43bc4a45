#!/bin/sh
# Waits until a preview's networks are there, which the engine makes meanwhile, and prints the name of its own and that of the
# one it has with the reverse proxy. Docker's provider says only two seconds later that it has made one.
# Environment: SLUG, BASE (label of the base's previews).
set -eu
: "${SLUG:?}" "${BASE:?}"
tries=100
while :; do
    found=$(docker network ls --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE" \
        --format '{{.Label "pgai.preview.service"}}:{{.Name}}')
    own=$(printf '%s\n' "$found" | sed -n 's/^://p')
    edge=$(printf '%s\n' "$found" | sed -n 's/^edge://p')
    if [ -n "$own" ] && [ -n "$edge" ]; then break; fi
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "Docker has not made the preview's networks within ten seconds." >&2
        exit 1
    fi
    sleep 0.1
done
printf '%s %s\n' "$own" "$edge"
