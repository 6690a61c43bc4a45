"""Runs the Flask backend stand-in for a test."""

from __future__ import annotations

import os
from pathlib import Path

from components.services import BACKEND
from tests.equipment.ports import free_port
from tests.equipment.postgres import PostgresServer
from tests.equipment.programs import Program

RECIPE = Path(__file__).resolve().parents[2] / "offline" / "images" / "flask-backend"
ORIGINAL = os.environ.get("PGAI_ORIGINAL_BACKEND", "")
"""Directory of the original's ``app.py``, to hold it to the same cases; empty for the stand-in."""


class Backend:
    """The running program, started by a preview's command and told its surroundings as a preview does.

    Args:
        python: With the packages of the recipe.
        folder: For its log and the file of passwords.
        sink: Server of the sink database.
        database: Sink database.
        prometheus_url: Address of VictoriaMetrics.
    """

    def __init__(self, python: Path, folder: Path, sink: PostgresServer, database: str, prometheus_url: str) -> None:
        bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{bind}"
        passwords = folder / "pgpass"
        passwords.write_text(f"{sink.host}:{sink.port}:*:postgres:{sink.password}\n")
        passwords.chmod(0o400)
        program, *arguments = BACKEND.command
        self.program = Program(
            [
                *(str(python), "-m", program, "--chdir", ORIGINAL or str(RECIPE)),
                *(bind if part == "0.0.0.0:8000" else part for part in arguments),
            ],
            folder,
            {
                **BACKEND.environment,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PROMETHEUS_URL": prometheus_url,
                "POSTGRES_SINK_URL": f"postgresql://postgres@{sink.host}:{sink.port}/{database}",
                "PGPASSFILE": str(passwords),
            },
        )
