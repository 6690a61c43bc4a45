"""What an operator sees of an operation that is under way, at a terminal and in a log."""

from __future__ import annotations

import io
import re

from rich.console import Console

from cli.progress import Progressing
from operations.engine.events import Step

NOTE = "put the preview of feature/[bold]x to sleep, which nobody has looked at for longest"
TITLE = "Deploy feature/add-metrics"


def seen(*, terminal: bool) -> list[str]:
    """Lines that a deploy leaves, with a note before a step and one in the middle of it; without colours."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=80 if terminal else 200)
    with Progressing(console, TITLE, "x-").running() as shown:
        shown.note(NOTE)
        for state in ("started", "done"):
            shown.note("removed preview-x-sink")
            names = [f"x-{'service' * 10}{number}" for number in range(3)]
            for name in names:
                shown.step(Step(resource=name, kind="Container", operation="create", state=state))
            shown._progress.refresh()
    # What is drawn over a line counts as one of its own.
    return re.sub(r"\x1b\[[0-9;?]*m", "", re.sub(r"\r|\x1b\[[0-9;?]*[A-Zlh]", "\n", file.getvalue())).splitlines()


def test_at_a_terminal_what_is_noted_stays_in_lines_of_its_own() -> None:
    lines = [line.rstrip() for line in seen(terminal=True)]
    wrapped = NOTE.removesuffix(" longest")
    assert lines.index(wrapped) + 1 == lines.index("longest"), "words are kept whole, and no markup is made of them"
    assert lines.count("removed preview-x-sink") == 2


def test_at_a_terminal_a_long_list_of_what_is_under_way_takes_no_room_from_what_an_operation_is_called() -> None:
    shown = [line for line in seen(terminal=True) if "service" in line]
    assert shown
    assert all(TITLE in line for line in shown)
    assert all("━" * 24 in line for line in shown)


def test_in_a_log_each_note_says_what_it_is_about() -> None:
    assert f"{TITLE}: {NOTE}" in seen(terminal=False)
