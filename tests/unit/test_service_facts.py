"""The specification suits the vendors' own images, as their files and a run of them say.

What an image demands is data here, so that whoever changes an image or a setting sees what it rests on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from components.hardening import hardened
from components.service_spec import ServiceSpec
from components.services import SERVICES, by_key

_BUSYBOX = frozenset({"sh", "timeout", "sleep", "wget", "nc", "nslookup", "seq"})
_PERSONS = range(1000, 60000)
_USERS_OF_A_MACHINE = (range(60000, 65520), range(65534, 1 << 32))
"""systemd's and Debian's own, nobody, and what an engine with user namespaces cannot have."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What an image is like.

    Attributes:
        tools: Programs that a health check may use.
        writes: Directories that its program writes to.
        user: The user that its files belong to; None where any will do.
        program: First word of a command, where one takes the place of the image's own; None for arguments alone.
    """

    tools: frozenset[str]
    writes: frozenset[str] = frozenset()
    user: str | None = None
    program: str | None = None


IMAGES = {
    # Debian; the entry script takes options or the server's name. Its pg_isready and psql are Perl wrappers, and
    # the plain programs are in /usr/lib/postgresql/$PG_MAJOR/bin.
    "postgres:15": Image(
        tools=frozenset({"sh", "timeout", "sleep", "pg_isready", "psql", "bash"}),
        writes=frozenset({"/var/run/postgresql", "/var/lib/postgresql/data"}),
        user="999:999",
        program="postgres",
    ),
    # Alpine, uid 472 in the group root; writes to its data alone.
    "grafana/grafana:12.0.2": Image(tools=_BUSYBOX, writes=frozenset({"/var/lib/grafana"}), user="472:0"),
    # Alpine; runs as whoever it is told, root by itself.
    "victoriametrics/victoria-metrics:v1.105.0": Image(tools=_BUSYBOX, writes=frozenset({"/victoria-metrics-data"})),
    # Alpine; names no user, writes nothing.
    "cybertecpostgresql/pgwatch:3.7.0": Image(tools=_BUSYBOX),
    # Debian with Python in /usr/local/bin, without wget and curl; root by itself; a command replaces its own.
    "postgresai/monitoring-flask-backend:0.14.0": Image(
        tools=frozenset({"sh", "timeout", "sleep", "python3"}), writes=frozenset({"/tmp"}), program="gunicorn"
    ),
}

EVERY = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)


@EVERY
def test_a_default_image_is_one_version_that_its_vendor_publishes(service: ServiceSpec) -> None:
    assert service.image in IMAGES, "say here what the image is like"
    tag = service.image.rpartition(":")[2]
    # A major version of PostgreSQL is one program with one set of files; elsewhere three numbers make a version.
    assert re.fullmatch(r"v?\d+\.\d+\.\d+" if service.image != "postgres:15" else "15", tag)


@EVERY
def test_a_health_check_uses_only_what_the_image_has(service: ServiceSpec) -> None:
    if service.health is None:
        return
    tools = IMAGES[service.image].tools
    assert {"sh", "timeout", "sleep"} <= tools, "the check rests in the container's own shell"
    assert service.health.test[0] in tools
    if service.health.test[0] == "sh":
        assert '"$@"' in service.health.test[2]
        assert service.health.test[4] in tools


def test_a_databases_health_check_starts_the_plain_program_not_the_perl_one() -> None:
    for key in ("sink", "target"):
        health = by_key()[key].health
        assert health
        assert 'PATH="/usr/lib/postgresql/$PG_MAJOR/bin:$PATH"' in health.test[2]


@EVERY
def test_what_the_image_writes_to_is_writable(service: ServiceSpec) -> None:
    writable = set(service.tmpfs) | {service.data}
    if service.key != "workload":  # runs a script in the database's image, not the database
        assert writable >= IMAGES[service.image].writes


@EVERY
def test_a_service_runs_as_the_user_that_its_image_needs_and_as_no_person(service: ServiceSpec) -> None:
    needed = IMAGES[service.image].user
    assert needed in (None, service.user)
    if needed is None and service.user is not None:
        uid = int(service.user.partition(":")[0])
        assert uid not in _PERSONS
        assert not any(uid in taken for taken in _USERS_OF_A_MACHINE)


@EVERY
def test_a_command_is_in_the_images_form(service: ServiceSpec) -> None:
    program = IMAGES[service.image].program
    if service.command:
        assert service.command[0] == program or (program is None and service.command[0].startswith("-"))


def test_images_that_need_no_user_of_their_own_do_not_share_one() -> None:
    users = [service.user for service in SERVICES if IMAGES[service.image].user is None and service.user]
    assert len(users) == len(set(users)) == 2


def test_the_backend_has_one_worker_with_two_threads() -> None:
    backend = by_key()["backend"]
    options = dict(zip(backend.command[1:-1:2], backend.command[2:-1:2], strict=True))
    assert options == {"--bind": "0.0.0.0:8000", "--workers": "1", "--threads": "2", "--timeout": "120"}
    assert backend.command[-1] == "app:app"
    assert backend.environment["OPENBLAS_NUM_THREADS"] == "1"
    assert backend.environment["MALLOC_ARENA_MAX"] == "2"


def test_grafana_downloads_nothing_asks_for_no_updates_and_alerts_nobody() -> None:
    settings = by_key()["grafana"].environment
    assert settings["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert settings["GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED"] == "true"
    for name in ("ANALYTICS_REPORTING_ENABLED", "ANALYTICS_CHECK_FOR_UPDATES", "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES"):
        assert settings[f"GF_{name}"] == "false"
    for name in ("UNIFIED_ALERTING_ENABLED", "ALERTING_ENABLED", "NEWS_NEWS_FEED_ENABLED"):
        assert settings[f"GF_{name}"] == "false"


def test_nobody_makes_snapshots_whatever_a_branchs_settings_say() -> None:
    # A variable of the environment comes before grafana.ini.
    assert by_key()["grafana"].environment["GF_SNAPSHOTS_ENABLED"] == "false"


@pytest.mark.parametrize("key", ["grafana", "pgwatch"])
def test_a_program_that_knows_no_limit_of_its_own_cleans_up_before_its_container_is_full(key: str) -> None:
    service = by_key()[key]
    limit = re.fullmatch(r"(\d+)MiB", service.environment["GOMEMLIMIT"])
    assert limit
    assert int(limit[1]) <= 0.8 * service.memory_mib


def test_grafana_may_take_two_minutes_to_become_healthy_and_every_other_service_one() -> None:
    times = {service.key: service.health.healthy_within_seconds for service in SERVICES if service.health}
    assert times.pop("grafana") == 120
    assert set(times.values()) == {60}


@EVERY
def test_failures_do_not_count_for_as_long_as_the_service_may_take(service: ServiceSpec) -> None:
    declared = hardened(labels={}, memory_mib=service.memory_mib, cpus=service.cpus, health=service.health)
    if service.health is None:
        return
    # As the engine reports it back, else every `pulumi up` would show a change.
    check = declared["healthcheck"]
    assert check
    assert check.start_period == ("2m0s" if service.key == "grafana" else "1m0s")
