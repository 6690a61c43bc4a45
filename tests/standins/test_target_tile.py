"""The dashboard's tile about the target, asked of a real VictoriaMetrics: what pgwatch no longer writes is down."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request

import pytest

from tests.equipment.monitoring import dashboards
from tests.equipment.programs import http_get, wait_for

SECONDS = 10  # between two scrapes


def expression() -> str:
    [tile] = [panel for panel in dashboards()["preview.json"]["panels"] if panel["title"] == "Target"]
    [target] = tile["targets"]
    return str(target["expr"])


def store(url: str, samples: dict[tuple[str, int], float]) -> None:
    """Samples: (series, Unix time) → value."""
    lines = "".join(f"{series} {value} {when * 1000}\n" for (series, when), value in samples.items())
    request = urllib.request.Request(f"{url}/api/v1/import/prometheus", lines.encode())
    with urllib.request.urlopen(request, timeout=10):
        pass
    http_get(f"{url}/internal/force_flush")


def tile(url: str, when: int) -> float:
    query = urllib.parse.urlencode({"query": expression(), "time": when, "nocache": 1})
    [found] = json.loads(http_get(f"{url}/api/v1/query?{query}")[1])["data"]["result"]
    return float(found["value"][1])


@pytest.fixture(scope="module")
def lost(victoria_metrics: str) -> int:
    """When the target was lost: it was sampled for five minutes until then, and is never sampled again.

    For a minute and a half more, pgwatch repeats its last sample as often as it is scraped.
    """
    at = int(time.time()) - 7200
    samples: dict[tuple[str, int], float] = {}
    for when in range(at - 300, at + 90, SECONDS):
        samples['up{job="pgwatch",instance="p"}', when] = 1
        samples['pgwatch_db_stats_sampled_at_s{job="pgwatch",dbname="t"}', when] = min(when, at)
        # Some versions say so of every source that they know, lost or not.
        samples['pgwatch_instance_up{job="pgwatch",dbname="t"}', when] = 1
    store(victoria_metrics, samples)
    wait_for("the samples are there", lambda: tile(victoria_metrics, at - 100) == 1)
    return at


def test_a_target_that_is_sampled_is_up(victoria_metrics: str, lost: int) -> None:
    # The newest sample is as old as collecting and scraping let it become.
    assert all(tile(victoria_metrics, when) == 1 for when in range(lost - 200, lost + 25, 5))


def test_a_lost_target_is_down_within_a_minute_whatever_pgwatch_repeats_and_stays_down(
    victoria_metrics: str, lost: int
) -> None:
    refreshed_every = int(dashboards()["preview.json"]["refresh"].removesuffix("s"))
    assert all(tile(victoria_metrics, when) == 0 for when in range(lost + 60 - refreshed_every, lost + 900, 5))


def test_a_target_is_down_when_pgwatch_has_written_nothing_yet(victoria_metrics: str, lost: int) -> None:
    assert tile(victoria_metrics, lost - 3000) == 0


def test_a_target_is_down_when_pgwatch_itself_is(victoria_metrics: str) -> None:
    at = int(time.time()) - 21600
    store(
        victoria_metrics,
        {
            ('up{job="pgwatch",instance="p"}', at): 0,
            ('pgwatch_db_stats_sampled_at_s{job="pgwatch",dbname="t"}', at): at,
        },
    )
    wait_for(
        "the sample is there", lambda: "[]" not in http_get(f"{victoria_metrics}/api/v1/query?query=up&time={at}")[1]
    )
    assert tile(victoria_metrics, at + 5) == 0
