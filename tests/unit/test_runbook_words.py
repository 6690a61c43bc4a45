"""Whoever looks for a message in the runbook's tables finds the one that was printed: its words are the code's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.equipment.runbook import messages

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("components", "stacks", "operations", "cli", "toolchain")
SCRIPTS = ("host/**/*.sh", ".gitlab/ci/*.sh", "workload/*.sh")
# Who says it, where this project does not.
OTHERS = {
    "Host key verification failed": "OpenSSH",
    "host key mismatch": "OpenSSH",
    "incorrect passphrase": "Pulumi",
    "network … has active endpoints": "Docker",
    "no suitable node": "Docker",
}


def in_python(path: Path) -> Iterator[str]:
    """What a module can say, without its docstrings; ``…`` is what it fills in."""
    every = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    docstrings = {id(node.value) for node in every if isinstance(node, ast.Expr)}
    for node in every:
        if id(node) in docstrings:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def texts() -> tuple[str, ...]:
    found = [text for room in ROOMS for path in (ROOT / room).rglob("*.py") for text in in_python(path)]
    found += [path.read_text(encoding="utf-8") for pattern in SCRIPTS for path in ROOT.glob(pattern)]
    return tuple(found)


def said(message: str) -> bool:
    parts = [part.strip() for part in message.split("…") if part.strip()]
    pattern = re.compile(".*".join(map(re.escape, parts)))
    return any(all(part in text for part in parts) and pattern.search(text) for text in texts())


@pytest.mark.parametrize("message", sorted(messages()))
def test_a_message_that_the_runbook_quotes_is_printed_somewhere(message: str) -> None:
    assert message in OTHERS or said(message)


def test_the_runbooks_tables_are_read() -> None:
    assert len(messages()) > 50
    assert messages() >= OTHERS.keys(), "what the runbook does not quote any more"
