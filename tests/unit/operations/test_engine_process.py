"""How the engine's process is asked to stop: once, in whatever moment, and at the latest when its time is over."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
from pathlib import Path

import pytest

from operations.engine import process as engine_process
from operations.engine.interrupts import Interrupts
from operations.engine.process import EngineProcess
from operations.engine.workspace import Engine
from operations.errors import EngineError, InterruptedOperationError
from stacks.paths import Paths
from tests.equipment.programs import wait_for

_UNTIL_TOLD = """#!/bin/sh
trap 'echo asked' INT
echo ready
for _ in $(seq 400); do [ -e end ] && break; sleep 0.05; done
[ ! -e fail ]
"""
_DEAF = """#!/bin/sh
trap '' INT
for _ in $(seq 400); do sleep 0.05; done
"""


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "engine"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_an_engine_that_starts_in_the_moment_of_a_signal_ends_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, interrupts, notes = EngineProcess("3.220.0"), Interrupts(), list[str]()
    process.command = program(tmp_path, "#!/bin/sh\nsleep 20\n")
    interrupts.follow(process, notes.append)
    started: list[subprocess.Popen[str]] = []
    start = process._started

    def signalled(*args: object) -> subprocess.Popen[str]:
        started.append(start(*args))  # type: ignore[arg-type]
        signal.raise_signal(signal.SIGTERM)
        return started[-1]

    monkeypatch.setattr(process, "_started", signalled)
    with interrupts.watched(), pytest.raises(InterruptedOperationError):
        process.run([], ".", {})
    (one,) = started
    try:
        assert one.poll() == -signal.SIGINT, "it has been asked to stop, and has been waited for"
    finally:
        one.kill()
    assert not process.busy


def test_an_engine_is_asked_once_whoever_asks_and_however_often(tmp_path: Path) -> None:
    process, interrupts, notes = EngineProcess("3.220.0"), Interrupts(), list[str]()
    process.command = program(tmp_path, _UNTIL_TOLD)
    interrupts.follow(process, notes.append)
    said: list[str] = []

    def hear(line: str) -> None:
        said.append(line)
        # The watch of a deploy asks, from a thread of its own, and so does a person.
        process.interrupt()
        os.kill(os.getpid(), signal.SIGINT)
        wait_for("the signal is heard", lambda: len(notes) == len(said))
        if line == "asked":
            (tmp_path / "end").touch()

    with interrupts.watched():
        run = process.noted(process._noted).run([], str(tmp_path), {}, hear)
    assert said == ["ready", "asked"], "asked twice it would stop at once and leave things half made"
    assert run.code == 0


def test_who_interrupts_an_engine_is_told_each_time_that_it_ends_what_it_has_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process, interrupts, notes = EngineProcess("3.220.0"), Interrupts(), list[str]()
    monkeypatch.setattr(EngineProcess, "busy", True)
    interrupts.follow(process, notes.append)
    with interrupts.watched():
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
    assert notes == ["stopping: the engine ends what it has begun, which may take minutes"] * 2


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("text", "how", "asked", "longest"), [(_UNTIL_TOLD, "asked to stop", 0.05, 40), (_DEAF, "killed", 0.5, 4)]
)
def test_an_engine_that_outlasts_what_others_take_for_left_over_is_ended_before_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, how: str, asked: float, longest: int
) -> None:
    # What ends when it is asked has time for it on a busy machine, too.
    monkeypatch.setattr(engine_process, "_ASKED", asked)
    paths = Paths(checkout=tmp_path, data=tmp_path / "data", cache=tmp_path / "cache")
    process = Engine(paths, "3.220.0", print, longest=dt.timedelta(seconds=longest)).process
    process.command = program(tmp_path, text)

    def hear(line: str) -> None:
        if line == "asked":
            (tmp_path / "fail").touch()
            (tmp_path / "end").touch()

    with pytest.raises(EngineError) as failed:
        process.run([], str(tmp_path), {}, hear)
    assert str(failed.value) == (
        f"The engine had not ended after 2 s and was {how}, since what lasts longer than {longest} s is taken for left "
        "over: ./preview status shows what did not come up; mend that, and run the same again."
    )
    assert not process.busy
