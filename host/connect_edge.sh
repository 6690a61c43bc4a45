#!/bin/sh
# Connects the base's reverse proxy to the edge networks of its previews, of one or of all: each has a network of its own
# with it, so that no preview reaches another. Can be run again.
# Environment: BASE (label of the base's previews, name of the reverse proxy's own network), SLUG (empty for all).
set -eu
: "${BASE:?}"
proxy=${BASE%-public}
networks=$(docker network ls --filter "label=pgai.preview.base=$BASE" --filter label=pgai.preview.service=edge \
    ${SLUG:+--filter "label=pgai.preview.slug=$SLUG"} --format '{{.Name}}')
# Of the container, not of the network: that lists none that is stopped.
joined=$(docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$proxy")
for network in $networks; do
    if ! printf '%s\n' "$joined" | grep -qxF -e "$network"; then docker network connect "$network" "$proxy"; fi
done
