"""Grafana's dashboard providers: each shows a folder of the branch, and a preview mounts that folder elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml
from pydantic import BaseModel

from components.service_spec import CONFIG_MOUNT
from stacks.configuration.documents import Document, mapping_at, put, rows, text_at
from stacks.configuration.faults import Fault
from stacks.configuration.layout import DASHBOARDS, PROVIDERS
from stacks.configuration.values import GrafanaFlag, GrafanaWhole, Named, Organisation, Uid


class _Provider(BaseModel):
    name: Named
    type: str | None = None
    folder: str | None = None
    folderUid: Uid | None = None  # noqa: N815 - Grafana's names
    orgId: Organisation | None = None  # noqa: N815
    disableDeletion: GrafanaFlag | None = None  # noqa: N815
    editable: GrafanaFlag | None = None
    allowUiUpdates: GrafanaFlag | None = None  # noqa: N815
    updateIntervalSeconds: GrafanaWhole | None = None  # noqa: N815
    options: dict[str, Any]


class _File(BaseModel):
    apiVersion: GrafanaWhole | None = None  # noqa: N815
    providers: list[_Provider] | None = None


@dataclass(frozen=True)
class Shown:
    """What providers show.

    Attributes:
        folders: Folder of the branch → where it is said.
        uids: Uid of a Grafana folder → file that names it.
        changed: Files in which a path has been changed.
        faults: Why Grafana would not show it.
    """

    folders: dict[str, str]
    uids: dict[str, str]
    changed: list[Document]
    faults: list[Fault]

    def has(self, dashboard: str) -> bool:
        """Whether a provider shows a dashboard."""
        return any(dashboard.startswith(f"{folder}/") for folder in self.folders)


def provider_faults(documents: Iterable[Document]) -> list[Fault]:
    """Why Grafana would not start with these files."""
    faults: list[Fault] = []
    for document in documents:
        shape = document.shape_faults(_File)
        faults += shape
        if shape:
            continue
        data = document.data or {}
        if (data.get("apiVersion") or "0").strip("0") == "":
            faults.append(document.fault("must say apiVersion: 1; without it Grafana reads a format of long ago."))
        for index, row in enumerate(data.get("providers") or []):
            place = ("providers", index)
            if (row.get("type") or "file") != "file":
                faults.append(document.fault("the type of a provider must be file.", *place))
            path = row["options"].get("path") or row["options"].get("folder")
            if not isinstance(path, str):
                faults.append(document.fault("options.path must say where the provider's dashboards are.", *place))
            files = row["options"].get("foldersFromFilesStructure")
            if str(files).lower() == "true" and row.get("folder") and row.get("folderUid"):
                faults.append(
                    document.fault("foldersFromFilesStructure goes with neither folder nor folderUid.", *place)
                )
    return faults


def mount(documents: Iterable[Document], dashboards: Collection[str]) -> Shown:
    """Let every provider read the folder of the branch that it means, where the preview mounts it.

    Args:
        documents: Provider files of the right shape; they are changed.
        dashboards: Names of the dashboards.
    """
    shown = Shown({}, {}, [], [])
    titles: dict[str, str] = {}
    every = [
        (document, index, row) for document in documents for index, row in enumerate(rows(document.root, "providers"))
    ]
    for document, index, row in every:
        options = mapping_at(row, "options")
        path = text_at(options, "path") or text_at(options, "folder")
        folder = _folder_of(path, dashboards, alone=len(every) == 1)
        if folder is None:
            reason = f"the provider {text_at(row, 'name')!r} shows {path}, and the branch has no dashboards for it."
            shown.faults.append(document.fault(f"{reason} Put them into {DASHBOARDS}.", "providers", index))
            continue
        for other, where in shown.folders.items():
            if f"{folder}/".startswith(f"{other}/") or f"{other}/".startswith(f"{folder}/"):
                reason = (
                    f"shows {folder} as the provider in {where} does: Grafana would save the dashboards of neither."
                )
                shown.faults.append(document.fault(reason, "providers", index))
        shown.folders[folder] = f"{document.file}, line {row.start_mark.line + 1}"
        uid, title = text_at(row, "folderUid"), text_at(row, "folder")
        if uid and titles.setdefault(uid, title) != title:
            reason = (
                f"gives the folderUid {uid!r}, which {shown.uids[uid]} gives to another folder: give it another one."
            )
            shown.faults.append(document.fault(reason, "providers", index))
        if uid:
            shown.uids.setdefault(uid, document.file)
        _set_path(document, options, path, f"{CONFIG_MOUNT}/{folder}", shown)
    return shown


def _set_path(document: Document, options: yaml.MappingNode, path: str, mounted: str, shown: Shown) -> None:
    if path != mounted or not text_at(options, "path"):
        put(options, "path", mounted)
        if document not in shown.changed:
            shown.changed.append(document)


def _folder_of(path: str, dashboards: Collection[str], *, alone: bool) -> str | None:
    """The folder of the branch that a path in somebody's Grafana stands for.

    Where it was mounted is not in the branch, so what the path ends with decides: as much of it as the branch has.
    """
    parts = [part for part in PurePosixPath(path.removeprefix(CONFIG_MOUNT)).parts if part not in ("/", ".", "..")]
    folders = {folder.as_posix() for name in dashboards for folder in PurePosixPath(name).parents}
    for start in range(len(parts)):
        rest = "/".join(parts[start:])
        for above in ("", "grafana/", "grafana/provisioning/", f"{DASHBOARDS}/"):
            found = f"{above}{rest}"
            if found in folders and (found == DASHBOARDS or found.startswith((f"{DASHBOARDS}/", PROVIDERS))):
                return found
    own = [folder for folder in (DASHBOARDS, PROVIDERS) if folder in folders]
    return own[0] if alone and own else None
