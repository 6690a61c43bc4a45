"""What a measurement was made on."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from stacks.settings import DEFAULT_DOCKER_HOST


def described() -> str:
    """Cores and memory, as a sentence's start."""
    return f"Machine: {os.cpu_count()} cores, {memory_gib():.0f} GiB"


def memory_gib() -> float:
    """Memory of this machine in GiB."""
    return psutil.virtual_memory().total / 2**30


def engine_socket() -> Path:
    """Socket of this machine's Docker engine.

    Raises:
        ValueError: ``DOCKER_HOST`` names an engine that is not behind a socket of this machine.
    """
    address = os.environ.get("DOCKER_HOST") or DEFAULT_DOCKER_HOST
    parts = urlsplit(address)
    if parts.scheme != "unix":
        raise ValueError(f"DOCKER_HOST is {address}, but this measures an engine on this machine: unset it.")
    return Path(parts.path)
