#!/usr/bin/env bash
# Load generator of a preview: an endless random sequence of pgbench patterns against one PostgreSQL database.
# Runs unchanged in the official image postgres:15 (bash, psql, pgbench, coreutils). See README.md for the settings.
set -uo pipefail
# Until there is something to clean up. Process 1 of a container gets no default action for a signal.
trap 'exit 0' TERM INT HUP
export TZ=UTC LC_ALL=C
# Debian's programs on PATH are Perl ones that look for those of the right version, and the image names that version.
[[ -z ${PG_MAJOR-} ]] || PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH

here=${BASH_SOURCE[0]%/*}
# shellcheck source=lib/log.sh
source "$here/lib/log.sh"
# shellcheck source=lib/settings.sh
source "$here/lib/settings.sh"
# shellcheck source=lib/patterns.sh
source "$here/lib/patterns.sh"
# shellcheck source=lib/processes.sh
source "$here/lib/processes.sh"
# shellcheck source=lib/database.sh
source "$here/lib/database.sh"
# shellcheck source=lib/load.sh
source "$here/lib/load.sh"

usage() {
    printf '%s\n' \
        "Usage: generate.sh             run the workload until SIGTERM" \
        "       generate.sh --plan N    print the first N steps of the sequence without touching a database"
}

# Prints the first $1 steps, one a line: pattern, kind, seconds, command (tab separated). A pause bears the pattern before it.
print_plan() {
    local -i left=$1
    local step kind seconds clients options
    while true; do
        choose_pattern
        for step in "${steps[@]}"; do
            ((left-- > 0)) || return 0
            read -r kind seconds clients options <<<"$step"
            case $kind in
                load)
                    plan_load "$seconds" "$clients" "$options"
                    printf '%s\t%s\t%s\tpgbench %s\n' "$pattern" "$kind" "$length" "${arguments[*]}"
                    ;;
                rest | pause)
                    scale_exactly "$seconds"
                    printf '%s\t%s\t%s\n' "$pattern" "$kind" "$length"
                    ;;
            esac
        done
    done
}

run_forever() {
    make_work_directory
    stop_on_signals
    log "workload generator started: seed $seed, time scale $time_scale, pgbench scale $scale," \
        "database $PGDATABASE on $PGHOST as $PGUSER"
    # What is half closed already is not of this generator's clients.
    await_ended_sessions 0
    prepare_database
    while true; do
        choose_pattern
        run_pattern
    done
}

case "${1-}" in
    "")
        read_settings
        read_connection
        seed_sequence
        run_forever
        ;;
    --plan)
        [[ $# -eq 2 && $2 =~ ^[1-9][0-9]{0,4}$ ]] ||
            usage_error "--plan needs the number of steps to print, from 1 to 99999"
        read_settings
        seed_sequence
        log "seed $seed, time scale $time_scale" >&2
        print_plan "$2"
        ;;
    -h | --help) usage ;;
    *) usage_error "unknown argument '$1'" ;;
esac
