"""A machine in a directory, for the scripts that its timers run."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from components.host_scripts import script as text_of


@dataclass
class Machine:
    """Programs that say what a test wants, before the real ones on PATH, and a /proc of its own."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    shell: str = "/bin/sh"

    @classmethod
    def make(cls, root: Path, shell: str = "/bin/sh") -> Self:
        """A machine that is well, at every limit but beyond none."""
        (root / "bin").mkdir()
        (root / "proc").mkdir()
        made = cls(root, {"PROC": f"{root}/proc", "DIRECTORY": str(root)}, shell)
        made.disk(80)
        made.memory(512)
        made.load("4.00")
        made.program("nproc", "echo 4")
        made.program("docker", f'echo "$*" >>{root}/docker.log\necho "Total reclaimed space: 1.5GB"')
        return made

    def program(self, name: str, script: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def disk(self, *percent: int | str) -> None:
        """What df says, one figure a call; the last is repeated."""
        (self.root / "figures").write_text("".join(f"{figure}\n" for figure in percent), encoding="utf-8")
        self.program(
            "df",
            f'figures={self.root}/figures\nfigure=$(head -n 1 "$figures")\n'
            '[ "$(wc -l <"$figures")" -le 1 ] || sed -i 1d "$figures"\n'
            "echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'\n"
            'echo "/dev/sda1 100 50 50 $figure% /"',
        )

    def memory(self, available_mib: int) -> None:
        (self.root / "proc/meminfo").write_text(
            f"MemTotal:       8000000 kB\nMemFree:          10000 kB\nMemAvailable:   {available_mib * 1024} kB\n",
            encoding="utf-8",
        )

    def load(self, load: str) -> None:
        (self.root / "proc/loadavg").write_text(f"{load} 9.99 9.99 1/200 4711\n", encoding="utf-8")

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.shell, "-c", text_of(script.removesuffix(".sh"))],
            env={"PATH": f"{self.root}/bin:{os.environ['PATH']}", **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
