# shellcheck shell=bash
# Runs the branch's own SQL, once, in a new database. The image's entry point sources it: a file that was copied through
# an archive is not executable any more.
for sql in /postgres_ai_configs/target-db/*.sql; do
    [[ -e $sql ]] || continue
    echo "running $sql" >&2
    docker_process_sql -f "$sql"
done
