# shellcheck shell=sh
# A line for each service that has yet to show that it is well: how, its name, and why it is not well where that is so. A task
# runs for the Swarm once its container is healthy. Tasks of an earlier description of a service tell nothing of it, and what is
# older than the copy of the good files was well with it, or is not what this is asked about. $1: ids of the services.
unproven_tasks() {
    since=$(proven_since)
    tab='{{"\t"}}'
    # All but what an engine says of a service and not of its tasks.
    description='{{json .ContainerSpec}}{{json .Resources}}{{json .Networks}}{{.ForceUpdate}}'
    # shellcheck disable=SC2086  # a list of ids
    services=$(unless_gone service inspect --format "service$tab{{.ID}}$tab{{with .Spec.TaskTemplate}}$description{{end}}$tab\
{{.Spec.Name}}$tab{{.Spec.Mode.Replicated.Replicas}}$tab\
{{with .Spec.TaskTemplate.ContainerSpec.Healthcheck}}asked{{else}}unasked{{end}}" $1) || return
    # shellcheck disable=SC2086  # a list of ids
    ids=$(unless_gone service ps --quiet $1) || return
    # shellcheck disable=SC2086  # a list of ids
    tasks=$([ -z "$ids" ] || unless_gone inspect --type task --format "task$tab{{.ServiceID}}$tab{{with .Spec}}$description{{end}}$tab\
{{json .CreatedAt}}$tab{{.DesiredState}}$tab{{.Status.State}}$tab{{json .Status.Timestamp}}$tab{{.Status.Err}}" $ids) || return
    # Whoever watches a deploy ends it at the third end and says more.
    printf '%s\n' "$services" "$tasks" | awk -F '\t' -v since="\"$since" -v wanted="$(printf '%s\n' "$1" | wc -w)" \
        -v just_now="\"$(date -u -d '1 second ago' +%FT%T.%N)" -v lately="\"$(date -u -d '3 seconds ago' +%FT%T.%N)" '
        $1 == "service" {
            found++
            if ($5 != "0") { name[$2] = $4; description[$2] = $3; asked[$2] = $6 }
        }
        $1 != "task" || !($2 in name) || $3 != description[$2] { next }
        $5 == "running" || $5 == "ready" {
            if ($4 <= since || $6 == "running") { known[$2] = 1 }
            if ($4 > since && $6 == "running" && asked[$2] == "unasked") { started[$2] = $7 }
            if ($8) { why[$2] = $8 }
            next
        }
        $4 > since && ($6 == "failed" || $6 == "rejected" || $6 == "complete") { ends[$2]++; if ($8) { last[$2] = " (" $8 ")" } }
        END {
            if (found < wanted) { print "unwell", "A service", "has been removed." }
            for (id in name) {
                if (ends[id] >= 4) { print "unwell", name[id], "ends again and again" last[id] "." }
                else if (!known[id]) { print "starting", name[id], "is not well" (why[id] ? ": " why[id] : "") "." }
                # As of a container without a check: what ends at once is found running now and then.
                else if (started[id] > (ends[id] ? lately : just_now)) { print "young", name[id] }
            }
        }'
}

# Ends when all services are well, or the script where one is not. Of tasks Docker tells no events.
wait_for_tasks() {
    ids=$(docker service ls --quiet --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE") || exit 1
    # A node may have to be found, and to get the image, before anything starts.
    until=$(($(date +%s) + SECONDS_UNTIL_WELL + ${PLACED_WITHIN_SECONDS:-60}))
    while [ -n "$ids" ]; do
        states=$(unproven_tasks "$ids") || exit 1
        [ -n "$states" ] || break
        if printf '%s\n' "$states" | sed -n 's/^unwell //p' | grep . >&2; then exit 1; fi
        if [ "$(date +%s)" -ge "$until" ] && printf '%s\n' "$states" | sed -n 's/^starting //p' | grep . >&2; then exit 1; fi
        sleep "${LOOK_SECONDS:-0.5}"
    done
}
