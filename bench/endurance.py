"""Makes, changes and destroys a preview over and over, and says what that leaves behind and whether it slows down.

``.venv/bin/python -m bench.endurance --cycles 100`` as root (it reads what the engine has open), on a quiet machine,
after ``make demo`` (which installs what this drives): what others start on the same Docker engine meanwhile would look
like a leak. It makes a base of its own, with ``--cluster`` on three engines that form a Docker Swarm. With ``--at-once
2`` two previews live at the same time, and each figure is of an operation beside another. An interrupted run leaves the
figures of every ten cycles.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import p95, slowdown
from bench.host_state import HostState, taken
from bench.leaks import leaked, sentence
from bench.machine import described
from bench.own_base import OwnBase, last_lines, own_base, own_cluster_base
from bench.record import parser, positive, require_root, run_to_its_end, write
from tests.equipment.checkout import Clone

OPERATIONS = ("deploy", "change a dashboard", "change the workload", "destroy")
_EVERY = 10
_SLOWER = 1.25
_SETTLE_SECONDS = 60.0
_ENOUGH = 20
"""Cycles from which on the first ten and the last ten are not the same."""


@dataclass
class Run:
    """What has happened so far.

    Attributes:
        at_once: Previews that live at the same time.
        seconds: Operation → wall time in each cycle in which it succeeded.
        failures: What failed, in words.
        states: Cycles done → the machine then.
    """

    at_once: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in OPERATIONS})
    failures: list[str] = field(default_factory=list)
    states: dict[int, HostState] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        states = {str(cycles): state.as_dict() for cycles, state in self.states.items()}
        return {"at once": self.at_once, "seconds": self.seconds, "failures": self.failures, "states": states}


def main() -> int:
    """Run, print the tables, and write the raw figures after every cycle.

    Returns:
        1 where something leaked, failed or slowed down.
    """
    reader = parser(__doc__, "endurance")
    reader.add_argument("--cycles", type=positive, default=100, help="how often a preview lives and dies")
    reader.add_argument("--at-once", type=positive, default=1, help="how many previews live at the same time")
    reader.add_argument("--cluster", action="store_true", help="on three engines that form a Docker Swarm")
    options = reader.parse_args()
    require_root(reader)
    run = Run(options.at_once)
    print(f"{described()}; {options.cycles} cycles, {options.at_once} at once.\n", flush=True)
    with own_cluster_base() if options.cluster else own_base(max_previews=options.at_once + 1) as base:
        parties = _parties(base, options.at_once)
        run.states[0] = taken(base)
        for done in range(0, options.cycles, _EVERY):
            upto = min(done + _EVERY, options.cycles)
            _live(parties, run, deque(range(done + 1, upto + 1)), options.cycles)
            if upto < options.cycles:
                run.states[upto] = taken(base)
            write(options.output, {"cycles": upto, **run.as_dict()})
        run.states[options.cycles], leaks = _settled(base, run.states[0])
    slower = _report(run, options.cycles)
    write(options.output, {"cycles": options.cycles, **run.as_dict(), "leaked": leaks, "slower": slower})
    print(f"\n{sentence(leaks)}")
    if slower:
        print(
            f"Slowed down: {', '.join(slower)}; the last ten took more than {_SLOWER} times as long as the first ten."
        )
    if run.failures:
        print(f"Failed operations: {len(run.failures)}; each is shown above.")
    return 1 if leaks or slower or run.failures else 0


def _live(parties: Sequence[_Party], run: Run, ahead: deque[int], cycles: int) -> None:
    with ThreadPoolExecutor(len(parties)) as pool:
        try:
            for one in [pool.submit(party.live, run, ahead, cycles) for party in parties]:
                one.result()
        except BaseException:
            # Whoever interrupts it wants no more of them.
            ahead.clear()
            raise


def _parties(base: OwnBase, count: int) -> list[_Party]:
    """Each has a clone of its own, for it changes files."""
    clones = [
        base.clone,
        *(base.clone.another(base.root / f"clone-{number}", calm=False) for number in range(1, count)),
    ]
    return [_Party(clone, base.branch(f"endurance-{number}")) for number, clone in enumerate(clones)]


@dataclass
class _Party:
    """Whoever lets one preview live and die over and over.

    Attributes:
        clone: Its checkout.
        branch: Its branch.
    """

    clone: Clone
    branch: str

    def live(self, run: Run, ahead: deque[int], cycles: int) -> None:
        """Take cycles until none is ahead of all parties."""
        while True:
            try:
                cycle = ahead.popleft()
            except IndexError:
                return
            self._cycle(run, cycle, cycles)

    def _cycle(self, run: Run, cycle: int, cycles: int) -> None:
        told = []
        for name in OPERATIONS[:-1]:
            if name == "change a dashboard":
                _change_dashboard(self.clone.path / "config/grafana/dashboards/activity.json", cycle)
            elif name == "change the workload":
                _change_workload(self.clone.path / "workload/generate.sh", cycle)
            told.append(self._timed(run, cycle, name, "deploy" if name == "deploy" else "update"))
            if told[-1] == "failed":
                break
        told.append(self._timed(run, cycle, "destroy", "destroy"))
        print(f"cycle {cycle} of {cycles}: {', '.join(told)} s", flush=True)

    def _timed(self, run: Run, cycle: int, name: str, command: str) -> str:
        """Run one operation; returns its seconds as text."""
        try:
            done = self.clone.preview(command, self.branch)
        except subprocess.TimeoutExpired as error:
            problem = f"did not end within {error.timeout:.0f} s"
        else:
            # An update that finds nothing to do would be timed for what it is not.
            if done.code == 0 and not (command == "update" and " updated in " not in done.text):
                run.seconds[name].append(round(done.seconds, 2))
                return f"{name} {done.seconds:.1f}"
            problem = f"{f'ended with {done.code}' if done.code else 'changed nothing'}:\n{last_lines(done.text)}"
        finally:
            # Hours of it would fill the memory that is being watched.
            self.clone.transcript.clear()
        run.failures.append(f"cycle {cycle}, {name}: {problem}")
        print(run.failures[-1], flush=True)
        return "failed"


def _change_dashboard(path: Path, cycle: int) -> None:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    dashboard["description"] = f"As of cycle {cycle}."
    path.write_text(json.dumps(dashboard, indent=2), encoding="utf-8")


def _change_workload(path: Path, cycle: int) -> None:
    marker = "# As of cycle "
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(marker)]
    path.write_text("\n".join([*lines, f"{marker}{cycle}.", ""]), encoding="utf-8")


def _settled(base: OwnBase, start: HostState) -> tuple[HostState, dict[str, list[str]]]:
    """The machine once nothing is left of the last cycle, or after a minute."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        state = taken(base)
        leaks = leaked(start.things, state.things)
        if not leaks or time.monotonic() > deadline:
            return state, leaks
        time.sleep(1)


def _report(run: Run, cycles: int) -> list[str]:
    """Print what grew and what took how long; returns the operations that slowed down."""
    start, end = run.states[0], run.states[cycles]
    print("\n| what | start | end | a cycle |\n|---|---|---|---|")
    counts = {kind: (len(names), len(end.things[kind])) for kind, names in start.things.items()}
    sizes = {name: (value, end.sizes[name]) for name, value in start.sizes.items()}
    for name, (before, after) in {**counts, **sizes}.items():
        print(f"| {name} | {before:,.10g} | {after:,.10g} | {(after - before) / cycles:+.2f} |")
    slower = []
    print("\n| operation | runs | median s | p95 s | last ten to first ten |\n|---|---|---|---|---|")
    for name, seconds in run.seconds.items():
        if not seconds:
            print(f"| {name} | 0 | | | |")
            continue
        ratio = slowdown(seconds) if len(seconds) >= _ENOUGH else None
        if ratio and ratio > _SLOWER:
            slower.append(name)
        told = f"{ratio:.2f}" if ratio else f"not before {_ENOUGH} cycles"
        print(f"| {name} | {len(seconds)} | {statistics.median(seconds):.1f} | {p95(seconds):.1f} | {told} |")
    return slower


if __name__ == "__main__":
    run_to_its_end(main)
