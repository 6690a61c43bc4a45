"""Runs all tests three runs at a time: what mostly waits in one takes the processors that another leaves idle.

Each run of pytest has a base, names and ports of its own. Whichever ends first is followed by the next one, so that the
last ones end at about the same time on whatever machine.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

AT_ONCE = 3
TOGETHER = (
    ("cluster", "e2e"),
    ("engine", "gitlab"),
    ("standins",),
    ("parties", "viewer"),
    ("unit", "policy", "config"),
    ("workload",),
)
"""Runs in the order in which they begin, the longest first; the first has whatever folders are not named here."""


def runs() -> list[list[str]]:
    """Folders of tests of each run."""
    found = sorted({path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")})
    named = {name for names in TOGETHER for name in names}
    first = [name for name in found if name not in named]
    return [[f"tests/{name}" for name in names] for names in (first, *TOGETHER)]


def run(options: Sequence[str]) -> int:
    """Run all of them; shows the first as it goes, and each other one when it has ended.

    Args:
        options: Options of pytest for all.

    Returns:
        The first exit code that is not zero, if there is one.
    """
    talking = threading.Lock()
    started = time.monotonic()

    def one(folders: Sequence[str], *, shown: bool) -> int:
        command = [sys.executable, "-m", "pytest", *options, *folders]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout
            if shown:
                for line in process.stdout:
                    with talking:
                        print(line, end="", flush=True)
            else:
                said = process.stdout.read()
                with talking:
                    print(f"\n===== beside it: {' '.join(folders)}\n{said}=====", flush=True)
        return process.returncode

    with ThreadPoolExecutor(AT_ONCE) as pool:
        each = [pool.submit(one, folders, shown=number == 0) for number, folders in enumerate(runs())]
        try:
            failed = [code for done in each if (code := done.result())]
        except BaseException:
            # Whoever interrupts it wants no more of them.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    seconds = time.monotonic() - started
    print(f"All took {seconds / 60:.0f} min {seconds % 60:.0f} s; {'not all is well' if failed else 'all passed'}.")
    return failed[0] if failed else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
