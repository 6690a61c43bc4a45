"""The rule for varying activity on a real server: under the real generator, and under a constant load."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

from operations.verify.activity import JUDGED_MINUTES, RATE_SECONDS, STEP_SECONDS, Samples, judge
from tests.equipment.generator import Generator
from tests.equipment.postgres import BINARIES
from tests.workload.database import Database

Start = Callable[..., Generator]
TIME_SCALE = 0.03
"""Ten minutes of load take 18 s; the samples' times are scaled back."""


def watched(database: Database) -> Samples:
    """Ten minutes of transactions per second, as a preview's dashboards have them.

    Counted by transaction ids, because sessions report to the statistics only once a second.
    """
    counts: list[tuple[float, int]] = []
    width = RATE_SECONDS // STEP_SECONDS
    with database.server.connect(database.name) as session:
        began = time.monotonic()
        for turn in range(JUDGED_MINUTES * 60 // STEP_SECONDS + width):
            time.sleep(max(0.0, began + turn * STEP_SECONDS * TIME_SCALE - time.monotonic()))
            row = session.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
            assert row
            counts.append((time.monotonic(), int(row[0])))
    pairs = zip(counts, counts[width:], strict=False)
    return [
        ((later - began) / TIME_SCALE, (more - fewer) / (later - earlier)) for (earlier, fewer), (later, more) in pairs
    ]


def test_ten_minutes_of_the_real_generator_vary(filled: Database, start: Start) -> None:
    generator = start(filled, WORKLOAD_TIME_SCALE=str(TIME_SCALE))
    generator.await_log(" for ")
    samples = watched(filled)
    verdict = judge(samples, JUDGED_MINUTES)
    assert verdict.varies, f"{verdict.detail}\n{samples}\n{generator.output}"


def test_ten_minutes_of_a_constant_load_do_not(filled: Database, password: str) -> None:
    server = filled.server
    # So few transactions a second that other work on the machine does not slow them down.
    command = [str(BINARIES / "pgbench"), "-n", "-c", "2", "-R", "100", "-T", "60"]
    connection = ["-h", server.host, "-p", str(server.port), "-U", "workload", filled.name]
    with subprocess.Popen(
        [*command, *connection],
        env={**os.environ, "PGPASSWORD": password},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as constant:
        try:
            began = time.monotonic()
            while filled.sessions() < 2:
                assert time.monotonic() - began < 10, "pgbench does not connect"
                time.sleep(0.02)
            verdict = judge(watched(filled), JUDGED_MINUTES)
        finally:
            constant.terminate()
    assert verdict.varies is False, verdict.detail
    assert "quiet is above 25% of busy" in verdict.detail
