# shellcheck shell=bash
# shellcheck disable=SC2154 # the files of lib/ share their variables
# Child processes, and the end on a signal.
# bash handles a signal only between commands and in `wait`, so whatever may take long runs in the background and is waited for.

declare work=""

# A private directory for what the children print.
make_work_directory() {
    work=$(mktemp -d) || {
        printf 'generate.sh: no temporary directory can be made in %s; mount a writable one\n' "${TMPDIR:-/tmp}" >&2
        exit 1
    }
    trap 'rm -rf -- "$work"' EXIT
}

stop_on_signals() {
    trap 'stop SIGTERM' TERM
    trap 'stop SIGINT' INT
    trap 'stop SIGHUP' HUP
}

# Runs a command for at most $1 seconds, output to file $2, errors to file $3, and returns its status; 124 says that
# the limit was hit. Only the child is redirected: the handler of a signal logs in the middle of `wait`.
run_limited() {
    local limit=$1 output=$2 errors=$3
    shift 3
    timeout --kill-after=2 "$limit" "$@" >"$output" 2>"$errors" &
    wait "$!"
}

sleep_seconds() {
    sleep "$1" &
    wait "$!"
}

# Ends all children. A signal can be lost between fork and exec of a child, hence the repetition.
end_children() {
    local -i attempt
    local -a children
    for ((attempt = 0; attempt < 25; attempt++)); do
        mapfile -t children < <(jobs -pr)
        ((${#children[@]})) || return 0
        kill -TERM "${children[@]}" 2>/dev/null
        sleep 0.1
    done
}

# Ends the running child, its sessions on the server and this process.
stop() {
    trap '' TERM INT HUP
    log "$activity: cut short by $1; ending"
    end_children
    leave_database
    log "ended"
    exit 0
}
