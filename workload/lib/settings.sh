# shellcheck shell=bash
# Reads and checks the environment. All bad values are reported at once; then the generator ends with status 2.

declare -a problems=()
declare seed time_scale scale
# The time scale in millionths: bash calculates with whole numbers only.
declare -i time_scale_millionths

report_problems() {
    ((${#problems[@]})) || return 0
    printf 'generate.sh: %s\n' "${problems[@]}" >&2
    exit 2
}

# Sets seed, time_scale, time_scale_millionths and scale.
read_settings() {
    seed=${WORKLOAD_SEED:-$SRANDOM}
    time_scale=${WORKLOAD_TIME_SCALE:-1}
    scale=${WORKLOAD_SCALE:-10}

    if [[ $seed =~ ^[0-9]{1,18}$ ]]; then
        seed=$((10#$seed))
    else
        problems+=("WORKLOAD_SEED is '$seed', but must be a whole number of at most 18 digits; without it a random seed is used")
    fi

    time_scale_millionths=0
    if [[ $time_scale =~ ^([0-9]{1,3})(\.([0-9]{1,6}))?$ ]]; then
        local fraction=${BASH_REMATCH[3]}000000
        time_scale_millionths=$((10#${BASH_REMATCH[1]} * 1000000 + 10#${fraction:0:6}))
    fi
    if ((time_scale_millionths < 1 || time_scale_millionths > 100000000)); then
        problems+=("WORKLOAD_TIME_SCALE is '$time_scale', but must be a number above 0 and at most 100, such as 0.02; without it 1 is used")
    fi

    if [[ $scale =~ ^[0-9]{1,4}$ ]] && ((10#$scale >= 1 && 10#$scale <= 1000)); then
        scale=$((10#$scale))
    else
        problems+=("WORKLOAD_SCALE is '$scale', but must be a whole number from 1 to 1000; without it 10 is used")
    fi
    report_problems
}

# Checks that libpq knows whom to talk to, and reads the password into this process alone.
read_connection() {
    local name
    for name in PGHOST PGUSER PGDATABASE; do
        [[ -n ${!name-} ]] || problems+=("$name is not set; set it to the database that is to get the load")
    done
    if [[ -z ${WORKLOAD_PASSWORD_FILE-} ]]; then
        problems+=("WORKLOAD_PASSWORD_FILE is not set; name the file that holds the password of the database role")
    elif [[ ! -f $WORKLOAD_PASSWORD_FILE || ! -r $WORKLOAD_PASSWORD_FILE ]]; then
        problems+=("WORKLOAD_PASSWORD_FILE names '$WORKLOAD_PASSWORD_FILE', which is not a readable file")
    else
        IFS= read -r PGPASSWORD <"$WORKLOAD_PASSWORD_FILE" || true
        PGPASSWORD=${PGPASSWORD%$'\r'}
        [[ -n $PGPASSWORD ]] || problems+=("WORKLOAD_PASSWORD_FILE names '$WORKLOAD_PASSWORD_FILE', whose first line is empty")
        export PGPASSWORD
    fi
    report_problems
    # The schema named like the role comes first by default and would get pgbench's tables; it is for the diary alone.
    export PGOPTIONS="${PGOPTIONS-} -c search_path=public"
    # An unreachable server must not hold a connection attempt for minutes.
    export PGCONNECT_TIMEOUT=3
}
