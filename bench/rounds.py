"""The rounds of the comparison: one life of a preview, several at once, and one whose calls are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.api_calls import counted_api
from bench.comparison import Goal, Step
from bench.composed import Composed
from bench.containers import lives, replaced
from bench.machine import engine_socket
from bench.ours import Ours
from bench.process_tree import Command, Measured, measure, together

Tool = Ours | Composed

FIRST = "first deploy, to all healthy"
HASTENED = "the same, Compose with a processor for whatever starts"
NOOP = "update, nothing changed"
DESTROY = "destroy"
_COSTED = (FIRST, NOOP, DESTROY)


class Rounds:
    """Runs the rounds and keeps their figures.

    Attributes:
        steps: Figures by step.
        costs: Operation → tool → timed runs.
        calls: Operation → tool → calls of the engine's API.
        state: Bytes of state of a preview at the end of the last life.

    Args:
        engine: Docker client.
        image: Another image of Grafana.
        log: File that takes what commands print.
        say: Tells what is going on.
    """

    def __init__(self, engine: Any, image: str, log: Path, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._image = image
        self._log = log
        self._say = say
        self._first = Step(title=FIRST, goal=Goal(times_compose=0.85))
        self._hastened = Step(title=HASTENED)
        self._noop = Step(title=NOOP, goal=Goal(seconds=3))
        self._plain = Step(title="the same by plain `pulumi up`")
        self._dashboard = Step(title="update, one dashboard changed", goal=Goal(seconds=5, no_restarts=True))
        self._picture = Step(title="update, Grafana's image changed")
        self._destroy = Step(title=DESTROY, goal=Goal(times_compose=1.6))
        self._several = {
            2: Step(title="2 first deploys at once"),
            10: Step(title="10 first deploys at once", goal=Goal(times_compose=1.5)),
        }
        self.costs: dict[str, dict[str, list[Measured]]] = {name: {} for name in _COSTED}
        self.calls: dict[str, dict[str, int]] = {name: {} for name in _COSTED}
        self.state: dict[str, int] = {}

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Steps that were taken, for the raw file."""
        every = [self._first, self._hastened, self._noop, self._plain, self._dashboard, self._picture, self._destroy]
        return [step.as_data() for step in [*every, *self._several.values()] if step.seconds]

    def life(self, tool: Tool, preview: str) -> None:
        """One preview from its first deploy to its end, step by step."""
        tool.prepare(preview)
        seconds = self._timed(self._first, tool, tool.deploy(preview))
        if isinstance(tool, Ours):
            self._hastened.add(tool.name, seconds)
        self._timed(self._noop, tool, tool.deploy(preview))
        if isinstance(tool, Ours):
            self._timed(self._plain, tool, tool.plain_update(preview))
        tool.change_dashboard(preview)
        self._watched(self._dashboard, tool, preview)
        tool.change_image(preview, self._image)
        self._watched(self._picture, tool, preview)
        if isinstance(tool, Ours):
            self.state = tool.state_bytes(preview)
        self._timed(self._destroy, tool, tool.destroy(preview))

    def start(self, hastened: Composed, preview: str) -> None:
        """A first deploy by Compose with a processor for whatever starts; it is destroyed afterwards."""
        hastened.prepare(preview)
        self._timed(self._hastened, hastened, hastened.deploy(preview))
        together([hastened.destroy(preview)], self._log)

    def several(self, tool: Tool, previews: Sequence[str]) -> None:
        """First deploys that are started at once; the previews are destroyed afterwards."""
        step = self._several[len(previews)]
        for preview in previews:
            tool.prepare(preview)
        done = together([tool.deploy(preview) for preview in previews], self._log)
        step.add(tool.name, done.seconds)
        if done.failed:
            step.failed[tool.name] = step.failed.get(tool.name, 0) + done.failed
        self._say(f"{tool.name}: {step.title}: {done.seconds:.1f} s, {done.failed} failed")
        together([tool.destroy(preview) for preview in previews], self._log)

    def counted(self, tool: Tool, preview: str) -> None:
        """One more life of three operations whose calls of the engine's API are counted, not timed."""
        socket = engine_socket()
        with counted_api(socket) as api:
            tool.point_at(api.address)
            tool.prepare(preview)
            try:
                for name, command in (
                    (FIRST, tool.deploy(preview)),
                    (NOOP, tool.deploy(preview)),
                    (DESTROY, tool.destroy(preview)),
                ):
                    before = api.calls
                    measure(command, self._log)
                    self.calls[name][tool.name] = api.calls - before
                    self._say(f"{tool.name}: {name}: {self.calls[name][tool.name]} calls")
            finally:
                tool.point_at(f"unix://{socket}")

    def _watched(self, step: Step, tool: Tool, preview: str) -> None:
        """A timed update, with a look at what became of the containers."""
        before = lives(self._engine, tool.label(preview))
        self._timed(step, tool, tool.deploy(preview))
        changed = replaced(before, lives(self._engine, tool.label(preview)))
        step.replaced.setdefault(tool.name, []).append(changed)

    def _timed(self, step: Step, tool: Tool, command: Command) -> float:
        measured = measure(command, self._log)
        step.add(tool.name, measured.seconds)
        if step.title in _COSTED:
            self.costs[step.title].setdefault(tool.name, []).append(measured)
        self._say(f"{tool.name}: {step.title}: {measured.seconds:.1f} s")
        return measured.seconds
