"""Whether a preview is what it has to be, found out through its public address as a viewer would."""

from __future__ import annotations

import datetime as dt
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from operations.engine.workspace import Engine
from operations.errors import NotFulfilledError, OperationError
from operations.find import existing, machine_at
from operations.machine.access import Machine
from operations.verify import branch_files, checks, verdict
from operations.verify.activity import JUDGED_MINUTES, RATE_SECONDS, Samples, judge
from operations.verify.answers import RefusedError
from operations.verify.checks import Address, Check
from operations.verify.comparison import Comparison
from operations.verify.drawing import pictures, show_on_page
from operations.verify.panels import PanelState
from operations.verify.patterns import patterns_since
from operations.verify.pictures import Site, browser
from operations.verify.viewer import Viewer
from operations.verify.waiting import OnCount, OnNote, await_window, samples_of

TPS = "transactions per second"
CONNECTIONS = "connections"
LATENCY = "statement latency, ms"
_RATE = f"[{RATE_SECONDS}s]"
_CALLS = f"clamp_min(sum(rate(pgwatch_statement_totals_calls{_RATE})), 0.001)"
SERIES: Mapping[str, str] = {
    TPS: f"sum(rate(pgwatch_db_stats_xact_commit{_RATE})) + sum(rate(pgwatch_db_stats_xact_rollback{_RATE}))",
    CONNECTIONS: "sum(pgwatch_session_states_sessions)",
    LATENCY: f"sum(rate(pgwatch_statement_totals_total_exec_time_ms{_RATE})) / {_CALLS}",
}
"""What the activity is shown by: name → PromQL."""
_LOG_LINES = 500


@dataclass(frozen=True, kw_only=True)
class VerifyRequest:
    """What is asked for.

    Attributes:
        branch: Branch name.
        base: Base that it must run on; empty: any.
        minutes: Length of the window in which the activity is looked at; it ends now.
        wait: Whether to wait for what the window still lacks; else what there is must do.
        pictures: Directory for a picture of every dashboard.
        against: Branch whose preview's dashboards are drawn beside them, at the same range of time; empty: none.
    """

    branch: str
    base: str = ""
    minutes: int = JUDGED_MINUTES
    wait: bool = True
    pictures: Path | None = None
    against: str = ""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found.

    Attributes:
        branch: Branch name.
        url: Public address of the preview.
        commit: Commit that is deployed; empty where unknown.
        minutes: Length of the window.
        checks: The checks, in the order of a viewer's way in.
        series: Name → samples of the window.
        seconds: How long it took.
        panels: Every panel, and why it is empty.
        comparison: The dashboards beside those of another preview, where that was asked for and could be done.
    """

    branch: str
    url: str
    commit: str
    minutes: int
    checks: tuple[Check, ...]
    series: Mapping[str, Samples]
    seconds: float
    panels: tuple[PanelState, ...] = ()
    comparison: Comparison | None = None

    @property
    def ok(self) -> bool:
        """No check failed. One that could not be told is no failure."""
        return not self.missing

    @property
    def missing(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.ok is False]

    def as_dict(self) -> dict[str, Any]:
        """The same, for JSON; samples are pairs of a Unix time and a value."""
        panels = [panel.as_dict() for panel in self.panels]
        comparison = self.comparison.as_dict() if self.comparison else None
        return {"ok": self.ok, **asdict(self), "panels": panels, "comparison": comparison}

    def require(self) -> None:
        """Insist on it.

        Raises:
            NotFulfilledError: A check failed; names each.
        """
        if not self.ok:
            missing = "; ".join(f"{check.name} – {check.detail}" for check in self.missing)
            raise NotFulfilledError(
                f"The preview of {self.branch!r} is not what it has to be. Missing: {missing}. "
                "The runbook says what to look at."
            )


def verify(engine: Engine, request: VerifyRequest, on_note: OnNote, on_count: OnCount) -> Verification:
    """Check a preview.

    What can be seen at once comes first; where that fails, nothing is waited for.

    Args:
        engine: The engine.
        request: What is asked for.
        on_note: Told in words what is going on.
        on_count: Told how many seconds of the window there are, and how many there have to be.

    Raises:
        NotFoundError: There is no such preview.
        OperationError: Pictures are asked for and there is no browser.
    """
    started = time.monotonic()
    program = browser() if request.pictures else ""
    preview = existing(engine, request.branch, request.base)
    if since := preview.outputs.asleep_since:
        raise NotFulfilledError(
            f"The preview of {request.branch!r} is asleep since {since}: wake it first "
            f"(./preview wake {shlex.quote(request.branch)})."
        )
    machine = machine_at(engine, preview.outputs.base)
    url = preview.outputs.url
    viewer = Viewer(url, machine.entrance)

    on_note("looking")
    found = _at_once(Address(url, machine.entrance), viewer)
    found.append(_listed(viewer, machine, preview.name.slug))
    if request.wait and all(check.ok is not False for check in found):
        await_window(viewer, SERIES[TPS], request.minutes, on_note, on_count)
    end = dt.datetime.now(dt.UTC)
    start = end - dt.timedelta(minutes=request.minutes)
    on_note("asking every panel's queries")
    panels = _panels(viewer)
    found.append(verdict.panels_filled(panels) if isinstance(panels, tuple) else panels)
    found.append(_workload(machine, preview.name.slug, start, request.minutes))
    series = {name: samples_of(viewer, expression, start, end) for name, expression in SERIES.items()}
    activity = judge(series[TPS], request.minutes)
    found.append(Check(name="the activity varies", ok=activity.varies, detail=activity.detail))
    comparison = None
    if request.pictures:
        on_note("taking pictures")
        site = Site(branch=request.branch, url=url, entrance=machine.entrance)
        pictured, comparison = pictures(engine, program, site, request.pictures, request.against)
        found += [*pictured, *show_on_page(program, site, machine, preview.name.slug)]
    return Verification(
        branch=request.branch,
        url=url,
        commit=preview.outputs.commit,
        minutes=request.minutes,
        checks=tuple(found),
        series=series,
        seconds=time.monotonic() - started,
        panels=panels if isinstance(panels, tuple) else (),
        comparison=comparison,
    )


def _at_once(address: Address, viewer: Viewer) -> list[Check]:
    return [
        address.resolves(),
        address.certified(),
        address.redirects(),
        checks.may_look(viewer),
        checks.may_not_edit(viewer),
        checks.dashboards_open(viewer),
    ]


def _listed(viewer: Viewer, machine: Machine, slug: str) -> Check:
    try:
        return branch_files.dashboards_listed(branch_files.dashboards_on(machine, slug), viewer.dashboards())
    except OperationError as error:
        return Check(name=branch_files.NAME, ok=None, detail=f"the branch's files cannot be read: {error}")
    except (httpx.HTTPError, RefusedError) as error:
        return checks.unanswered(branch_files.NAME, error)


def _panels(viewer: Viewer) -> tuple[PanelState, ...] | Check:
    try:
        return tuple(viewer.panels())
    except (httpx.HTTPError, RefusedError) as error:
        return checks.unanswered(verdict.NAME, error)


def _workload(machine: Machine, slug: str, start: dt.datetime, minutes: int) -> Check:
    name = "the workload runs"
    try:
        container = next((state for state in machine.docker.of_slug(slug) if state.service == "workload"), None)
    except OperationError as error:
        return Check(name=name, ok=None, detail=str(error))
    if container is None or container.status != "running":
        return Check(name=name, ok=False, detail=f"its container is {container.status if container else 'gone'}")
    patterns = patterns_since(machine.docker.last_lines(container.name, _LOG_LINES), start)
    failed = f"; pgbench failed {patterns.failures} times" if patterns.failures else ""
    if patterns.ran or patterns.pausing:
        return Check(name=name, ok=True, detail=(", ".join(patterns.ran) or "in a pause between two patterns") + failed)
    ok = None if patterns.starting and minutes < JUDGED_MINUTES else False
    return Check(name=name, ok=ok, detail=f"no pattern has begun{failed}: docker logs {container.name}")
