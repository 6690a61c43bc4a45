"""An anonymous viewer, who may send any GET, neither deletes, fills, profiles nor reconfigures VictoriaMetrics."""

from __future__ import annotations

from typing import Any

import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from tests.viewer.conftest import METRICS, Attacked

pytestmark = pytest.mark.engine

KEYED = [
    "api/v1/admin/tsdb/delete_series?match[]={__name__!=''}",
    "prometheus/api/v1/admin/tsdb/delete_series?match[]={__name__!=''}",
    "tags/delSeries?path=up",
    "graphite/tags/delSeries?path=up",
    "snapshot/create",
    "snapshot/delete_all",
    "internal/force_merge",
    "internal/force_flush",
    "internal/resetRollupResultCache",
    "debug/pprof/heap",
    "debug/pprof/profile?seconds=1",
    "config",
    "api/v1/status/config",
    "-/reload",
]
HANDED_IN = [
    "write",
    "influx/write",
    "api/v2/write",
    "api/v1/write",
    "api/v1/push",
    "api/v1/import",
    "api/v1/import/csv?format=1:metric:evil",
    "api/v1/import/native",
    "api/v1/import/prometheus",
    "prometheus/api/v1/import/prometheus/metrics/job/evil",
    "datadog/api/v1/series",
    "datadog/api/v2/series",
    "datadog/api/beta/sketches",
    "newrelic/infra/v2/metrics/events/bulk",
    "opentelemetry/v1/metrics",
]


def answer(attacked: Attacked, query: str) -> list[Any]:
    result: list[Any] = attacked.of_metrics(f"api/v1/query?query={query}").json()["data"]["result"]
    return result


@retry(stop=stop_after_delay(120), wait=wait_fixed(1), reraise=True)
def wait_for_data(attacked: Attacked) -> None:
    assert answer(attacked, "up")


@pytest.mark.parametrize("path", KEYED)
@pytest.mark.parametrize("way", ["proxy/uid/{}", "uid/{}/resources"])
def test_what_changes_or_profiles_it_is_answered_to_nobody(attacked: Attacked, way: str, path: str) -> None:
    wait_for_data(attacked)
    refused = attacked.anybody.get(f"/api/datasources/{way.format(METRICS)}/{path}")
    assert refused.status_code == 401, refused.text
    assert "authKey" in refused.text
    assert answer(attacked, "up")


@pytest.mark.parametrize("path", HANDED_IN)
def test_no_data_are_taken_from_a_viewer_by_whichever_protocol(attacked: Attacked, path: str) -> None:
    sent = 'evil{a="b"} 3\n'
    proxied = attacked.anybody.request("GET", f"/api/datasources/proxy/uid/{METRICS}/{path}", content=sent)
    # Grafana's plugin passes everything on, by any method.
    passed = attacked.anybody.post(f"/api/datasources/uid/{METRICS}/resources/{path}", content=sent)
    assert {proxied.status_code, passed.status_code} <= {400, 503}, (proxied.text, passed.text)


def test_after_all_of_that_nothing_was_taken_and_its_own_data_go_on(attacked: Attacked) -> None:
    wait_for_data(attacked)
    assert answer(attacked, "evil") == []
    names = attacked.of_metrics("api/v1/label/__name__/values").json()["data"]
    assert "evil" not in names
    assert any(name.startswith("pgwatch_") for name in names)


def test_names_that_a_viewer_registers_without_data_are_limited(attacked: Attacked) -> None:
    measured = attacked.of_metrics("metrics").text
    assert "vm_daily_series_limit_max_series 200000" in measured
