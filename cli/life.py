"""Commands that make previews, change them and take them away."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.app import (
    AUTOMATION,
    EXIT_UNEXPECTED,
    MAKE,
    Base,
    Branch,
    Json,
    app,
    engine,
    err,
    note,
    out,
    phases,
)
from operations.errors import BadInputError, OperationError
from stacks.moments import text_of
from stacks.paths import Paths

Commit = Annotated[str, typer.Option(help="Commit that is deployed; recorded.")]
ConfigDirectory = Annotated[
    Path | None, typer.Option("--config-dir", help="Monitoring configuration of the branch, of the layout of config/.")
]
Images = Annotated[
    list[str] | None, typer.Option("--image", help="SERVICE=REFERENCE, another image for a service; may be repeated.")
]
Dotenv = Annotated[Path | None, typer.Option(help="File that gets PREVIEW_URL and PREVIEW_SLUG for CI.")]


@app.command(rich_help_panel=MAKE)
def deploy(
    branch: Branch,
    base: Base = "local",
    commit: Commit = "",
    config_dir: ConfigDirectory = None,
    image: Images = None,
    dotenv: Dotenv = None,
) -> None:
    """Create the preview of a branch, or update it."""
    _deploy(branch, base, commit, config_dir, image, dotenv, only_existing=False)


@app.command(rich_help_panel=MAKE)
def update(
    branch: Branch,
    base: Base = "local",
    commit: Commit = "",
    config_dir: ConfigDirectory = None,
    image: Images = None,
    dotenv: Dotenv = None,
) -> None:
    """Update the preview of a branch, if there is one; none is success too."""
    _deploy(branch, base, commit, config_dir, image, dotenv, only_existing=True)


def _deploy(
    branch: str,
    base: str,
    commit: str,
    config_dir: Path | None,
    image: list[str] | None,
    dotenv: Path | None,
    *,
    only_existing: bool,
) -> None:
    from operations.life.request import DeployRequest

    request = DeployRequest(
        branch=branch,
        base=base,
        commit=commit,
        config_directory=config_dir,
        images=_images(image or []),
        only_existing=only_existing,
    )
    started = time.monotonic()
    deployed = phases().deploy_with_progress(Paths.default(), request, err)
    if deployed is None:
        note(f"There is no preview of {branch}: nothing to update. ./preview deploy {shlex.quote(branch)} makes one.")
        return
    if dotenv:
        dotenv.write_text(f"PREVIEW_URL={deployed.url}\nPREVIEW_SLUG={deployed.slug}\n", encoding="utf-8")
    verb = "created" if deployed.created else ("updated" if deployed.changes.changed else "unchanged")
    note(
        f"Preview of {branch} {verb} in {time.monotonic() - started:.1f} s; log in as admin with the "
        f"password that ./preview credentials {shlex.quote(branch)} shows."
    )
    typer.echo(deployed.url)


def _images(pairs: list[str]) -> dict[str, str]:
    images: dict[str, str] = {}
    for pair in pairs:
        service, equals, reference = pair.partition("=")
        if not (service and equals and reference):
            raise BadInputError(
                f"--image takes SERVICE=REFERENCE, not {pair!r}: for example grafana=grafana/grafana:12.0.2."
            )
        images[service] = reference
    return images


@app.command(rich_help_panel=MAKE)
def destroy(
    branch: Branch,
    base: Base = "local",
    forget: Annotated[
        bool, typer.Option("--forget", help="The machine is lost: delete the DNS record, drop the rest from the state.")
    ] = False,
) -> None:
    """Destroy the preview of a branch; nothing there is success too."""
    changes = phases().destroy_with_progress(Paths.default(), branch, base, err, forget=forget)
    if changes is None:
        note(f"There is no preview of {branch}: nothing to destroy.")
    else:
        note(f"Preview of {branch} destroyed in {changes.seconds:.1f} s.")


@app.command(rich_help_panel=MAKE)
def extend(
    branch: Branch,
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="By how many hours.")],
    base: Base = "local",
    as_json: Json = False,
) -> None:
    """Move the end of a branch's preview; of one that has expired, counted from now."""
    from operations.upkeep.expiry import extend as move_end

    del base  # The stack says where its preview runs; the option is there so that every command takes it.
    end = move_end(engine(), branch, hours, dt.datetime.now(dt.UTC))
    if as_json:
        typer.echo(json.dumps({"branch": branch, "expires_at": text_of(end)}, indent=2))
    else:
        out.print(f"The preview of {escape(branch)} lives until {text_of(end)}.", highlight=False)


@app.command(rich_help_panel=AUTOMATION)
def reap(
    base: Base = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be destroyed.")] = False,
    branches_from: Annotated[
        str, typer.Option(help="Git remote; previews of branches that it does not have are destroyed too.")
    ] = "",
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Remove what no stack owns; without it, it is only listed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Destroy previews that have expired or whose branch is gone, and list what no stack owns."""
    from cli.tables import orphan_table, reaped_table
    from operations.engine.interrupts import Interrupts
    from operations.upkeep.orphans import find_orphans
    from operations.upkeep.reap import ReapRequest
    from operations.upkeep.reap import reap as reap_previews

    now = dt.datetime.now(dt.UTC)
    pulumi = engine()
    request = ReapRequest(base=base, branches_from=branches_from, dry_run=dry_run, now=now)
    with Interrupts(pulumi.process).watched():
        reaped = reap_previews(pulumi, request, note)
        try:
            found = find_orphans(pulumi, base, remove=orphans and not dry_run)
            unread = ""
        except OperationError as error:
            # The previews are what matters; their result must not be lost.
            found, unread = [], str(error)
    if as_json:
        rows = {"previews": [one.as_dict() for one in reaped], "orphans": [one.as_dict() for one in found]}
        typer.echo(json.dumps(rows, indent=2))
    else:
        if reaped:
            out.print(reaped_table(reaped))
        else:
            out.print("No preview is due.")
        if found:
            out.print(orphan_table(found, now))
            if not orphans:
                note("No stack owns these: ./preview reap --orphans removes them.")
    if unread:
        note(f"What no stack owns could not be looked for: {unread}")
    if unread or "failed" in {one.result for one in reaped} | {one.result for one in found}:
        raise typer.Exit(EXIT_UNEXPECTED)
