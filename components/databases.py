"""The two PostgreSQL servers of a preview, as data: the sink for measurements, and the target that is measured."""

from __future__ import annotations

from components.service_spec import CONFIG_MOUNT, SECRETS_MOUNT, HealthCheck, ServiceSpec

POSTGRES_PROGRAM = ("sh", "-c", 'PATH="/usr/lib/postgresql/$PG_MAJOR/bin:$PATH"; exec "$@"', "sh")
"""Start of a command line for a program of PostgreSQL's in its image.

Debian's programs on PATH are Perl ones that look for those of the right version; the image names that version. Where
its directory is not there (Alpine's image), PATH has the program itself.
"""


def _postgres(
    *,
    key: str,
    database: str,
    memory_mib: int,
    cpus: str,
    alias: str,
    sql: str,
    roles: tuple[str, ...],
    arguments: tuple[str, ...],
    check: tuple[str, ...],
) -> ServiceSpec:
    settings = ("shared_buffers=96MB", "max_connections=40", "log_min_duration_statement=5s", *arguments)
    return ServiceSpec(
        key=key,
        image="postgres:15",
        memory_mib=memory_mib,
        cpus=cpus,
        aliases=(alias,),
        command=("postgres", *(part for setting in settings for part in ("-c", setting))),
        environment={
            "POSTGRES_DB": database,
            "POSTGRES_PASSWORD_FILE": f"{SECRETS_MOUNT}/{key}_postgres",
            # Files of an empty database need not reach the disk before the next step: the volume is thrown away
            # when initialisation fails.
            "POSTGRES_INITDB_ARGS": "--no-sync",
        },
        secrets=tuple(f"{key}_{role}" for role in ("postgres", *roles)),
        # The branch's own SQL is in its configuration.
        mounts={f"initdb/{key}": "/docker-entrypoint-initdb.d", "config": CONFIG_MOUNT},
        reads=(f"initdb/{key}", f"config/{sql}"),
        user="999:999",
        tmpfs={"/tmp": "size=16m", "/var/run/postgresql": "size=1m,uid=999,gid=999,mode=2775"},  # noqa: S108
        # The official image has it for this: to initialise in a container of its own.
        prepare="docker-ensure-initdb.sh",
        data="/var/lib/postgresql/data",
        port=5432,
        stop_grace_seconds=20,
        # Over TCP: while the image initialises a database its server listens on the socket alone, and would
        # look healthy too early.
        health=HealthCheck(
            test=(
                *POSTGRES_PROGRAM,
                *(check[0], "-q", "-h", "127.0.0.1", "-U", "postgres", *check[1:]),
            )
        ),
    )


SINK = _postgres(
    key="sink",
    # The database of measurements is made with its roles, where the branch's own SQL does not make it.
    database="postgres",
    memory_mib=512,
    cpus="0.20",
    alias="sink-postgres",
    sql="sink-postgres",
    roles=("pgwatch", "grafana", "backend"),
    # What is lost with the machine is monitoring data of the last second.
    arguments=("synchronous_commit=off",),
    # Nothing but a health check runs again and again beside a server, so it also ends what viewers leave running.
    check=("psql", "-AtX", "-d", "postgres", "-f", "/docker-entrypoint-initdb.d/30-hold.sql"),
)

TARGET = _postgres(
    key="target",
    database="target_database",
    memory_mib=512,
    cpus="0.30",
    alias="target-db",
    sql="target-db",
    roles=("pgwatch", "workload"),
    arguments=(
        "shared_preload_libraries=pg_stat_statements",
        "pg_stat_statements.track=all",
        "track_io_timing=on",
    ),
    check=("pg_isready", "-d", "target_database"),
)
