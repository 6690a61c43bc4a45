# shellcheck shell=sh
# A line for each container that has yet to show that it is well: how, its name, and why it is not well where that is so. What
# is older than the copy of the good files was well with it, or is not what this is asked about. Those that are never
# started anew have done what they are for.
unproven_containers() {
    since=$(proven_since)
    ids=$(docker ps --all --quiet --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE") || return
    [ -n "$ids" ] || return 0
    health='{{with .State.Health}}{{.Status}}{{else}}unasked{{end}}'
    # shellcheck disable=SC2086  # a list of ids
    states=$(unless_gone inspect --format "{{.Created}} {{.State.Status}} {{.State.StartedAt}} $health \
{{.HostConfig.RestartPolicy.Name}} {{.RestartCount}} {{slice .Name 1}}" $ids) || return
    # Of one that has ended and is to be started again Docker says that it is unhealthy; who watches a deploy ends it at the
    # third end and says more.
    printf '%s\n' "$states" | awk -v since="$since" -v just_now="$(date -u -d '1 second ago' +%FT%T.%N)" \
        -v lately="$(date -u -d '3 seconds ago' +%FT%T.%N)" '
        $1 <= since || $4 == "healthy" || $5 == "no" { next }
        $2 == "exited" { print "unwell", $7, "has ended."; next }
        $6 >= 5 && ($2 == "restarting" || $4 == "starting") { print "unwell", $7, "ends again and again."; next }
        $2 == "restarting" { print ($4 == "unasked" ? "young" : "starting"), $7; next }
        $4 == "unhealthy" { print "unwell", $7, "is not healthy."; next }
        $4 != "unasked" { print "starting", $7; next }
        # Without a check it is well when it has run for a second, or for three where it has ended before: what ends at once is
        # found running now and then.
        $3 > ($6 ? lately : just_now) { print "young", $7 }'
}

# Reads what Docker says of containers from file descriptor 8, until those of the names given are healthy; returns 2 where any
# has ended meanwhile. Asking again and again would cost more than most of them do while they start.
become_healthy() {
    waiting=" $* "
    ended=
    while [ -n "${waiting# }" ]; do
        # shellcheck disable=SC2086  # a list of names
        if ! read -r name action health <&8; then
            printf '%s is not healthy.\n' $waiting >&2
            return 1
        fi
        if [ "$action" = die ]; then ended="$ended$name "; fi
        case "$waiting" in *" $name "*) ;; *) continue ;; esac
        case $action${health:-} in
            health_status:healthy) waiting="${waiting%% "$name" *} ${waiting#* "$name" }" ;;
            health_status:unhealthy)
                echo "$name is not healthy." >&2
                return 1
                ;;
            die)
                # shellcheck disable=SC2086  # a list of names
                if [ "$(printf '%s\n' $ended | grep -cxF -e "$name")" -ge 5 ]; then
                    echo "$name ends again and again." >&2
                    return 1
                fi
                ;;
            destroy)
                echo "$name has been removed." >&2
                return 1
                ;;
        esac
    done
    if [ -n "$ended" ]; then return 2; fi
}

# Ends when all are well, or the script where one is not. Docker's provider would look once a second.
wait_until_well() {
    while :; do
        now=$(date +%s.%N)
        # Not every shell ends a command within $(…) at its first failure: nothing said must not pass for nothing wrong.
        states=$(unproven_containers) || exit 1
        if printf '%s\n' "$states" | sed -n 's/^unwell //p' | grep . >&2; then exit 1; fi
        starting=$(printf '%s\n' "$states" | sed -n 's/^starting //p')
        if [ -n "$starting" ]; then
            queue=$(mktemp -d)
            mkfifo "$queue/events"
            docker events --since "$now" --until "$((${now%.*} + SECONDS_UNTIL_WELL))" \
                --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE" \
                --filter event=health_status --filter event=destroy --filter event=die \
                --format '{{.Actor.Attributes.name}} {{.Action}}' >"$queue/events" &
            exec 8<"$queue/events"
            rm -r -- "$queue"
            well=0
            # shellcheck disable=SC2086  # a list of names
            become_healthy $starting || well=$?
            kill $! 2>/dev/null || :
            exec 8<&-
            [ "$well" -ne 1 ] || exit 1
            # All others are well, and nothing has happened to them.
            if [ "$well" -eq 0 ] && ! printf '%s\n' "$states" | grep -qv '^starting '; then break; fi
        elif [ -n "$states" ]; then
            sleep 0.2
        else
            break
        fi
    done
}
