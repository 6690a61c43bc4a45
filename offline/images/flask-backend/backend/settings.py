"""What the environment says; read once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Addresses of VictoriaMetrics and of the sink database, from the two variables that the original reads."""

    prometheus_url: str
    sink_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment; the defaults are the original's. libpq reads the password's file by itself."""
        return cls(
            prometheus_url=environment.get("PROMETHEUS_URL", "http://localhost:8428").rstrip("/"),
            sink_url=environment.get("POSTGRES_SINK_URL", "postgresql://pgwatch@sink-postgres:5432/measurements"),
        )
