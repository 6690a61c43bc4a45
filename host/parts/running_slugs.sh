# shellcheck shell=sh
# Slugs of the previews that run, a line for each container or service; fails where Docker does not say.
# Environment: BASE (label of the base's previews), RUNTIME (services: previews run on a cluster, whose manager this is, and
# one whose services have no container sleeps).
running_slugs() {
    if [ "${RUNTIME:-}" != services ]; then
        docker ps --filter "label=pgai.preview.base=$BASE" --format '{{.Label "pgai.preview.slug"}}'
        return
    fi
    services=$(docker service ls --quiet --filter "label=pgai.preview.base=$BASE") || return
    [ -n "$services" ] || return 0
    # shellcheck disable=SC2086  # a list of ids
    replicas=$(unless_gone service inspect \
        --format '{{index .Spec.Labels "pgai.preview.slug"}} {{.Spec.Mode.Replicated.Replicas}}' $services) || return
    printf '%s\n' "$replicas" | awk '$2 > 0 { print $1 }'
}
