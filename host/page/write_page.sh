#!/bin/sh
# Writes what a base shows of its previews: the page of all of them, one for each name, the record of each, the history.
# Operations say what is new; the timer of a VM says nothing, and what Docker knows is read anew. Words come escaped from
# operations, and only numbers and times are put between them here. Can be run again.
# Environment: PAGE (directory; what the base has brought is beside it), LIMIT (previews that may run at once; empty: as
# before), RUNTIME (said with the limit; services: previews run on a cluster, whose manager this is), SLUG (of a preview), RECORD, OWN (its record, and the page at its own name), CARD (its part of the page; empty where
# it is gone), PICTURE (of it, WebP in base64), EVENT (line of the history; empty: none), LOCK_SECONDS.
set -eu
umask 022
export LC_ALL=C
: "${PAGE:?}" "${SLUG=}" "${CARD=}" "${OWN=}" "${EVENT=}"
files=$PAGE-files previews=${PAGE%/*}/previews history=$PAGE/history.jsonl public=$PAGE/public
name=${PAGE##*/}
base=${name%page}traefik-public
kept_lines=2000 kept_names=500

# Beside, and renamed: whoever reads finds the whole.
put() {
    cat >"$1.next" && mv -- "$1.next" "$1"
}

# "in 2 d 4 h": how far away a time is, in seconds since 1970.
left() {
    minutes=$((($1 - now) / 60))
    if [ "$minutes" -lt 1 ]; then
        echo 'time is up'
    elif [ "$minutes" -ge 1440 ]; then
        echo "in $((minutes / 1440)) d $((minutes / 60 % 24)) h"
    elif [ "$minutes" -ge 60 ]; then
        echo "in $((minutes / 60)) h $((minutes % 60)) min"
    else
        echo "in $minutes min"
    fi
}

# One whose stack was brought up by plain Pulumi: nobody has told of it.
plain_card() {
    branch=$(sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g; s/@/\&#64;/g' "$previews/$1/branch")
    cat <<CARD
<li><article class="card live">
<header><h2>$branch</h2><p class="badge">made by hand</p></header>
<dl><div><dt>Health</dt><dd><span class="bar w@WELL@" aria-hidden="true"></span>@WELL@ of @ALL@</dd></div></dl>
</article></li>
CARD
}

# Where Docker does not answer, counting fails: nothing said is not nothing there.
count_containers() {
    listed=$(docker ps --all --filter "label=pgai.preview.base=$base" \
        --format '{{.Label "pgai.preview.slug"}} {{.Label "pgai.preview.service"}} {{.State}} {{.Status}}') || return
    printf '%s\n' "$listed" | awk '
        !NF || $2 == "secrets" || $2 ~ /-init$/ { next }
        { all[$1]++ }
        $3 == "running" { runs[$1] = 1; if ($0 !~ /\((unhealthy|health: starting)\)/) well[$1]++ }
        END { for (slug in all) print slug, well[slug] + 0, all[slug], runs[slug] + 0 }'
}

# A Swarm counts a task as running once its container is healthy; one that sleeps is to have none.
count_services() {
    listed=$(docker service ls --filter "label=pgai.preview.base=$base" --format '{{.Name}} {{.Replicas}}') || return
    [ -n "$listed" ] || return 0
    # shellcheck disable=SC2046  # a list of names
    if ! slugs_of=$(docker service inspect --format '{{.Spec.Name}} slug {{index .Spec.Labels "pgai.preview.slug"}}' \
        $(printf '%s\n' "$listed" | cut -d ' ' -f 1) 2>&1); then
        # One that goes meanwhile is not found.
        trouble=$(printf '%s\n' "$slugs_of" | grep -vE '^$|^[^ ]+ slug |o such service' || :)
        [ -z "$trouble" ] || { printf '%s\n' "$trouble" >&2 && return 1; }
    fi
    printf '%s\n%s\n' "$slugs_of" "$listed" | awk '
        $2 == "slug" { slug[$1] = $3; next }
        $1 in slug {
            split($2, tasks, "/")
            all[slug[$1]]++
            if (tasks[2] > 0) runs[slug[$1]] = 1
            if (tasks[1] > 0) well[slug[$1]]++
        }
        END { for (one in all) print one, well[one] + 0, all[one], runs[one] + 0 }'
}

mkdir -p -- "$public/gone" "$public/pictures" "$PAGE/records"
exec 9<"$PAGE"
if ! flock -w "${LOCK_SECONDS:-10}" 9; then
    echo "The page of all previews is still being written in $PAGE, for more than ${LOCK_SECONDS:-10} s." >&2
    exit 1
fi

if [ -n "${LIMIT:-}" ]; then
    printf '%s\n' "$LIMIT" | put "$PAGE/limit"
    printf '%s\n' "${RUNTIME:-}" | put "$PAGE/runtime"
fi
if [ -n "${RECORD:-}" ]; then
    if [ -n "$EVENT" ]; then
        # A disk that was full may have cut the last line.
        [ -z "$(tail -c 1 -- "$history" 2>/dev/null)" ] || echo >>"$history"
        printf '%s\n' "$EVENT" >>"$history"
    fi
    if [ -e "$history" ] && [ "$(wc -l <"$history")" -gt $((kept_lines + kept_lines / 10)) ]; then
        tail -n "$kept_lines" -- "$history" | put "$history"
    fi
    printf '%s\n' "$OWN" | put "$public/gone/$SLUG.html"
    printf '%s\n' "$RECORD" | put "$PAGE/records/$SLUG.json"
    find "$PAGE/records" -type f -printf '%T@ %f\n' | sort -rn | tail -n "+$((kept_names + 1))" | cut -d ' ' -f 2- |
        while IFS= read -r old; do rm -f -- "$PAGE/records/$old" "$public/gone/${old%.json}.html"; done
    # One that is gone has no slot any more, and gets nothing back.
    if [ -n "$CARD" ] && [ -d "$previews/$SLUG" ]; then
        printf '%s\n' "$CARD" | put "$previews/$SLUG/card.html"
        printf '%s\n' "$RECORD" | put "$previews/$SLUG/preview.json"
    fi
fi

if [ -n "${PICTURE:-}" ]; then printf '%s' "$PICTURE" | base64 -d | put "$public/pictures/$SLUG.webp"; fi
unset PICTURE
for picture in "$public/pictures/"*.webp; do
    slug=${picture##*/}
    [ -d "$previews/${slug%.webp}" ] || rm -f -- "$picture"
done

# Of each preview: slug, services that are well, all services, whether any runs.
case $(cat -- "$PAGE/runtime" 2>/dev/null || :) in services) count=count_services ;; *) count=count_containers ;; esac
# A base that is being made has none, and may not be a cluster yet.
if ! counts=$($count) && [ -e "$public/index.html" ]; then
    echo "Docker does not say which previews run, so the page of all previews in $PAGE stays as it was." >&2
    # What was told is written; who only came to refresh the page has done nothing.
    [ -n "$SLUG${LIMIT:-}" ] || exit 1
    exit 0
fi
now=$(date +%s)
limit=$(cat -- "$PAGE/limit")
free=$((limit - $(printf '%s\n' "$counts" | grep -c ' 1$' || :)))
[ "$free" -ge 0 ] || free=0
# For notes in merge requests.
echo "$((limit - free)) of $limit" | put "$PAGE/used"
# The newest first, whatever happens to the others.
slugs=$(find "$previews" -mindepth 2 -maxdepth 2 -name branch -printf '%T@ %h\n' 2>/dev/null | sort -rn | sed 's|.*/||')

{
    sed "s|@FREE@|$free|; s|@LIMIT@|$limit|; s|@TIME@|$(date -u '+%-d %B %Y, %H:%M UTC')|" "$files/head.html"
    if [ -n "$slugs" ]; then
        echo '<h2 class="hidden">All previews</h2>'
        echo '<ul class="cards">'
        for slug in $slugs; do
            card=$previews/$slug/card.html
            count=$(printf '%s\n' "$counts" | awk -v slug="$slug" '$1 == slug { print $2, $3 }')
            count=${count:-0 7}
            ends=$(sed -n '1s/^<!-- ends \([0-9]*\) -->$/\1/p' "$card" 2>/dev/null || :)
            if [ -e "$public/pictures/$slug.webp" ]; then shot=''; else shot='/^<img class="shot"/d'; fi
            if [ -e "$card" ]; then cat -- "$card"; else plain_card "$slug"; fi |
                sed "$shot" |
                sed "s|@WELL@|${count%% *}|g; s|@ALL@|${count##* }|g; s|@LEFT@|$([ -z "$ends" ] || left "$ends")|g"
        done
        echo '</ul>'
    else
        cat -- "$files/empty.html"
    fi
    cat -- "$files/foot.html"
} | put "$public/index.html"
