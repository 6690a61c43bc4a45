"""An update of a preview that sleeps and for which there is no slot: kept on the machine until it is woken."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from components.host_scripts import script
from operations.errors import OperationError
from operations.life.request import DeployRequest
from operations.life.work import Work
from operations.machine.shell import ScriptError
from operations.upkeep.expiry import moment
from stacks.configuration import gather
from stacks.moments import text_of
from stacks.names import PreviewName
from stacks.paths import Paths

_REQUEST = "request.json"
_KEPT_AT = "kept_at"


@dataclass(frozen=True, kw_only=True)
class Postponed:
    """An update that waits for the wake of its preview.

    Attributes:
        name: The preview's names.
        url: Public address.
        why: Why it waits.
    """

    name: PreviewName
    url: str
    why: str


def keep_update(work: Work, request: DeployRequest, checkout: Path) -> None:
    """Keep what an update asks for, with the branch's files; what was kept before is replaced.

    Images and labels that an earlier one has named stay, as they would had it been applied.

    Raises:
        OperationError: The machine cannot be reached, or has no room for it.
    """
    own = checkout / "config"
    request = after_kept(work, request)
    with tempfile.TemporaryDirectory(prefix="pgai-update-") as folder:
        gather(request.config_directory or own, own).write(Path(folder) / "config")
        # The files have a place of their own by then.
        values = {one.name: getattr(request, one.name) for one in fields(request) if one.name != "config_directory"}
        values[_KEPT_AT] = text_of(dt.datetime.now(dt.UTC))
        (Path(folder) / _REQUEST).write_text(json.dumps(values, default=_plain), encoding="utf-8")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.add(folder, arcname=".")
    text = base64.encodebytes(archive.getvalue()).decode().rstrip("\n")
    work.machine.run(script("keep_update").replace("@ARCHIVE@", text), {"DIRECTORY": _directory(work)})


def fetch_update(work: Work) -> DeployRequest | None:
    """What an update has asked for while the preview slept; None where none has, or a later one was deployed.

    Its files stay on this machine for as long as the preview's others do: a plain ``pulumi up`` reads them again.

    Raises:
        OperationError: The machine cannot be reached, or what was kept cannot be read.
    """
    if not work.machine.run('[ ! -d "$DIRECTORY/update" ] || echo kept', {"DIRECTORY": _directory(work)}).strip():
        return None
    folder = Paths.default().staged(work.name.stack) / "update"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        work.machine.fetch(f"{_directory(work)}/update", folder)
    except ScriptError:
        # Somebody has made it good meanwhile.
        return None
    try:
        asked = _request(work, (folder / _REQUEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError) as error:
        raise OperationError(
            f"The update that was kept for the preview of {work.name.branch!r} cannot be read ({error}): deploy the "
            "branch again."
        ) from error
    if asked is None:
        forget_update(work)
        return None
    return replace(asked, config_directory=folder / "config")


def forget_update(work: Work) -> None:
    """Let go of an update that was kept: it has been applied, or something newer has.

    Raises:
        OperationError: The machine cannot be reached.
    """
    work.machine.run('rm -rf -- "$DIRECTORY/update"', {"DIRECTORY": _directory(work)})


def after_kept(work: Work, request: DeployRequest) -> DeployRequest:
    """What is asked for after an update that is kept: images and labels that it has named stay until others are named.

    Raises:
        OperationError: The machine cannot be reached.
    """
    earlier = _read(work)
    if earlier is None:
        return request
    labels = earlier.labels if request.labels is None else request.labels
    return replace(request, images={**earlier.images, **request.images}, labels=labels)


def _read(work: Work) -> DeployRequest | None:
    """What is kept already; None where nothing is that can be read."""
    text = work.machine.run('cat -- "$DIRECTORY/update/request.json" 2>/dev/null || :', {"DIRECTORY": _directory(work)})
    try:
        return _request(work, text)
    except (ValueError, TypeError, AttributeError):
        return None


def _request(work: Work, text: str) -> DeployRequest | None:
    """What was kept; None where the preview was deployed since, after a wake that did not get so far."""
    values = json.loads(text)
    kept = moment(values.get(_KEPT_AT, ""))
    deployed = moment(work.before.preview.deployed_at) if work.before.preview else None
    if kept and deployed and deployed > kept:
        return None
    names = {one.name for one in fields(DeployRequest)}
    return DeployRequest(**{name: value for name, value in values.items() if name in names})


def _plain(value: object) -> object:
    """A collection as JSON has it."""
    return dict(value) if isinstance(value, Mapping) else sorted(value) if isinstance(value, Collection) else value


def _directory(work: Work) -> str:
    return work.machine.base.directory(work.name.slug)
