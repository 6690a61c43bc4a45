"""Runs the pgwatch stand-in for a test."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from psycopg import sql

from tests.equipment.ports import free_port
from tests.equipment.postgres import PostgresServer
from tests.equipment.programs import Program, http_get, wait_for

PASSWORD = "pw-" + secrets.token_hex(8)
BEAT = """
metrics:
  beat: {sqls: {11: "SELECT 1 AS value"}, gauges: ['*']}
  instance_up: {sqls: {11: "SELECT 1 AS instance_up"}}
presets:
  everything: {metrics: {beat: 1, instance_up: 1}}
"""
"""A metric that is stored each second, and whether the source is there."""


def make_databases(server: PostgresServer, name: str, sink: PostgresServer | None = None) -> None:
    """Make a role `name`, not a superuser; a database `<name>_target` and, owned by the role, `<name>_sink`."""
    role = sql.Identifier(name)
    for one in {id(each): each for each in (server, sink or server)}.values():
        with one.connect() as conn:
            conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(PASSWORD)))
    with server.connect() as conn:
        conn.execute(sql.SQL("GRANT pg_monitor TO {}").format(role))
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"{name}_target")))
    with (sink or server).connect() as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(f"{name}_sink"), role))


class Pgwatch:
    """The running program, with one source `source-a`, one PostgreSQL and one Prometheus sink."""

    def __init__(
        self,
        binary: Path,
        folder: Path,
        server: PostgresServer,
        name: str,
        metrics: str,
        *,
        sink: PostgresServer | None = None,
        sources: str | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        """Start it on databases that `make_databases` has made; preset `everything` of `good_sources` is collected."""
        self.password = PASSWORD
        self._server, self._sink = server, sink or server
        self.good_sources = f"""
- name: source-a
  conn_str: postgresql://{name}@{server.host}:{server.port}/{name}_target
  kind: postgres
  preset_metrics: everything
  custom_tags: {{cluster: local}}
  is_enabled: true
- name: switched-off
  conn_str: postgresql://nobody:{PASSWORD}@{server.host}:1/nowhere
  custom_metrics: {{workload: 1}}
  is_enabled: false
"""
        (folder / "sources.yml").write_text(self.good_sources if sources is None else sources)
        (folder / "metrics.yml").write_text(metrics)
        passfile = folder / "pgpass"
        passfile.write_text(
            "".join(
                f"{each.host}:{each.port}:*:{name}:{PASSWORD}\n"
                for each in {id(one): one for one in (self._server, self._sink)}.values()
            )
        )
        passfile.chmod(0o600)
        self.metrics_url = f"http://127.0.0.1:{free_port()}"
        self.web_url = f"http://127.0.0.1:{free_port()}"
        self.program = Program(
            [
                str(binary),
                f"--sources={folder / 'sources.yml'}",
                f"--metrics={folder / 'metrics.yml'}",
                f"--sink=postgresql://{name}@{self._sink.host}:{self._sink.port}/{name}_sink",
                f"--sink={self.metrics_url.replace('http', 'prometheus')}/pgwatch",
                f"--web-addr={self.web_url.removeprefix('http://')}",
                *arguments,
            ],
            folder,
            {"PGPASSFILE": str(passfile)},
        )

    def scrape(self) -> str:
        """What Prometheus would get now."""
        status, text = http_get(f"{self.metrics_url}/pgwatch")
        assert status == 200, text
        return text

    def scrape_with(self, *wanted: str) -> str:
        """The first scrape that has all the wanted texts in it."""

        def complete() -> str | None:
            text = self.scrape()
            return text if all(one in text for one in wanted) else None

        # A measurement is in one scrape alone, and each metric is measured once a second: those of different moments
        # are together only in a scrape that leaves time for all of them.
        return wait_for(f"a scrape with {wanted}", complete, every=1.5 if len(wanted) > 1 else 0.05)

    def sample_time(self, name: str) -> int:
        """When the served sample of a metric was taken, milliseconds since 1970."""
        found = re.search(rf"^{name}{{.*}} \S+ (\d+)$", self.scrape_with(name), re.MULTILINE)
        assert found
        return int(found[1])


def beats(server: PostgresServer, name: str) -> int:
    """How often the metric `beat` was stored in `<name>_sink`."""
    with server.connect(f"{name}_sink") as conn:
        row = conn.execute("SELECT count(*) FROM public.beat").fetchone()
        return int(row[0]) if row else 0
