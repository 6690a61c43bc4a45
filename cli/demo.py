"""Everything from a fresh machine to a page worth looking at.

Apart from :mod:`cli.phases` because it talks to pages, which takes modules that a deploy need not load.
"""

from __future__ import annotations

import os
import shlex
import time

from rich.console import Console
from rich.markup import escape

from cli.phases import current_branch, current_commit, deploy_with_progress, engine, set_up
from cli.progress import Progressing
from cli.tables import times_table
from cli.verification import verify_with_progress
from cli.verify_table import verify_line
from operations import bases
from operations.life.request import DeployRequest
from operations.verify.verify import VerifyRequest
from operations.verify.viewer import Viewer
from operations.verify.waiting import wait_for_data
from stacks.paths import Paths
from stacks.settings import DEFAULT_DOCKER_HOST


def demo(paths: Paths, branch: str | None, console: Console) -> str:
    """Everything from a fresh machine to a page worth looking at.

    Returns:
        The address of the preview.
    """
    chosen = branch or current_branch(paths.checkout)
    times: list[tuple[str, float]] = []

    started = time.monotonic()
    set_up(paths, console)
    times.append(("set-up", time.monotonic() - started))

    started = time.monotonic()
    address = os.environ.get("DOCKER_HOST") or DEFAULT_DOCKER_HOST
    with Progressing(console, "Local base", "edge-").running() as shown:
        bases.bring_up_local(engine(paths, shown.note), paths.checkout, address, shown.step)
    times.append(("local base", time.monotonic() - started))

    started = time.monotonic()
    wanted = DeployRequest(branch=chosen, base=bases.LOCAL, commit=current_commit(paths.checkout))
    deployed = deploy_with_progress(paths, wanted, console)
    assert deployed is not None, "only an update can find nothing to do"
    times.append(("preview, all healthy", time.monotonic() - started))

    started = time.monotonic()
    with Progressing(console, "Dashboards have data").running() as shown:
        panels = wait_for_data(Viewer(deployed.url, deployed.base), shown.count)
    times.append((f"data in all {len(panels)} panels", time.monotonic() - started))

    request = VerifyRequest(branch=chosen, minutes=1, wait=False)
    verified = verify_with_progress(engine(paths, lambda _: None), request, console)
    verified.require()
    times.append(("checks", verified.seconds))

    command = f"./preview credentials {shlex.quote(chosen)}"
    console.print()
    console.print(times_table(times))
    console.print(
        f"\n[bold green]The preview of {escape(chosen)} is alive.[/]\n"
        f"  look      {deployed.url}  (anonymous viewer; the certificate is the local proxy's own)\n"
        f"  log in    {escape(command)}\n"
        f"  checks    {verify_line(verified)}; in full: ./preview verify {escape(shlex.quote(chosen))}\n"
        f"  remove    ./preview destroy {escape(shlex.quote(chosen))}\n",
        highlight=False,
        soft_wrap=True,
    )
    return deployed.url
