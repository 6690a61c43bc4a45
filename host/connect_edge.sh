#!/bin/sh
# Connects the base's reverse proxy to the edge networks of its previews, of one or of all, and then of the page too: each
# has a network of its own with it, so that no preview reaches another. Can be run again.
# Environment: BASE (label of the base's previews, name of the reverse proxy's own network), SLUG (empty for all).
set -eu
: "${BASE:?}"
proxy=${BASE%-public}
networks=$(docker network ls --filter "label=pgai.preview.base=$BASE" --filter label=pgai.preview.service=edge \
    ${SLUG:+--filter "label=pgai.preview.slug=$SLUG"} --format '{{.Name}}')
[ -n "${SLUG:-}" ] || networks="$networks $(docker network ls --filter "label=pgai.edge=$BASE" --format '{{.Name}}')"
# Of the container, not of the network: that lists none that is stopped.
if ! joined=$(docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$proxy"); then
    echo "The reverse proxy $proxy is not on the machine, so no preview can be seen: bring its base up (pulumi up --refresh) and try again." >&2
    exit 1
fi
for network in $networks; do
    if printf '%s\n' "$joined" | grep -qxF -e "$network"; then continue; fi
    tries=15
    # The manager of a Swarm that has just been started may take longer to answer than its engine waits for it (20 s). What
    # the engine keeps of such a question makes it answer the next one at once with "not found", and then it asks anew.
    until said=$(docker network connect "$network" "$proxy" 2>&1); do
        tries=$((tries - 1))
        case $said in
            *"is already attached to network"*) break ;;
            *"attaching to network failed"* | *"attach to network"* | *"not found"*) ;;
            *) tries=0 ;;
        esac
        if [ "$tries" -eq 0 ]; then
            printf '%s\n' "$said" >&2
            exit 1
        fi
        sleep 1
    done
done
