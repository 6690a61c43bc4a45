"""What tests of several folders need, and what a run says of itself."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.equipment.autopsy import unwell
from tests.equipment.local_base import LocalBase, standing_local_base
from tests.equipment.moments import draw

_PHASES = ("setup", "call", "teardown")
_STARTED = time.monotonic()
_STARTED_AT = time.time()


@pytest.fixture(scope="session")
def engine() -> Any:
    """The Docker engine. A test that needs one fails where there is none."""
    return docker.from_env()


@pytest.fixture(scope="session")
def token() -> str:
    """Keeps what this run makes apart from everything else on the engine."""
    return f"t{secrets.token_hex(3)}"


@pytest.fixture(scope="session")
def local_base(engine: Any, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBase]:
    """One for the whole run: each package has a clone of its own, and takes its previews away at its end."""
    with standing_local_base(engine, tmp_path_factory.mktemp("base"), token) as base:
        yield base


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much is left to chance."""
    group = parser.getgroup("moments", "moments at which commands are killed or cut off")
    group.addoption("--long", action="store_true", help="draw many moments instead of a few")
    group.addoption("--seed", default="20260101", help="draw other moments")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Draw the moments of tests that are marked so."""
    draw(metafunc)


def pytest_report_header(config: pytest.Config) -> str:
    """What it takes to draw the same moments again."""
    return f"moments at which commands are killed: --seed={config.option.seed}{' --long' if config.option.long else ''}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failed test with real previews show what is not well, before it is taken away."""
    report = yield
    if report.failed and item.get_closest_marker("engine") and (told := unwell(_STARTED_AT)):
        report.sections.append(("containers that are not well", told))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where the time went: by folder, and what no test is to blame for."""
    spent: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(_PHASES, 0.0))
    for report in (one for some in terminalreporter.stats.values() for one in some):
        if isinstance(report, pytest.TestReport):
            folder = "/".join(Path(report.nodeid.partition("::")[0]).parts[:2])
            spent[folder][report.when or "call"] += report.duration
    terminalreporter.section("seconds by folder")
    terminalreporter.line("".join(f"{word:>10}" for word in (*_PHASES, "all")))
    for folder, phases in sorted(spent.items(), key=lambda one: -sum(one[1].values())):
        figures = (*phases.values(), sum(phases.values()))
        terminalreporter.line("".join(f"{figure:10.1f}" for figure in figures) + f"  {folder}")
    rest = time.monotonic() - _STARTED - sum(sum(phases.values()) for phases in spent.values())
    terminalreporter.line(f"{rest:40.1f}  start, collection and what lies between tests")
