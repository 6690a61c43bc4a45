#!/bin/sh
# Says of each preview on this machine who holds which slot: a line each, of slug, branch, state (running; starting;
# asleep; empty: its deploy died), kept (empty: no), when its slot was taken, since when it sleeps, and when somebody last
# looked, separated by tabs; times are RFC 3339 in UTC, empty where there is none.
#
# Who looks, sends requests through the reverse proxy, whose log of them names the preview's router. Those of this project's
# own checks name themselves and do not count. Docker keeps 30 MB of that log, so what was found is noted beside each preview.
# Environment: PREVIEWS (directory), BASE (label of the base's containers, name of the reverse proxy's own network), RUNTIME
# (services: previews run on a cluster, whose manager this is, and one whose services have no container sleeps).
set -eu
umask 022
: "${PREVIEWS:?}" "${BASE:?}"
[ -d "$PREVIEWS" ] || exit 0
minutes=30

# part: unless_gone

# part: running_slugs

running=$(running_slugs)
# A base that was made before its proxy wrote a log has none to be read.
looks=$(docker logs --timestamps "${BASE%-public}" 2>/dev/null | awk '
    /"request_User-Agent":"[^"]*pgai-preview/ { next }
    match($0, /"RouterName":"preview-[a-z0-9-]+@(docker|swarm)"/) {
        router = substr($0, RSTART + 22, RLENGTH - 23)
        last[substr(router, 1, index(router, "@") - 1)] = $1
    }
    END { for (slug in last) print slug, substr(last[slug], 1, 19) "Z" }' || :)

for directory in "$PREVIEWS"/*/; do
    directory=${directory%/}
    slug=${directory##*/}
    [ -d "$directory" ] || continue
    looked=$(printf '%s\n' "$looks" | awk -v slug="$slug" '$1 == slug { print $2 }')
    known=$(cat -- "$directory/looked" 2>/dev/null || :)
    if [ -n "$looked" ] && [ "$looked" != "$known" ] && [ "$(printf '%s\n%s\n' "$looked" "$known" | sort | tail -n 1)" = "$looked" ]; then
        # One that is being destroyed meanwhile, or a disk that is full, is no reason to say nothing of the others.
        { printf '%s\n' "$looked" >"$directory/looked.$$" && mv -- "$directory/looked.$$" "$directory/looked"; } 2>/dev/null || rm -f -- "$directory/looked.$$"
    else
        looked=$known
    fi
    if printf '%s\n' "$running" | grep -qxF -e "$slug"; then
        state=running
    elif [ -e "$directory/asleep" ]; then
        state=asleep
    elif [ -n "$(find "$directory/slot" -mmin "-$minutes" 2>/dev/null || :)" ]; then
        state=starting
    else
        state=
    fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$slug" "$(cat -- "$directory/branch" 2>/dev/null || :)" "$state" \
        "$([ ! -e "$directory/kept" ] || echo kept)" \
        "$(date -u -r "$directory/slot" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || :)" \
        "$(cat -- "$directory/asleep" 2>/dev/null || :)" "$looked"
done
