# shellcheck shell=sh
# Prints what Docker says of several things, without those that are gone meanwhile; fails where it does not say.
# Arguments: Docker's.
unless_gone() {
    { trouble=$(docker "$@" 2>&1 >&3); } 3>&1 && return
    if [ -n "$trouble" ] &&
        ! printf '%s\n' "$trouble" | grep -qvE '^$|o such (object|container|service)|(node|task) [^ ]* not found'; then return; fi
    printf '%s\n' "$trouble" >&2
    return 1
}
