"""``deploy`` and ``update``."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.app import MAKE, WAIT_SECONDS, Base, Branch, Json, Wait
from cli.files import require_file, write
from cli.result import Result, command
from operations.errors import BadInputError
from stacks.names import NameRefusedError, PreviewName
from stacks.paths import Paths

if TYPE_CHECKING:
    from operations.life.deploy import Deployed
    from operations.life.postponed import Postponed
    from operations.life.request import DeployRequest

Commit = Annotated[str, typer.Option(help="Commit that is deployed; recorded.")]
ConfigDirectory = Annotated[
    Path | None, typer.Option("--config-dir", help="Monitoring configuration of the branch, of the layout of config/.")
]
Images = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        help="SERVICE=REFERENCE, another image for a service from now on, in which each deploy fills in {commit} and "
        "{slug}; SERVICE=default for the usual one again; may be repeated.",
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(help="Labels of the branch's merge request, separated by commas; preview::keep keeps the preview."),
]
Dotenv = Annotated[Path | None, typer.Option(help="File that gets PREVIEW_URL and PREVIEW_SLUG for CI.")]


def _deploying(what: str, *, only_existing: bool) -> Callable[..., Result]:
    """A command that deploys a branch.

    Args:
        what: What its help says.
        only_existing: Whether it does nothing where there is no preview.
    """

    def deploying(
        branch: Branch,
        base: Base = "local",
        commit: Commit = "",
        config_dir: ConfigDirectory = None,
        image: Images = None,
        labels: Labels = None,
        dotenv: Dotenv = None,
        wait: Wait = WAIT_SECONDS,
        as_json: Json = False,
    ) -> Result:
        from operations.life.request import DeployRequest

        request = DeployRequest(
            branch=branch,
            base=base,
            commit=commit,
            config_directory=config_dir,
            images=images_of(image or []),
            only_existing=only_existing,
            labels=labels_of(labels),
        )
        return _run(request, dotenv, wait)

    deploying.__doc__ = what
    return deploying


deploy = command(MAKE, "deploy")(_deploying("Create the preview of a branch, or update it.", only_existing=False))
update = command(MAKE, "update")(
    _deploying("Update the preview of a branch, if there is one; none is success too.", only_existing=True)
)


def _run(request: DeployRequest, dotenv: Path | None, wait: float) -> Result:
    from operations.life.postponed import Postponed
    from operations.verify.timing import opening_url

    require_file(dotenv)
    started = time.monotonic()
    try:
        deployed = deploy_with_progress(request, wait)
    except NameRefusedError:
        if not request.only_existing:
            raise
        deployed = None
    quoted = shlex.quote(request.branch)
    if deployed is None:
        return Result(
            data={"branch": request.branch, "result": "absent"},
            note=f"There is no preview of {request.branch}: nothing to update. ./preview deploy {quoted} makes one.",
        )
    # A young preview has no data yet in the range that most dashboards name.
    address = opening_url(deployed.url)
    name = deployed.name
    write(dotenv, f"PREVIEW_URL={address}\nPREVIEW_SLUG={name.slug}\n")
    known = {"branch": request.branch, "slug": name.slug, "stack": name.stack, "url": deployed.url, "open": address}
    if isinstance(deployed, Postponed):
        return Result(
            data={**known, "result": "postponed", "reason": deployed.why},
            note=f"The preview of {request.branch} is asleep, and its update is kept for its wake: ./preview wake "
            f"{quoted} applies it. {deployed.why}",
        )
    verb = "created" if deployed.created else ("updated" if deployed.changes.changed else "unchanged")
    seconds = time.monotonic() - started
    return Result(
        text=address,
        data={**known, "result": verb, "seconds": round(seconds, 1)},
        note=f"Preview of {request.branch} {verb} in {seconds:.1f} s; log in as admin with the password that "
        f"./preview credentials {quoted} shows.",
    )


def deploy_with_progress(request: DeployRequest, wait_seconds: float = WAIT_SECONDS) -> Deployed | Postponed | None:
    """Deploy, and show how it goes."""
    from cli.session import working
    from operations.life.deploy import deploy as run

    with working("Deploy", PreviewName(request.branch), wait_seconds) as session:
        return run(session.engine, Paths.default().checkout, request, session.interrupts, session.told)


def labels_of(text: str | None) -> frozenset[str] | None:
    """Labels as GitLab lists them; None where nobody does. No label has a comma in its name."""
    return None if text is None else frozenset(filter(None, (label.strip() for label in text.split(","))))


def images_of(pairs: list[str]) -> dict[str, str]:
    """Service → image reference, from ``SERVICE=REFERENCE``.

    Raises:
        BadInputError: A pair is not of that form.
    """
    images: dict[str, str] = {}
    for pair in pairs:
        service, equals, reference = pair.partition("=")
        if not (service and equals and reference):
            raise BadInputError(
                f"--image takes SERVICE=REFERENCE, not {pair!r}: for example grafana=grafana/grafana:12.0.2, or "
                "grafana=default for the usual one."
            )
        images[service] = reference
    return images
