# shellcheck shell=sh
# Labels of images on standard input that no image may have; in any case of letters, as the reverse proxy reads its own.
reserved_labels() {
    grep -iE '^(traefik|pgai)\.' | grep -vxF -e pgai.recipe -e pgai.stand-in
}

# Ends the script with 3 where an image has a label that would steer the reverse proxy, or say what belongs to whom: its
# container would have it too. One that is not on the machine is pulled, as Docker's provider would do later.
# Environment: IMAGES (references or ids; empty: none).
require_plain_images() {
    # shellcheck disable=SC2016  # a template of Docker's
    labels='{{with .Config}}{{range $label, $_ := .Labels}}{{println $label}}{{end}}{{end}}'
    # Mostly all are there and pass, which one question tells.
    # shellcheck disable=SC2086  # a list of names without spaces
    if [ -z "${IMAGES:-}" ] || { said=$(docker image inspect --format "$labels" $IMAGES 2>/dev/null) &&
        ! printf '%s\n' "$said" | reserved_labels >/dev/null; }; then return; fi
    for image in $IMAGES; do
        if ! docker image inspect "$image" >/dev/null 2>&1 && ! said=$(docker pull --quiet "$image" 2>&1); then
            printf 'The image %s is not on the machine and cannot be pulled: %s\n' "$image" "$said" >&2
            exit 3
        fi
        said=$(docker image inspect --format "$labels" "$image") || exit 1
        label=$(printf '%s\n' "$said" | reserved_labels | head -n 1)
        if [ -n "$label" ]; then
            printf 'The image %s has the label %s, and labels that begin with traefik. or pgai. steer the reverse proxy and say what belongs to whom: build it without.\n' \
                "$image" "$label" >&2
            exit 3
        fi
    done
}
