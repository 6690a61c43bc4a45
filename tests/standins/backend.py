"""Runs the Flask backend stand-in for a test."""

from __future__ import annotations

from pathlib import Path

from tests.equipment.postgres import PostgresServer
from tests.standins.support import Program, free_port

RECIPE = Path(__file__).resolve().parents[2] / "offline" / "images" / "flask-backend"


class Backend:
    """The running program, told its surroundings as a preview does."""

    def __init__(self, python: Path, folder: Path, sink: PostgresServer, database: str, prometheus_url: str) -> None:
        """Start it; it need not find its databases there."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        password_file = folder / "sink_password"
        password_file.write_text(sink.password + "\n")
        self.program = Program(
            [str(python), "-m", "backend"],
            folder,
            {
                "PYTHONPATH": str(RECIPE),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
                "BACKEND_HOST": "127.0.0.1",
                "BACKEND_PORT": str(port),
                "PROMETHEUS_URL": prometheus_url,
                "POSTGRES_HOST": sink.host,
                "POSTGRES_PORT": str(sink.port),
                "POSTGRES_DB": database,
                "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD_FILE": str(password_file),
            },
        )
