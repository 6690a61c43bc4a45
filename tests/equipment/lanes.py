"""Runs all tests in two lanes: what mostly waits in one takes the processors that the other leaves idle.

Each lane is a run of pytest of its own and one after the other within it, with a base, names and ports of its own.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

BESIDE = ("cluster", "e2e", "gitlab", "standins", "workload", "unit", "policy", "config")
"""Folders of the second lane, about half of the time; whatever else there is belongs to the first."""


def lanes() -> tuple[list[str], list[str]]:
    """Folders of tests of each lane."""
    found = sorted({path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")})
    first = [f"tests/{name}" for name in found if name not in BESIDE]
    return first, [f"tests/{name}" for name in BESIDE]


def run(options: Sequence[str]) -> int:
    """Run both lanes; shows the first as it goes, and the second when it has ended.

    Args:
        options: Options of pytest for both.

    Returns:
        The first exit code that is not zero, if there is one.
    """
    first, beside = lanes()
    talking = threading.Lock()
    codes: list[int] = []

    def second() -> None:
        done = subprocess.run(
            [*_pytest(), *options, *beside], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        with talking:
            print(f"\n===== the other lane: {' '.join(beside)}\n{done.stdout}=====", flush=True)
        codes.append(done.returncode)

    thread = threading.Thread(target=second)
    started = time.monotonic()
    thread.start()
    with subprocess.Popen([*_pytest(), *options, *first], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            with talking:
                print(line, end="", flush=True)
    thread.join()
    codes.append(process.returncode)
    seconds = time.monotonic() - started
    failed = [code for code in codes if code]
    print(
        f"Both lanes took {seconds / 60:.0f} min {seconds % 60:.0f} s; {'not all is well' if failed else 'all passed'}."
    )
    return failed[0] if failed else 0


def _pytest() -> list[str]:
    return [sys.executable, "-m", "pytest"]


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
