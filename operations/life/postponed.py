"""An update of a preview that sleeps and for which there is no slot: kept on the machine until it is woken."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path

from components.host_scripts import script
from operations.engine.snapshot import Snapshot
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
_FORGET = """
if [ -z "$KEPT_AT" ] || grep -qsF -- "$KEPT_AT" "$DIRECTORY/update/request.json"; then rm -rf -- "$DIRECTORY/update"; fi
"""
_FOLDER = "update-"
_UNUSED_SECONDS = 3600
"""After so long no wake is on its way to what it has fetched: applying it follows at once."""


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
        values["kept_at"] = text_of(dt.datetime.now(dt.UTC))
        (Path(folder) / _REQUEST).write_text(json.dumps(values, default=_plain), encoding="utf-8")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.add(folder, arcname=".")
    text = base64.encodebytes(archive.getvalue()).decode().rstrip("\n")
    work.machine.run(script("keep_update").replace("@ARCHIVE@", text), {"DIRECTORY": _directory(work)})


def fetch_update(work: Work) -> DeployRequest | None:
    """What an update has asked for while the preview slept; None where none has, or a later one was deployed.

    Its files stay on this machine for as long as the preview's others do, or until another is applied: a plain
    ``pulumi up`` reads them again. They have a folder of their own: another wake may be about to apply what it has
    fetched.

    Raises:
        OperationError: The machine cannot be reached, or what was kept cannot be read.
    """
    if not work.machine.run('[ ! -d "$DIRECTORY/update" ] || echo kept', {"DIRECTORY": _directory(work)}).strip():
        return None
    place = Paths.default().staged(work.name.stack)
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=place))
    asked = None
    try:
        work.machine.fetch(f"{_directory(work)}/update", folder)
        asked = _request(work, (folder / _REQUEST).read_text(encoding="utf-8"))
        # It has the time of the machine's by now.
        os.utime(folder)
    except ScriptError:
        # Somebody has made it good meanwhile.
        return None
    except (OSError, ValueError, TypeError) as error:
        raise OperationError(
            f"The update that was kept for the preview of {work.name.branch!r} cannot be read ({error}): deploy the "
            "branch again."
        ) from error
    finally:
        if asked is None:
            shutil.rmtree(folder, ignore_errors=True)
    if asked is None:
        forget_update(work)
        return None
    return replace(asked, config_directory=folder / "config")


def forget_update(work: Work, tried: DeployRequest | None = None) -> None:
    """Let go of an update that was kept: it has been applied, or something newer has.

    Args:
        work: The operation.
        tried: The update; one that was kept meanwhile stays. None: whatever is kept.

    Raises:
        OperationError: The machine cannot be reached.
    """
    work.machine.run(_FORGET, {"DIRECTORY": _directory(work), "KEPT_AT": tried.kept_at if tried else ""})


def remove_others(work: Work, applied: DeployRequest) -> None:
    """Remove what this machine has of updates that were kept before one that is applied now."""
    for folder in Paths.default().staged(work.name.stack).glob(f"{_FOLDER}*"):
        # Another wake may have been faster.
        with suppress(FileNotFoundError):
            if folder / "config" != applied.config_directory and folder.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def is_outdated(request: DeployRequest, now: Snapshot) -> bool:
    """Whether a request was kept, and its preview has been deployed since."""
    kept = moment(request.kept_at)
    deployed = moment(now.preview.deployed_at) if now.preview else None
    return kept is not None and deployed is not None and deployed > kept


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
    names = {one.name for one in fields(DeployRequest)}
    request = DeployRequest(**{name: value for name, value in values.items() if name in names})
    return None if is_outdated(request, work.before) else request


def _plain(value: object) -> object:
    """A collection as JSON has it."""
    return dict(value) if isinstance(value, Mapping) else sorted(value) if isinstance(value, Collection) else value


def _directory(work: Work) -> str:
    return work.machine.base.directory(work.name.slug)
