"""``sleep`` and ``wake``."""

from __future__ import annotations

import time

from cli.app import MAKE, WAIT_SECONDS, Branch, Json, OnlyBase, Wait
from cli.result import Result, command
from stacks.names import PreviewName
from stacks.paths import Paths


@command(MAKE)
def sleep(branch: Branch, base: OnlyBase = "", wait: Wait = WAIT_SECONDS, as_json: Json = False) -> Result:
    """Stop the containers of a branch's preview, which gives its slot back; its data stays."""
    from cli.session import working
    from operations.life.sleep import sleep as run

    started = time.monotonic()
    with working("Sleep", PreviewName(branch), wait) as session:
        slept = run(session.engine, branch, session.told, base=base, interrupts=session.interrupts)
    seconds = time.monotonic() - started
    data = {
        "branch": branch,
        "slug": slept.name.slug,
        "stack": slept.name.stack,
        "result": "asleep" if slept.changed else "unchanged",
        "asleep_since": slept.since,
        "seconds": round(seconds, 1),
    }
    if not slept.changed:
        return Result(data=data, note=f"The preview of {branch} is asleep already, since {slept.since}.")
    return Result(
        data=data,
        note=f"The preview of {branch} is asleep after {seconds:.1f} s; "
        f"{'its data stays' if slept.keeps_data else 'its data begins anew when it wakes'}, and its end stays "
        "(./preview list).",
    )


@command(MAKE)
def wake(branch: Branch, base: OnlyBase = "", wait: Wait = WAIT_SECONDS, as_json: Json = False) -> Result:
    """Wake the preview of a branch, in a slot of its own; an update that was kept for it is applied."""
    from cli.session import working
    from operations.life.wake import wake as run
    from operations.verify.timing import opening_url

    started = time.monotonic()
    with working("Wake", PreviewName(branch), wait) as session:
        woken = run(session.engine, Paths.default().checkout, branch, session.interrupts, session.told, base=base)
    seconds = time.monotonic() - started
    address = opening_url(woken.url)
    result = "updated" if woken.updated is not None else "awake" if woken.changed else "unchanged"
    said = {
        "updated": f"The preview of {branch} is awake and updated after {seconds:.1f} s.",
        "awake": f"The preview of {branch} is awake after {seconds:.1f} s.",
        "unchanged": f"The preview of {branch} is awake already.",
    }
    return Result(
        text=address,
        data={
            "branch": branch,
            "slug": woken.name.slug,
            "stack": woken.name.stack,
            "url": woken.url,
            "open": address,
            "result": result,
            "seconds": round(seconds, 1),
        },
        note=said[result],
    )
