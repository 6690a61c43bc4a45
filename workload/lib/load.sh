# shellcheck shell=bash
# shellcheck disable=SC2154 # the files of lib/ share their variables
# Runs the chosen pattern step by step.

run_pattern() {
    local step kind seconds clients options broken=no
    for step in "${steps[@]}"; do
        read -r kind seconds clients options <<<"$step"
        case $kind in
            load | rest)
                [[ $broken == no ]] || continue
                activity=$pattern
                if [[ $kind == rest ]]; then
                    rest "$seconds"
                elif ! load "$seconds" "$clients" "$options"; then
                    broken=yes
                    log "$pattern: the pattern is cut short"
                    prepare_database
                fi
                ;;
            pause)
                activity="PAUSE"
                rest "$seconds"
                ;;
        esac
    done
}

# No load for $1 seconds (before the time scale).
rest() {
    scale_exactly "$1"
    record "$activity" 0
    log "$activity: no clients for $length s"
    sleep_seconds "$length"
}

# pgbench for SECONDS (before the time scale) CLIENTS [OPTIONS]; fails as pgbench does.
load() {
    local -i status=0 began
    plan_load "$@"
    record "$pattern" "$2"
    log "$pattern: $(clients_text "$2") for $length s (pgbench ${arguments[*]})"
    await_ended_sessions 10
    began=$SECONDS
    # A server that hangs without closing its connections must not hold pgbench for ever.
    run_limited $((length + 30)) "$work/summary" "$work/complaints" pgbench "${arguments[@]}" || status=$?
    log_result "$2" "$length" "$status" $((SECONDS - began))
    return "$status"
}

# Logs how a run of pgbench ended: clients, planned seconds, exit status, elapsed seconds.
log_result() {
    local tps latency failed
    if (($3)); then
        (($3 != 124)) || log "$pattern: pgbench was ended, because it ran 30 s longer than planned; the database seems to hang"
        log "$pattern: pgbench failed with exit code $3 after $4 s of $2 s, $(clients_text "$1")"
        log_last_lines "$pattern" "$work/complaints"
        return
    fi
    tps=$(summary_value 's/^tps = \([0-9]*\.[0-9]\).*/\1/p')
    latency=$(summary_value 's/^latency average = \([0-9.]*\) ms$/\1/p')
    failed=$(summary_value 's/^number of failed transactions: \([0-9]*\).*/\1/p')
    log "$pattern: done, $(clients_text "$1"), $2 s, ${tps:-?} TPS, latency ${latency:-?} ms, ${failed:-?} failed transactions"
}

# Prints what the sed script $1 finds in pgbench's summary.
summary_value() {
    sed -n "$1" "$work/summary" | head -n 1
}

clients_text() {
    if (($1 == 1)); then printf '1 client'; else printf '%d clients' "$1"; fi
}
