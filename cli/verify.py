"""The command that says whether a preview is what it has to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.app import LOOK, Base, Branch, Json, app, engine, err, out


@app.command(rich_help_panel=LOOK)
def verify(
    branch: Branch,
    base: Base = "local",
    minutes: Annotated[
        int, typer.Option(min=1, max=24 * 60, help="Window of the activity; what it lacks is waited for.")
    ] = 10,
    as_json: Json = False,
    screenshots: Annotated[Path | None, typer.Option(help="Directory that gets a picture of every dashboard.")] = None,
    junit: Annotated[Path | None, typer.Option(help="File that gets the checks as JUnit XML, for CI.")] = None,
) -> None:
    """Check a preview as a viewer: address, dashboards, panels, and that the activity varies."""
    from cli.verification import verify_with_progress
    from cli.verify_table import verify_table
    from operations.verify.verify import VerifyRequest

    del base  # The stack says where its preview runs; the option is there so that every command takes it.
    request = VerifyRequest(branch=branch, minutes=minutes, pictures=screenshots)
    result = verify_with_progress(engine(), request, err, junit=junit)
    if as_json:
        typer.echo(json.dumps(result.as_dict(), indent=2))
    else:
        out.print(verify_table(result))
    result.require()
