"""Somebody asks a command to stop: it starts nothing new and ends with the signal's exit code, whatever it does."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import session
from operations.engine.interrupts import Interrupts
from operations.engine.process import EngineProcess
from operations.errors import InterruptedOperationError
from operations.upkeep.reap import ReapRequest, reap
from stacks.names import stack_of
from tests.unit.operations.engine import StandInEngine, preview
from toolchain.engine import STAMP as ENGINE_STAMP

CHECKOUT = Path(__file__).resolve().parents[3]
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
_BEGIN = """
import signal, subprocess, sys, threading, time
from cli.app import app, interrupts
from operations.engine.process import EngineProcess
from operations.errors import OperationError

@app.command()
def swallow() -> None:
    for _ in range(3):
        try:
            print("ready", flush=True)
            time.sleep(600)
        except Exception:
            print("goes on")

@app.command()
def engine() -> None:
    process = EngineProcess("3.220.0")
    process.command = sys.argv[2]
    interrupts.follow(process, print)
    for _ in range(3):
        try:
            process.run([], ".", {}, on_output=lambda line: print(line, flush=True))
        except Exception:
            print("goes on")

@app.command()
def elsewhere() -> None:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    engine()

app([sys.argv[1]], prog_name="preview")
"""
_ENGINE = """#!/bin/sh
trap 'echo stopped in good order; exit 1' INT
trap 'echo torn down; exit 2' TERM HUP
echo ready
while :; do sleep 0.05; done
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    program = tmp_path / "engine"
    program.write_text(_ENGINE)
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("command", ["swallow", "engine", "elsewhere"])
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_every_command_ends_with_the_code_of_the_signal_and_no_trace(
    engine: Path, command: str, number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _BEGIN, command, str(engine)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Whoever started these tests may have had the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert said.count("Interrupted") == 1, said
    assert "Traceback" not in said
    assert "goes on" not in said
    assert "ready" not in said, "nothing new was started"
    if command != "swallow":
        assert "stopped in good order" in said


def test_what_leaves_things_in_order_is_not_interrupted_and_may_run_the_engine() -> None:
    notes: list[str] = []
    process, interrupts = EngineProcess("3.220.0"), Interrupts()
    interrupts.follow(process, notes.append)
    process.command = "true"
    with interrupts.watched():
        with interrupts.held_off(notes.append):
            signal.raise_signal(signal.SIGTERM)
            process.run([], ".", {})
        with pytest.raises(InterruptedOperationError):
            process.run([], ".", {})
    assert notes == ["one moment, leaving things in order"]


def test_reap_stops_as_a_whole() -> None:
    stopped = InterruptedOperationError("Interrupted.", signal.SIGINT)
    branches = [f"b{number}" for number in range(4)]
    engine = StandInEngine(
        states={stack_of(branch): preview(branch, "2020-01-01T00:00:00Z") for branch in branches},
        failures={stack_of(branch): [stopped] for branch in branches},  # type: ignore[list-item]
    )
    request = ReapRequest(base="local", branches_from="", dry_run=False, now=dt.datetime.now(dt.UTC))
    with pytest.raises(InterruptedOperationError):
        reap(engine.engine, request, lambda note: None)
    assert engine.destroyed == []


def test_every_engine_that_a_command_opens_is_asked_to_stop_also_that_of_a_base(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    watching = Interrupts()
    asked: list[EngineProcess] = []
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(session, "interrupts", watching)
    prepared = SimpleNamespace(version="3.220.0", path=sys.executable)
    monkeypatch.setattr(session, "stamps", lambda paths: {ENGINE_STAMP: prepared})
    monkeypatch.setattr(session, "apply", lambda paths: None)
    monkeypatch.setattr(EngineProcess, "busy", True)
    monkeypatch.setattr(EngineProcess, "interrupt", lambda process: asked.append(process))
    opened = [session.open_engine().process, session.open_engine().process]
    with watching.watched():
        signal.raise_signal(signal.SIGTERM)
    assert asked == opened
