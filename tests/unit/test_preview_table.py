"""The table of previews in terminals of all widths."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from rich.console import Console

from cli.listing import PreviewTable
from operations.listing import Preview
from stacks.names import slug_of, stack_of

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)


def preview(branch: str) -> Preview:
    slug = slug_of(branch)
    return Preview(
        branch=branch,
        slug=slug,
        stack=stack_of(slug),
        url=f"https://preview-{slug}.pgai.watch",
        commit="6063e25aa0b1",
        base="base",
        created_at="2026-01-09T21:00:00Z",
        deployed_at="2026-01-09T21:00:00Z",
        deployed_by="jane.doe",
        expires_at="2026-01-12T21:00:00Z",
        kept="",
        state="asleep",
        health="7/7 healthy",
    )


def shown(width: int, *branches: str) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    console.print(PreviewTable([preview(branch) for branch in branches], NOW))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 90, 100, 132, 200])
def test_nothing_that_an_operator_wants_to_copy_is_cut_off(width: int) -> None:
    lines = shown(width, "feature/add-metrics", "fix/a")
    assert not [line for line in lines if "…" in line]
    words = [word for line in lines for word in line.split()]
    for branch in ("feature/add-metrics", "fix/a"):
        assert branch in words
        assert preview(branch).url in words
    assert max(map(len, lines)) <= width


def test_a_wide_terminal_has_a_line_for_each_and_says_who_deployed_it() -> None:
    head, first = shown(200, "feature/add-metrics")
    assert head.split() == ["branch", "state", "health", "commit", "by", "age", "expires", "in", "url"]
    assert "jane.doe" in first
    assert first.rstrip().endswith("pgai.watch")


def test_a_branch_that_is_longer_than_the_terminal_is_cut_and_its_address_is_not() -> None:
    branch = "feature/" + "long-" * 20 + "name"
    text = "".join(line.strip() for line in shown(80, branch))
    assert preview(branch).url in text
