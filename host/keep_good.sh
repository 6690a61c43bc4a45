#!/bin/sh
# Keeps a copy of a preview's files beside the live ones, once all its containers are well with them: what an update that
# fails goes back to. The copy is complete at every moment, or the one before it is still there.
# Environment: DIRECTORY (of the preview), SLUG, BASE (label of the base's previews), RUNTIME (services: the preview runs on a
# cluster, whose manager this is).
set -eu
umask 022
: "${DIRECTORY:?}" "${SLUG:?}" "${BASE:?}"

# A line for each container: its name, and the word Restarting where it ends and is started again, or how long it runs.
containers() {
    docker ps --all --filter "label=pgai.preview.slug=$SLUG" --filter "label=pgai.preview.base=$BASE" \
        --format '{{.Names}} {{.Status}}'
}

# The same of services, of which Docker keeps the containers that ended too.
tasks() {
    services=$(docker service ls --quiet --filter "label=pgai.preview.slug=$SLUG" \
        --filter "label=pgai.preview.base=$BASE")
    # shellcheck disable=SC2086  # a list of ids
    found=$(docker service ps --format '{{.Name}} {{.CurrentState}}' $services)
    printf '%s\n' "$found" | sed -n 's/ Running / Up /p'
    printf '%s\n' "$found" | sed -n 's/\.1 \(Failed\|Rejected\|Complete\) .*second.* ago$/ Restarting /p' | sort | uniq -d
}

# Pulumi has waited for those with a health check. One without is well when it has run for a second: what ends at once is
# started again and again, and found running now and then.
while :; do
    states=$(if [ "${RUNTIME:-}" = services ]; then tasks; else containers; fi)
    ending=$(printf '%s\n' "$states" | sed -n 's/ Restarting .*/ ends again and again./p')
    if [ -n "$ending" ]; then
        printf '%s\n' "$ending" >&2
        exit 1
    fi
    case $states in
        *" Up "[Ll]"ess than a second"*) sleep 0.1 ;;
        *) break ;;
    esac
done
good=$DIRECTORY/good
# Nobody places other files meanwhile.
exec 9<"$DIRECTORY"
if ! flock -w "${LOCK_SECONDS:-60}" 9; then
    echo "Files are still being placed in $DIRECTORY, for more than ${LOCK_SECONDS:-60} s. Try again." >&2
    exit 1
fi
[ -d "$good" ] || [ ! -d "$good.old" ] || mv -- "$good.old" "$good"
rm -rf -- "$good.next" "$good.old"
same() { diff -rq -- "$DIRECTORY/$1" "$good/$1" >/dev/null 2>&1; }
if same config && same workload; then exit 0; fi
# A disk that is full gets back what a copy that failed has taken.
trap 'rm -rf -- "$good.next"' EXIT
mkdir -- "$good.next"
cp -R -- "$DIRECTORY/config" "$DIRECTORY/workload" "$good.next/"
if [ -d "$good" ]; then mv -- "$good" "$good.old"; fi
mv -- "$good.next" "$good"
rm -rf -- "$good.old"
