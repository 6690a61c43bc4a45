#!/usr/bin/env bash
# Makes a database cluster on the first start, then becomes the server. Under the
# name docker-ensure-initdb.sh it ends when the cluster is there.
#
# Settings, each also as NAME_FILE naming a file that holds the value:
#   POSTGRES_PASSWORD     of the superuser; required
#   POSTGRES_USER         name of the superuser, default postgres
#   POSTGRES_DB           database to create, default the superuser's name
#   POSTGRES_INITDB_ARGS  more arguments of initdb
# Without a password POSTGRES_HOST_AUTH_METHOD=trust must say that it is meant.
# Files in /docker-entrypoint-initdb.d run once, in the order of their names.
set -Eeuo pipefail

init_dir=/docker-entrypoint-initdb.d

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
    say "error: $*"
    exit 1
}

# setting NAME DEFAULT: the value of NAME, or what the file in NAME_FILE holds.
setting() {
    local name=$1 default=${2-} file_name="${1}_FILE"
    if [[ -n ${!name-} && -n ${!file_name-} ]]; then
        fail "both $name and $file_name are set; set only one of them"
    fi
    if [[ -n ${!file_name-} ]]; then
        [[ -r ${!file_name} ]] || fail "$file_name names ${!file_name}, which cannot be read"
        printf -v "$name" '%s' "$(<"${!file_name}")"
    else
        printf -v "$name" '%s' "${!name:-$default}"
    fi
    export -n "${name?}"
    unset "$file_name"
}

read_settings() {
    setting POSTGRES_PASSWORD
    setting POSTGRES_USER postgres
    setting POSTGRES_DB "$POSTGRES_USER"
    setting POSTGRES_INITDB_ARGS
    POSTGRES_HOST_AUTH_METHOD=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    # Scripts in the directory may read these two.
    export POSTGRES_USER POSTGRES_DB
}

check_password() {
    if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
        fail "the database has no data yet and no password for its superuser; set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"
    fi
}

make_cluster() {
    local -a password=() extra=()
    if [[ -n $POSTGRES_PASSWORD ]]; then
        # A pipe, because an argument would show the password in the process list.
        password=(--pwfile=/dev/fd/3)
    fi
    read -ra extra <<<"$POSTGRES_INITDB_ARGS"
    initdb --username="$POSTGRES_USER" "${password[@]}" "${extra[@]}" 3< <(printf '%s\n' "$POSTGRES_PASSWORD")
    printf '\nhost all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"
}

# While the scripts run the server listens on its Unix socket only: nobody may
# take a half-prepared database for a ready one.
start_private_server() {
    local options
    shift # the word postgres
    printf -v options '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}"
    PGUSER=$POSTGRES_USER pg_ctl --pgdata="$PGDATA" --options="$options" --wait start
}

stop_private_server() { PGUSER=$POSTGRES_USER pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop; }

# Scripts that are sourced use this one; the official image names it so.
docker_process_sql() {
    local -a database=()
    if [[ -n ${POSTGRES_DB-} ]]; then database=(--dbname "$POSTGRES_DB"); fi
    PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
        --no-password --no-psqlrc "${database[@]}" "$@"
}

create_database() {
    if [[ $POSTGRES_DB == postgres ]]; then return; fi
    docker_process_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
}

run_init_files() {
    local file
    for file in "$init_dir"/*; do
        case $file in
        *.sh)
            say "running $file"
            # shellcheck disable=SC1090 # the user's file
            if [[ -x $file ]]; then "$file"; else . "$file"; fi
            ;;
        *.sql) say "running $file" && docker_process_sql -f "$file" ;;
        *.sql.gz) say "running $file" && gunzip -c "$file" | docker_process_sql ;;
        "$init_dir/*") ;; # the directory is empty
        *) say "ignoring $file" ;;
        esac
    done
}

prepare_as_root() {
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres:postgres {} +
    chown postgres:postgres /var/run/postgresql
    chmod 3777 /var/run/postgresql
}

prepare() {
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA" 2>/dev/null || true
    if [[ -s $PGDATA/PG_VERSION ]]; then
        say "the database exists already"
        return
    fi
    read_settings
    check_password
    make_cluster
    start_private_server "$@"
    export PGPASSWORD=$POSTGRES_PASSWORD
    create_database
    run_init_files
    unset PGPASSWORD
    stop_private_server
    say "the database is ready to start"
}

if [[ ${1-} == -* || (${0##*/} == docker-ensure-initdb.sh && ${1-} != postgres) ]]; then set -- postgres "$@"; fi

if [[ ${1-} == postgres ]] && [[ " $* " != *" --help "* && " $* " != *" --version "* ]]; then
    if [[ $(id -u) == 0 ]]; then
        prepare_as_root
        exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
    fi
    prepare "$@"
    if [[ ${0##*/} == docker-ensure-initdb.sh ]]; then exit; fi
    # The server needs none of these, and a process's environment is readable.
    unset POSTGRES_PASSWORD POSTGRES_INITDB_ARGS
fi
exec "$@"
