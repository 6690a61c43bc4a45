"""What is asked of VictoriaMetrics, with the original's client: it asks again and again before it gives up."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_api_client import PrometheusApiClientException, PrometheusConnect
from requests import RequestException

# Samples this far around a wanted time are looked at, seconds.
NEAR_SECONDS = 60


class UnavailableError(Exception):
    """VictoriaMetrics does not answer or refuses; the message says which."""


@dataclass(frozen=True)
class Series:
    """One series of an answer: its labels and its (Unix time, value) samples."""

    labels: Mapping[str, str]
    samples: list[tuple[float, float]]

    def nearest(self, when: float) -> tuple[float, float]:
        """The sample closest to a Unix time."""
        return min(self.samples, key=lambda sample: abs(sample[0] - when))


def selector(metric: str, filters: Iterable[tuple[str, str, str | None]]) -> str:
    """Build `metric{label="value",…}` from (label, operator, value); empty values are left out."""
    parts = [f"{label}{operator}{json.dumps(value)}" for label, operator, value in filters if value]
    return f"{metric}{{{','.join(parts)}}}" if parts else metric


class Prometheus:
    """Queries one server. Safe for concurrent use: every question has its own client."""

    def __init__(self, url: str) -> None:
        """The URL is without a path, for example http://sink-prometheus:9090."""
        self.url = url

    def names(self) -> list[str]:
        """All metric names.

        Raises:
            UnavailableError: no usable answer.
        """
        with self._asking() as client:
            return [str(name) for name in client.all_metrics()]

    def query(self, expression: str, when: float | None = None) -> list[Series]:
        """Run an instant query, at a Unix time or now; a range selector gives every sample of the range.

        Raises:
            UnavailableError: no usable answer.
        """
        with self._asking() as client:
            data = client.custom_query(expression, params={} if when is None else {"time": f"{when:.3f}"})
        return [
            Series(
                entry["metric"],
                [(float(time), float(value)) for time, value in entry.get("values") or [entry["value"]]],
            )
            for entry in data
        ]

    def around(self, selected: str, when: float) -> list[Series]:
        """Samples of a selector up to a minute before and after a Unix time.

        Raises:
            UnavailableError: no usable answer.
        """
        return [s for s in self.query(f"{selected}[{2 * NEAR_SECONDS}s]", when + NEAR_SECONDS) if s.samples]

    def latest(self, selected: str) -> list[Series]:
        """The newest sample of each series within a day.

        Raises:
            UnavailableError: no usable answer.
        """
        return self.query(f"last_over_time({selected}[1d])")

    @contextmanager
    def _asking(self) -> Iterator[PrometheusConnect]:
        try:
            yield PrometheusConnect(url=self.url, disable_ssl=True)
        except PrometheusApiClientException as error:
            raise UnavailableError(f"VictoriaMetrics at {self.url} refused the query: {error}") from error
        except (RequestException, ValueError, KeyError) as error:
            raise UnavailableError(f"VictoriaMetrics at {self.url} cannot be used: {error}") from error
