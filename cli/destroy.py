"""``destroy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.app import MAKE, WAIT_SECONDS, Base, Branch, Json, Wait
from cli.result import Result, command
from operations.errors import BadInputError
from stacks.names import PreviewName

if TYPE_CHECKING:
    from operations.engine.workspace import Changes


@command(MAKE)
def destroy(
    branch: Branch,
    base: Base = "local",
    forget: Annotated[
        bool, typer.Option("--forget", help="The machine is lost: delete the DNS record, drop the rest from the state.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="With --forget: also where the machine answers.")] = False,
    wait: Wait = WAIT_SECONDS,
    as_json: Json = False,
) -> Result:
    """Destroy the preview of a branch; nothing there is success too."""
    if force and not forget:
        raise BadInputError("--force goes with --forget alone: without it, destroy removes everything.")
    changes = destroy_with_progress(branch, base, wait, forget=forget, force=force)
    if changes is None:
        data = {"branch": branch, "result": "absent"}
        return Result(data=data, note=f"There is no preview of {branch}: nothing to destroy.")
    return Result(
        data={"branch": branch, "result": "destroyed", "seconds": round(changes.seconds, 1)},
        note=f"Preview of {branch} destroyed in {changes.seconds:.1f} s.",
    )


def destroy_with_progress(
    branch: str,
    base: str,
    wait_seconds: float = WAIT_SECONDS,
    *,
    why: str = "",
    forget: bool = False,
    force: bool = False,
) -> Changes | None:
    """Destroy, and show how it goes."""
    from cli.session import working
    from operations.life import destroy as life

    request = life.DestroyRequest.of_branch(branch, base, why)
    with working("Destroy", PreviewName(branch), wait_seconds) as session:
        if forget:
            return life.forget(session.engine, request, session.told, force=force)
        return life.destroy(session.engine, request, session.told)
