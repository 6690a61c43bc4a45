#!/bin/sh
# Tells a healthchecks.io-style address that this machine is well, or what is wrong with it. Exits with 0 when it was told.
# Environment: PING_URL (whoever knows it can report in our name, so it is neither printed nor put in an argument);
# DISK_PATH, DISK_WARNING and DISK_CRITICAL (%), MEMORY_MINIMUM (MiB), PROC (where the kernel's figures are).
set -eu
: "${PING_URL:?has to be set, in /etc/pgai-preview/health.conf}"
disk_path=${DISK_PATH:-/}
proc=${PROC:-/proc}

number() {
    case $1 in
        '' | *[!0-9]*) return 1 ;;
    esac
}

check_disk() {
    used=$(df -P "$disk_path" 2>/dev/null | awk 'NR == 2 { sub("%", "", $5); print $5 }')
    if ! number "$used"; then
        echo "critical: the use of the disk of $disk_path cannot be read"
    elif [ "$used" -gt "${DISK_CRITICAL:-90}" ]; then
        echo "critical: $used % of the disk are in use, more than ${DISK_CRITICAL:-90} %"
    elif [ "$used" -gt "${DISK_WARNING:-80}" ]; then
        echo "warning: $used % of the disk are in use, more than ${DISK_WARNING:-80} %"
    fi
}

check_memory() {
    available=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' "$proc/meminfo" 2>/dev/null) || available=
    if ! number "$available"; then
        echo 'critical: the available memory cannot be read'
    elif [ "$available" -lt "${MEMORY_MINIMUM:-512}" ]; then
        echo "critical: $available MiB of memory are available, less than ${MEMORY_MINIMUM:-512} MiB"
    fi
}

check_load() {
    # Of the last minute: that is how often this runs.
    load=$(awk '{ print $1 }' "$proc/loadavg" 2>/dev/null) || load=
    if [ -z "$load" ]; then
        echo 'critical: the load cannot be read'
    elif awk -v load="$load" -v cpus="$(nproc)" 'BEGIN { exit !(load > cpus) }'; then
        echo "warning: the load is $load, more than the $(nproc) CPUs"
    fi
}

reasons=$(
    check_disk
    check_memory
    check_load
)
url=${PING_URL%/}
if [ -n "$reasons" ]; then
    url=$url/fail
    printf '%s\n' "$reasons"
fi

# All tries together stay below the minute after which the next run begins. What curl says about a failure may hold the
# address, so it is replaced by its number.
status=0
answer=$(printf 'url = "%s"\n' "$url" |
    curl --config - --silent --output /dev/null --write-out '%{http_code}' --fail --proto '=http,https' \
        --connect-timeout 5 --max-time 10 --retry 3 --retry-delay 2 --retry-connrefused --retry-max-time 35 \
        --data-binary "${reasons:-well}" 2>/dev/null) || status=$?
if [ "$status" -ne 0 ]; then
    echo "The health ping was not delivered (curl ended with $status, last HTTP status ${answer:-000}); the next one is due in a minute." >&2
    exit 1
fi
