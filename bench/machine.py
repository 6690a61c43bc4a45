"""What a measurement was made on."""

from __future__ import annotations

import os
from pathlib import Path


def described() -> str:
    """Cores and memory, as a sentence's start."""
    return f"Machine: {os.cpu_count()} cores, {memory_gib():.0f} GiB"


def memory_gib() -> float:
    """Memory of this machine in GiB."""
    line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return int(line.split()[1]) / 2**20
