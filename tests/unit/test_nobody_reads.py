"""Who reads a command's output goes away in the middle of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, threading
from pathlib import Path
from cli.app import {stream}
sys.stdin.readline()
def work():
    for number in range(100):
        {stream}.print(f"step {{number}}")
    Path(sys.argv[1]).write_text("done")
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("stream", ["out", "err"])
def test_what_has_begun_goes_on_to_its_end_where_nobody_reads_any_more(stream: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(stream=stream), str(tmp_path / "end")],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.wait(60) == 0
    assert (tmp_path / "end").read_text() == "done"


@pytest.mark.parametrize("command", [("slug", "feature/a"), ("--help",)], ids=" ".join)
def test_what_nobody_reads_is_no_fault_of_the_project(command: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    line = [sys.executable, "-m", "cli", *command]
    done = subprocess.run(line, cwd=CHECKOUT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writer)
    assert done.returncode != 0
    assert done.stderr == ""
