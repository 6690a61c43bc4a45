# shellcheck shell=bash
# Log lines and messages about bad input.

# One line on stdout, with the time in RFC 3339, UTC (TZ is set by generate.sh).
log() {
    printf '%(%Y-%m-%dT%H:%M:%SZ)T %s\n' -1 "$*"
}

# Logs the last lines of file $2, each marked with the pattern or task $1.
log_last_lines() {
    local line
    while IFS= read -r line; do
        [[ -z $line ]] || log "$1: | $line"
    done < <(tail -n 5 -- "$2")
}

# Says what is wrong with the command line and ends with status 2.
usage_error() {
    printf 'generate.sh: %s; see generate.sh --help\n' "$1" >&2
    exit 2
}
