"""A small client of VictoriaMetrics' Prometheus query API."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# A dashboard gives up after 30 s; the sum of a request's queries must stay below that.
QUERY_SECONDS = 8.0
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
    """Queries one server. Safe for concurrent use: it keeps no connection."""

    def __init__(self, url: str) -> None:
        """The URL is without a path, for example http://sink-prometheus:9090."""
        self.url = url

    def names(self) -> list[str]:
        """All metric names.

        Raises:
            UnavailableError: no usable answer.
        """
        data = self._get("/api/v1/label/__name__/values", {})
        return [str(name) for name in data]

    def query(self, expression: str, when: float | None = None) -> list[Series]:
        """Run an instant query, at a Unix time or now; a range selector gives every sample of the range.

        Raises:
            UnavailableError: no usable answer.
        """
        arguments = {"query": expression} | ({} if when is None else {"time": f"{when:.3f}"})
        data = self._get("/api/v1/query", arguments)
        return [
            Series(
                entry["metric"],
                [(float(time), float(value)) for time, value in entry.get("values") or [entry["value"]]],
            )
            for entry in data["result"]
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

    def _get(self, path: str, arguments: Mapping[str, str]) -> Any:
        url = f"{self.url}{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=QUERY_SECONDS) as response:  # noqa: S310 - the container's own setting
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            with error:
                detail = error.read(300).decode(errors="replace")
            raise UnavailableError(
                f"VictoriaMetrics at {self.url} refused the query ({error.code}): {detail}"
            ) from error
        except (OSError, ValueError, KeyError) as error:
            raise UnavailableError(f"VictoriaMetrics at {self.url} cannot be used: {error}") from error
