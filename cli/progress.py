"""How progress and results look on a terminal, and plainly where there is none. Renders; decides nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from operations.engine.events import Step
from toolchain.report import Row

_MARKS = {"create": "+", "update": "~", "delete": "-"}
_WORTH_A_LINE_SECONDS = 1.0
_KINDS_SHOWN = frozenset({"Container", "Network", "Volume", "Command", "Stash"})


def _text_column() -> TextColumn:
    """What goes on at the moment: it gets the room that the other columns leave, and takes none of theirs."""
    return TextColumn("{task.fields[text]}", style="dim", table_column=Column(ratio=1, no_wrap=True))


class Progressing:
    """Progress of one phase: a spinner with a counter on a terminal, a line a step elsewhere; what is noted stays.

    Args:
        console: Where to; standard error, since results alone go to standard output.
        title: Name of the phase.
        prefix: Start of the resources' names that says nothing here.
    """

    def __init__(self, console: Console, title: str, prefix: str = "") -> None:
        self._console = console
        self._title = title
        self._prefix = prefix
        self._live = console.is_terminal
        self._done = 0
        self._running: dict[str, float] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("[bold]{task.description}[/]"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            _text_column(),
            console=console,
            disable=not self._live,
            expand=True,
        )
        self._task: TaskID = self._progress.add_task(title, total=None, text="")

    def note(self, text: str) -> None:
        """Say what is going on, in a line that stays: above the phase's own, which names it, on a terminal."""
        self._console.print(escape(text if self._live else f"{self._title}: {text}"), highlight=False)

    def step(self, step: Step) -> None:
        """Show one step of the engine."""
        if step.kind not in _KINDS_SHOWN:
            return
        name = step.resource.removeprefix(self._prefix)
        if step.state == "started":
            self._running[name] = time.monotonic()
        else:
            seconds = time.monotonic() - self._running.pop(name, time.monotonic())
            self._done += 1
            if not self._live:
                mark = (
                    "!"
                    if step.state == "failed"
                    else next((sign for word, sign in _MARKS.items() if word in step.operation), "*")
                )
                self._console.print(f"  {mark} {step.kind} {name} ({seconds:.1f} s)", highlight=False)
        waiting = ", ".join(sorted(self._running)) or "…"
        self._progress.update(self._task, text=f"{self._done} done · {escape(waiting)}")

    def count(self, done: int, total: int) -> None:
        """Show how far a countable thing is."""
        if self._live:
            self._progress.update(self._task, completed=done, total=total, text=f"{done}/{total}")

    @contextmanager
    def running(self) -> Iterator[Progressing]:
        """Show the phase while the block runs."""
        started = time.monotonic()
        with self._progress:
            yield self
            self._progress.update(self._task, total=1, completed=1, text="")
        if not self._live:
            self._console.print(f"{self._title}: done in {time.monotonic() - started:.1f} s", highlight=False)


class SetupProgress:
    """Progress of set-up: a line for each artefact that takes time. Satisfies :class:`toolchain.report.Reporter`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, str] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("[bold]{task.description:28}[/]"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            _text_column(),
            console=console,
            disable=not console.is_terminal,
            expand=True,
            transient=True,
        )

    def __enter__(self) -> SetupProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, name: str) -> None:
        self._tasks[name] = self._progress.add_task(name, total=None, text="")

    def progress(self, name: str, fraction: float | None, text: str) -> None:
        self._progress.update(
            self._tasks[name],
            total=None if fraction is None else 1.0,
            completed=fraction or 0.0,
            text=escape(text),
        )
        # Where lines stay, a percentage a line would drown what matters: a new kind of work gets one.
        kind = text.split(" ", 1)[0]
        if not self._console.is_terminal and self._said.get(name) != kind:
            self._said[name] = kind
            self._console.print(f"{name}: {escape(text)}", highlight=False)

    def done(self, row: Row) -> None:
        if row.name in self._tasks:
            self._progress.update(self._tasks[row.name], total=1.0, completed=1.0, text=row.how)
        if not self._console.is_terminal and row.seconds >= _WORTH_A_LINE_SECONDS:
            self._console.print(f"{row.name}: {row.how} in {row.seconds:.0f} s", highlight=False)
