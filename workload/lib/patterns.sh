# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the files of lib/ share their variables
# What the load looks like: the patterns, their random sequence, and the time scale.

readonly PATTERNS=("SPIKE" "VALLEY" "RAMP UP" "RAMP DOWN" "STEADY MEDIUM" "BURST")

declare pattern=""
declare -a steps=()

# A generator of its own, because RANDOM gives other numbers in other versions of bash and starts anew in subshells.
declare -i random_state=0 random_number=0

seed_sequence() {
    random_state=$seed
}

# Sets random_number to a number from 0 to $1 - 1 (Knuth's MMIX constants; the low bits are weak and dropped).
draw() {
    random_state=$((random_state * 6364136223846793005 + 1442695040888963407))
    random_number=$(((random_state >> 33 & 0x7fffffff) % $1))
}

# Sets pattern and steps to the next pattern of the sequence. A step is one of
#   load SECONDS CLIENTS [OPTIONS OF PGBENCH]
#   rest SECONDS     within the pattern
#   pause SECONDS    after it
# The same pattern never comes twice in a row, so that the activity visibly varies.
choose_pattern() {
    local candidate
    local -a candidates=()
    for candidate in "${PATTERNS[@]}"; do
        [[ $candidate == "$pattern" ]] || candidates+=("$candidate")
    done
    draw "${#candidates[@]}"
    pattern=${candidates[random_number]}
    set_steps
    draw 90
    steps+=("pause $((30 + random_number))")
}

# No pattern may use more than 4 sessions.
set_steps() {
    local clients
    steps=()
    case $pattern in
        "SPIKE") steps=("load 30 4 -j 2" "rest 60") ;;
        "VALLEY") steps=("load 120 1 -R 5") ;;
        "RAMP UP") for clients in 1 2 3 4; do steps+=("load 45 $clients"); done ;;
        "RAMP DOWN") for clients in 4 3 2 1; do steps+=("load 45 $clients"); done ;;
        "STEADY MEDIUM") steps=("load 180 2") ;;
        "BURST") steps=("load 20 4" "rest 40" "load 20 4" "rest 40" "load 20 4") ;;
    esac
}

# The functions below answer in variables: a subshell for each would make a long plan slow.
declare length=""
declare -a arguments=()

# Sets length to $1 seconds after the time scale, to the millisecond.
scale_exactly() {
    local -i milliseconds=$(($1 * time_scale_millionths / 1000))
    length=$((milliseconds / 1000))
    ((milliseconds % 1000 == 0)) || printf -v length '%d.%03d' "$length" $((milliseconds % 1000))
}

# Sets length to the same in whole seconds and at least 1, as pgbench wants it.
scale_to_whole() {
    length=$((($1 * time_scale_millionths + 500000) / 1000000))
    ((length > 0)) || length=1
}

# Sets length and the arguments of pgbench for SECONDS CLIENTS [OPTIONS].
plan_load() {
    scale_to_whole "$1"
    read -ra arguments <<<"-c $2 ${3-} -T $length"
}
