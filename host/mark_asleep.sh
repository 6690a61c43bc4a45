#!/bin/sh
# Marks a preview as asleep, or says why it may not sleep: another branch owns the slug, or too many sleep already. Its
# containers, which are stopped next, are what takes the slot. Prints since when it sleeps. Can be run again.
# Environment: DIRECTORY (of the preview), SLUG, BRANCH, MAX_ASLEEP (previews), WAKING (slug of a preview that sleeps and is
# woken in its stead; empty: none), LOCK_SECONDS.
set -eu
umask 022
: "${DIRECTORY:?}" "${SLUG:?}" "${BRANCH:?}" "${MAX_ASLEEP:?}"
root=${DIRECTORY%/previews/*}

refuse() {
    printf '%s\n' "$1" >&2
    exit 3
}

[ -d "$DIRECTORY" ] || refuse "The slot of the preview of branch '$BRANCH' is gone from the machine: deploy it again, or destroy it."
exec 9>>"$root/.lock"
flock -w "${LOCK_SECONDS:-30}" 9 || refuse "The host is busy: another operation has held $root/.lock for ${LOCK_SECONDS:-30} s. Try again."
owner=$(cat -- "$DIRECTORY/branch" 2>/dev/null || :)
if [ -n "$owner" ] && [ "$owner" != "$BRANCH" ]; then
    refuse "The slot of this slug belongs to the preview of branch '$owner', not to '$BRANCH': nothing was stopped."
fi
if [ ! -s "$DIRECTORY/asleep" ]; then
    asleep=$(find "$root/previews" -mindepth 2 -maxdepth 2 -name asleep ! -path "$DIRECTORY/asleep" \
        ! -path "$root/previews/${WAKING:-}/asleep" | grep -c '' || :)
    if [ "$asleep" -ge "$MAX_ASLEEP" ]; then
        refuse "The preview of branch '$BRANCH' cannot sleep: $asleep of $MAX_ASLEEP previews sleep already (maxAsleep). Destroy one of them (./preview list, ./preview destroy BRANCH)."
    fi
    date -u +%Y-%m-%dT%H:%M:%SZ >"$DIRECTORY/asleep.next"
    mv -- "$DIRECTORY/asleep.next" "$DIRECTORY/asleep"
fi
cat -- "$DIRECTORY/asleep"
