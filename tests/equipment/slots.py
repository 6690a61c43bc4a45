"""A host in a directory, for the scripts that give out and take back slots."""

from __future__ import annotations

import datetime as dt
import math
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from components.host_scripts import script, with_parts
from stacks.names import slug_of

HALF_AN_HOUR = 30 * 60
REFUSED, FULL, SHORT = 3, 5, 6


def refused(done: subprocess.CompletedProcess[str], code: int = REFUSED) -> str:
    """What a script says that ends with a code."""
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr


def full_disk(root: Path) -> str:
    """A PATH on which cp writes nothing but the start of a file, as on a disk that is full."""
    folder = root / "full"
    folder.mkdir()
    program = folder / "cp"
    program.write_text(
        "#!/bin/sh\n"
        'for last; do :; done\n: >"$last/started"\n'
        'echo "cp: error writing: No space left on device" >&2\nexit 1\n'
    )
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def container(
    service: str,
    status: str,
    *,
    health: str,
    created: float = math.inf,
    started: float = 0,
    restart: str = "always",
    restarts: int = 0,
    events: str = "exec sleep 60",
) -> str:
    """A Docker client for :meth:`Machine.program` that knows one container, of the slug ``a``.

    Nothing happens to it by default.

    Args:
        service: Its service.
        status: What Docker says of it.
        health: The same of its health; ``unasked``: it has no check.
        created: When it was made, seconds since 1970; by default later than anything else.
        started: When it was started.
        restart: Its restart policy.
        restarts: How often it has been started again.
        events: What happens to it then: a script that prints what Docker does.
    """
    moments = [
        "9999" if at == math.inf else f"{dt.datetime.fromtimestamp(at, dt.UTC):%FT%T.%fZ}" for at in (created, started)
    ]
    line = f"{moments[0]} {status} {moments[1]} {health} {restart} {restarts} preview-a-{service}"
    return f'case $1 in ps) echo c1 ;; inspect) echo "{line}" ;; events) {events} ;; esac'


@dataclass
class Machine:
    """A host whose Docker client, disk and memory say what a test wants."""

    root: Path
    shell: str = "/bin/sh"

    @classmethod
    def make(cls, root: Path, shell: str = "/bin/sh") -> Self:
        """A machine with room, on which nothing runs."""
        (root / "bin").mkdir()
        (root / "proc").mkdir()
        made = cls(root, shell)
        made.running()
        made.disk(100)
        made.memory(8)
        return made

    def program(self, name: str, script: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def running(self, *slugs: str) -> None:
        """Slugs of the containers that run."""
        lines = " ".join(f"'{slug}'" for slug in slugs)
        self.program("docker", f'echo "$*" >>{self.root}/asked\n' + (f"printf '%s\\n' {lines}" if slugs else ":"))

    def disk(self, gigabytes: float) -> None:
        self.program("df", f"echo header\necho /dev/sda1 100 50 {math.ceil(gigabytes * 1e9 / 1024)} 50% /")

    def memory(self, gigabytes: float) -> None:
        (self.root / "proc/meminfo").write_text(
            f"MemAvailable: {math.ceil(gigabytes * 1e9 / 1024)} kB\n", encoding="utf-8"
        )

    def script(self, name: str, branch: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self._run(script(name), branch, environment)

    def part(self, name: str, branch: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Call the function of ``host/parts/NAME.sh`` that bears its name."""
        parts = "".join(f"# part: {part}\n" for part in ("unless_gone", "proven_since", name))
        return self._run(with_parts(f"set -eu\n{parts}{name}\n"), branch, environment)

    def _run(self, text: str, branch: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        slug = slug_of(branch)
        values = {
            "DIRECTORY": f"{self.root}/previews/{slug}", "SLUG": slug, "BRANCH": branch, "BASE": "edge", "LIMIT": "2",
            "DISK_GB": "5", "MEMORY_GB": "1", "PROC": f"{self.root}/proc", "LOCK_SECONDS": "5",
            "SECONDS_UNTIL_WELL": "9", "PROCESSES": "512",
        }  # fmt: skip
        return subprocess.run(
            [self.shell, "-c", text],
            env={"PATH": f"{self.root}/bin:{os.environ['PATH']}", **values, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def take(self, branch: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.script("take_slot", branch, **environment)

    def age(self, slug: str, seconds: float) -> None:
        then = time.time() - seconds
        os.utime(self.root / "previews" / slug / "slot", (then, then))
