"""The seven services of a preview, as data. Nothing here talks to Docker."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from components.databases import SINK, TARGET
from components.service_spec import (
    CONFIG_MOUNT,
    SECRETS_MOUNT,
    WORKLOAD_MOUNT,
    HealthCheck,
    ServiceSpec,
    http_health,
)

# Users of images that need none of their own, for the kernel counts processes over all containers of a user and the
# person who has that number on the machine. These are between systemd's dynamic users and "nobody", and small enough
# for Docker with user namespaces.
_PGWATCH_USER = "65521:65521"
_BACKEND_USER = "65522:65522"

GRAFANA = ServiceSpec(
    key="grafana",
    image="grafana/grafana:12.0.2",
    memory_mib=256,
    cpus="0.25",
    aliases=("grafana",),
    environment={
        "GF_PATHS_PROVISIONING": f"{CONFIG_MOUNT}/grafana/provisioning",
        "GF_SECURITY_ADMIN_USER": "admin",
        "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{SECRETS_MOUNT}/grafana_admin",
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        # Anybody may make them, and each is kept.
        "GF_SNAPSHOTS_ENABLED": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        # A preview has no way out: what Grafana would download at its start comes late or never.
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
        # Nobody is called because of a preview, and the rules' scheduler and state cost memory.
        "GF_UNIFIED_ALERTING_ENABLED": "false",
        "GF_ALERTING_ENABLED": "false",
        # It knows no limit of its own, and its garbage would grow into the container's.
        "GOMEMLIMIT": "200MiB",
    },
    preview_environment={
        "GF_SERVER_ROOT_URL": "{url}/",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": f"{CONFIG_MOUNT}/{{home_dashboard}}",
    },
    secrets=("grafana_admin", "sink_grafana"),
    user="472:0",
    tmpfs={"/tmp": "size=16m", "/var/lib/grafana": "size=96m,uid=472,gid=0,mode=0750"},  # noqa: S108
    mounts={"config": CONFIG_MOUNT},
    reads=("config/grafana",),
    restarts_with=("config/grafana/provisioning",),
    public=True,
    port=3000,
    # Its first start migrates an empty database in hundreds of steps.
    health=http_health("http://127.0.0.1:3000/api/health", healthy_within_seconds=120),
)

# Whoever may look at Grafana may send it any GET, and more through its plugin's resources: what changes or profiles it
# answers only to whoever has the key, and that is nobody.
_KEYED = (
    "configAuthKey",
    "deleteAuthKey",
    "forceFlushAuthKey",
    "forceMergeAuthKey",
    "pprofAuthKey",
    "reloadAuthKey",
    "search.resetCacheAuthKey",
    "snapshotAuthKey",
)

VICTORIAMETRICS = ServiceSpec(
    key="victoriametrics",
    image="victoriametrics/victoria-metrics:v1.105.0",
    memory_mib=768,
    cpus="0.40",
    aliases=("sink-prometheus", "victoriametrics"),
    command=(
        "-httpListenAddr=:9090",
        "-retentionPeriod=72h",
        "-storageDataPath=/victoria-metrics-data",
        f"-promscrape.config={CONFIG_MOUNT}/prometheus/prometheus.yml",
        # A configuration written for Prometheus has keys that VictoriaMetrics does not know.
        "-promscrape.config.strictParse=false",
        "-promscrape.configCheckInterval=10s",
        # By default the newest half minute of every chart is held back.
        "-search.latencyOffset=5s",
        "-memory.allowedPercent=60",
        *(f"-{key}=file://{SECRETS_MOUNT}/victoriametrics_key" for key in _KEYED),
        # All data are scraped. Nobody may hand in any, by whichever of the many protocols.
        "-maxConcurrentInserts=0",
        "-insert.maxQueueDuration=1ms",
        # Graphite's tag API registers names without data; this bounds the index, at about 500 bytes a series.
        "-storage.maxDailySeries=200000",
    ),
    secrets=("victoriametrics_key",),
    tmpfs={"/tmp": "size=16m"},  # noqa: S108
    data="/victoria-metrics-data",
    mounts={"config": CONFIG_MOUNT},
    reads=("config/prometheus",),
    port=9090,
    health=http_health("http://127.0.0.1:9090/health"),
)

# It gives up when its sink does not answer at its start, and asks a target that does not again two minutes later. Its
# image is based on Alpine's, which has a shell and BusyBox's programs; one without them starts at once. nslookup first:
# to others, the C library there says only after five seconds that Docker does not know a name yet.
_PGWATCH_START = (
    "trap 'exit 143' TERM; "
    "if command -v nslookup && command -v nc; "
    "then until nslookup sink-postgres && nslookup target-db && nc -w 3 sink-postgres 5432 && nc -w 3 target-db 5432; "
    "do sleep 0.2; done; fi </dev/null >/dev/null 2>&1; "
    'exec /pgwatch/pgwatch "$@"'
)

PGWATCH = ServiceSpec(
    key="pgwatch",
    image="cybertecpostgresql/pgwatch:3.7.0",
    memory_mib=512,
    cpus="0.50",
    aliases=("pgwatch-prometheus",),
    entrypoint=("/bin/sh", "-c", _PGWATCH_START, "pgwatch"),
    command=(
        f"--sources={CONFIG_MOUNT}/pgwatch-prometheus/sources.yml",
        f"--metrics={CONFIG_MOUNT}/pgwatch-prometheus/metrics.yml",
        "--sink=postgresql://pgwatch@sink-postgres:5432/measurements",
        "--sink=prometheus://0.0.0.0:9091/pgwatch",
        "--web-addr=:8080",
    ),
    environment={
        "PGPASSFILE": f"{SECRETS_MOUNT}/pgwatch_pgpass",
        # As Grafana's; the rest is for measurements that wait for a sink, and for the kernel.
        "GOMEMLIMIT": "384MiB",
    },
    secrets=("pgwatch_pgpass",),
    user=_PGWATCH_USER,
    mounts={"config": CONFIG_MOUNT},
    reads=("config/pgwatch-prometheus",),
    restarts_with=("config/pgwatch-prometheus",),
    port=9091,
    # A deploy waits for it last, and on a Swarm an engine looks at what starts every five seconds: a look goes on for
    # four. It ends by itself: whatever an engine kills leaves its children to pgwatch, which collects none.
    health=HealthCheck(
        test=(
            *("sh", "-c", 'for _ in $(seq 20); do "$@" && exit; sleep 0.2; done; exit 1', "sh"),
            *("wget", "-q", "-T", "1", "-O", "/dev/null", "http://127.0.0.1:8080/readiness"),
        )
    ),
)

WORKLOAD = ServiceSpec(
    key="workload",
    image="postgres:15",
    memory_mib=128,
    cpus="0.15",
    aliases=("workload",),
    # Named with its interpreter: a file that was copied through an archive is not executable any more.
    entrypoint=("/bin/bash", f"{WORKLOAD_MOUNT}/generate.sh"),
    environment={
        "PGHOST": "target-db",
        "PGUSER": "workload",
        "PGDATABASE": "target_database",
        "WORKLOAD_PASSWORD_FILE": f"{SECRETS_MOUNT}/target_workload",
    },
    secrets=("target_workload",),
    user="999:999",
    mounts={"workload": WORKLOAD_MOUNT},
    restarts_with=("workload",),
    stop_grace_seconds=60,
)

_BACKEND_PROBE = (
    "import socket,sys;"
    "s=socket.create_connection(('127.0.0.1',8000),3);"
    "s.sendall(b'GET /health HTTP/1.0\\r\\n\\r\\n');"
    "sys.exit(b' 200 ' not in s.recv(64))"
)

BACKEND = ServiceSpec(
    key="backend",
    image="postgresai/monitoring-flask-backend:0.14.0",
    memory_mib=128,
    cpus="0.10",
    aliases=("monitoring_flask_backend",),
    # The image's own four workers import numpy and pandas each and need twice the memory limit.
    command=(
        "gunicorn",
        *("--bind", "0.0.0.0:8000"),
        *("--workers", "1"),
        *("--threads", "2"),
        *("--timeout", "120"),
        "app:app",
    ),
    environment={
        # Else memory is set aside for each of the machine's processors.
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "PROMETHEUS_URL": "http://sink-prometheus:9090",
        "POSTGRES_SINK_URL": "postgresql://backend@sink-postgres:5432/measurements",
        "PGPASSFILE": f"{SECRETS_MOUNT}/backend_pgpass",
    },
    secrets=("backend_pgpass",),
    user=_BACKEND_USER,
    port=8000,
    # A Python image has Python and need not have wget. No site, no urllib: a tenth of a processor is all there is.
    health=HealthCheck(test=("python3", "-S", "-E", "-c", _BACKEND_PROBE)),
)

SERVICES: tuple[ServiceSpec, ...] = (TARGET, SINK, VICTORIAMETRICS, GRAFANA, BACKEND, PGWATCH, WORKLOAD)
"""Every service of a preview; those that take longest to be well come first."""

PASSFILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pgwatch_pgpass": (
            "target-db:5432:*:pgwatch:{target_pgwatch}",
            "sink-postgres:5432:*:pgwatch:{sink_pgwatch}",
        ),
        "backend_pgpass": ("sink-postgres:5432:*:backend:{sink_backend}",),
    }
)
"""Secrets that are files for libpq: name → lines, with the names of passwords in braces."""

SECRETS: tuple[str, ...] = tuple(
    sorted({name for service in SERVICES for name in service.secrets if name not in PASSFILES})
)
"""Names of the generated passwords of a preview."""


def by_key() -> dict[str, ServiceSpec]:
    """The services by their key."""
    return {service.key: service for service in SERVICES}
