"""What the environment says; read once at the start, save for the password file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SettingsError(Exception):
    """The environment cannot be used; the message names every fault."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Addresses of this process, of VictoriaMetrics and of the sink database."""

    prometheus_url: str
    sink_host: str
    sink_port: int
    sink_database: str
    sink_user: str
    sink_url: str  # a whole connection URI wins over the parts, as in the product's backend
    password_file: Path | None
    plain_password: str = field(repr=False)
    host: str
    port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment.

        Raises:
            SettingsError: a value cannot be used; all faults are named.
        """
        faults: list[str] = []

        def port(name: str, default: str) -> int:
            text = environment.get(name) or default
            if text.isdecimal() and 0 < int(text) < 65536:
                return int(text)
            faults.append(f"{name} must be a port number, not {text!r}")
            return 0

        url = environment.get("PROMETHEUS_URL") or "http://sink-prometheus:9090"
        if not url.startswith(("http://", "https://")):
            faults.append(f"PROMETHEUS_URL must begin with http:// or https://, not {url!r}")
        password_file = environment.get("POSTGRES_PASSWORD_FILE")
        settings = cls(
            prometheus_url=url.rstrip("/"),
            sink_host=environment.get("POSTGRES_HOST") or "sink-postgres",
            sink_port=port("POSTGRES_PORT", "5432"),
            sink_database=environment.get("POSTGRES_DB") or "measurements",
            sink_user=environment.get("POSTGRES_USER") or "grafana",
            sink_url=environment.get("POSTGRES_SINK_URL") or "",
            password_file=Path(password_file) if password_file else None,
            plain_password=environment.get("POSTGRES_PASSWORD") or "",
            host=environment.get("BACKEND_HOST") or "0.0.0.0",  # noqa: S104 - a container's only purpose
            port=port("BACKEND_PORT", "8000"),
        )
        if faults:
            raise SettingsError("; ".join(faults))
        return settings

    def password(self) -> str:
        """The sink's password; its file is read anew each time, so that it can be changed.

        Raises:
            OSError: the file cannot be read.
        """
        return self.password_file.read_text().rstrip("\n") if self.password_file else self.plain_password
