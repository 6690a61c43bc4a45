"""One preview on a local base, and what its viewers and its operator see of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.equipment.checkout import Clone, ok
from tests.equipment.docker import services
from tests.equipment.local_base import LocalBase, bring_up
from tests.equipment.viewer import viewer

METRICS = "P7A0D6631BB10B34F"
SINK = "P031DD592934B2F1F"


@dataclass(frozen=True)
class Attacked:
    """A preview that has data.

    Attributes:
        clone: Its operator's clone.
        branch: Its branch.
        engine: The Docker engine.
        anybody: An anonymous viewer, over https through the reverse proxy.
    """

    clone: Clone
    branch: str
    engine: Any
    anybody: httpx.Client

    def of_metrics(self, path: str) -> httpx.Response:
        """A GET to VictoriaMetrics through Grafana's proxy of data sources."""
        return self.anybody.get(f"/api/datasources/proxy/uid/{METRICS}/{path}")

    def sql(self, text: str) -> httpx.Response:
        """A question to the sink."""
        query = {"refId": "A", "datasource": {"uid": SINK}, "rawSql": text, "format": "table"}
        return self.anybody.post("/api/ds/query", json={"from": "now-5m", "to": "now", "queries": [query]})

    def run(self, service: str, *command: str) -> tuple[int, str]:
        """Exit code and output of a program in a container of the preview."""
        code, output = services(self.engine, self.branch)[service].exec_run(list(command))
        return code, output.decode(errors="replace")


@pytest.fixture(scope="package")
def attacked(local_base: LocalBase, token: str, engine: Any) -> Iterator[Attacked]:
    with local_base.clone("viewer", maxPreviews=2) as clone:
        bring_up(clone)
        branch = f"{token}/attacked"
        ok(clone.preview("deploy", branch))
        with viewer(branch, clone.ports["httpsPort"]) as anybody:
            yield Attacked(clone, branch, engine, anybody)
