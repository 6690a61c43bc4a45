"""Everything from a fresh machine to a page worth looking at."""

from __future__ import annotations

import datetime as dt
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.markup import escape
from rich.table import Table

from cli.app import err
from cli.deploy import deploy_with_progress
from cli.local_cluster import bring_up_cluster, cluster_of, take_down_cluster
from cli.picture import picture
from cli.progress import Progressing
from cli.result import Result
from cli.session import current_branch, current_commit, open_engine, quietly
from cli.verify import verify_with_progress
from cli.verify_table import verify_line
from operations.find import machine_at
from operations.life.deploy import Deployed
from operations.life.destroy import DestroyRequest, destroy
from operations.life.request import DeployRequest
from operations.listing import previews
from operations.local_base import bring_up_local
from operations.verify.timing import opening_url
from operations.verify.verify import VerifyRequest
from operations.verify.viewer import Viewer
from operations.verify.waiting import wait_for_data
from stacks.names import CLUSTER, LOCAL
from stacks.paths import Paths


def demo(branch: str | None, set_up: Callable[[], None], nodes: int = 1) -> Result:
    """Everything from a fresh machine to a page worth looking at.

    Args:
        branch: Branch to show; None: the one that is checked out.
        set_up: Set-up, with what it shows.
        nodes: Docker engines to spread it over.

    Raises:
        OperationError: A step failed.
    """
    checkout = Paths.default().checkout
    chosen = branch or current_branch(checkout)
    times: list[tuple[str, float]] = []

    with _timed(times, "set-up"):
        set_up()
    base = CLUSTER if nodes > 1 else LOCAL
    with _timed(times, "local base"), Progressing(err, "Local base", "edge-").running() as shown:
        engine = open_engine(shown.note)
        if nodes > 1:
            bring_up_cluster(engine, cluster_of(Paths.default(), nodes), shown.note, shown.step)
        else:
            bring_up_local(engine, checkout, shown.step)
    with _timed(times, "preview, all healthy"):
        request = DeployRequest(branch=chosen, base=base, commit=current_commit(checkout))
        deployed = deploy_with_progress(request)
        assert isinstance(deployed, Deployed), "only an update can find nothing to do, or have to wait"
    with _timed(times, "data in all panels"), Progressing(err, "Dashboards have data").running() as shown:
        viewer = Viewer(deployed.url, machine_at(open_engine(), base).entrance)
        wait_for_data(viewer, shown.count)
    verified = verify_with_progress(open_engine(), VerifyRequest(branch=chosen, minutes=1, wait=False))
    verified.require()
    times.append(("checks", verified.seconds))

    quoted, address = escape(shlex.quote(chosen)), opening_url(deployed.url)
    err.print()
    err.print(_times_table(times))
    if names := [node.name for node in deployed.base.nodes]:
        err.print()
        err.print(picture(machine_at(open_engine(), base).docker.of_slug(deployed.name.slug), names))
    err.print(
        f"\n[bold green]The preview of {escape(chosen)} is alive.[/]\n"
        f"  look      {address}  (anonymous viewer; the certificate is the local proxy's own)\n"
        f"  log in    ./preview credentials {quoted}\n"
        f"  checks    {verify_line(verified)}; in full: ./preview verify {quoted}\n"
        f"  remove    {_removal(quoted, nodes)}\n",
        highlight=False,
        soft_wrap=True,
    )
    seconds = {phase: round(spent, 1) for phase, spent in times}
    return Result(text=address, data={"branch": chosen, "url": deployed.url, "open": address, "seconds": seconds})


def _removal(branch: str, nodes: int) -> str:
    """What takes away what the demo has made."""
    down = f"; the engines too: ./preview demo --nodes {nodes} --down" if nodes > 1 else ""
    return f"./preview destroy {branch}{down}"


def end_cluster(nodes: int) -> Result:
    """Destroy the previews on the engines that a demo has started, and end those.

    Raises:
        OperationError: A step failed; it can be run again.
    """
    engine = open_engine()
    for preview in previews(engine, dt.datetime.now(dt.UTC), CLUSTER):
        if preview.base == CLUSTER:
            destroy(engine, DestroyRequest.of_branch(preview.branch, CLUSTER), quietly())
    with Progressing(err, "Local base", "edge-").running():
        take_down_cluster(engine, cluster_of(Paths.default(), nodes))
    return Result(note="The engines are gone, with all that was on them.")


@contextmanager
def _timed(times: list[tuple[str, float]], phase: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    times.append((phase, time.monotonic() - started))


def _times_table(times: Sequence[tuple[str, float]]) -> Table:
    """Time of each phase."""
    rows = Table(box=None, pad_edge=False, show_header=False)
    rows.add_column()
    rows.add_column(justify="right")
    for phase, seconds in times:
        rows.add_row(phase, f"{seconds:.1f} s")
    rows.add_row("[bold]total[/]", f"[bold]{sum(seconds for _, seconds in times):.1f} s[/]")
    return rows
