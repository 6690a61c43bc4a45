"""What goes into an image's build, and what the engine says meanwhile."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toolchain.context import Step


def archive(files: Iterable[tuple[Path, str]]) -> io.BytesIO:
    """A build context with nothing in it that differs between two machines."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        for path, name in files:
            entry = target.gettarinfo(str(path), name)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime = 0
            entry.mode = 0o755 if entry.mode & 0o100 else 0o644
            with path.open("rb") as content:
                target.addfile(entry, content)
    buffer.seek(0)
    return buffer


def count_layers(step: Step, layers: dict[str, float], event: dict[str, Any]) -> None:
    """Progress of a pull: the mean over its layers."""
    import docker

    if "error" in event:
        raise docker.errors.APIError(event["error"])
    identifier = event.get("id")
    status = str(event.get("status", ""))
    if not identifier or not status:
        return
    detail = event.get("progressDetail") or {}
    if status == "Downloading" and detail.get("total"):
        layers[identifier] = 0.8 * detail["current"] / detail["total"]
    elif status in {"Pull complete", "Already exists"}:
        layers[identifier] = 1.0
    elif status == "Pulling fs layer":
        layers.setdefault(identifier, 0.0)
    if layers:
        step.progress(sum(layers.values()) / len(layers), "pulling")


def count_steps(step: Step, text: str) -> None:
    """Progress of a build, from lines such as ``Step 3/9 : RUN ...``."""
    if not text.startswith("Step "):
        return
    number, _, total = text.removeprefix("Step ").partition(" ")[0].partition("/")
    if number.isdigit() and total.isdigit():
        step.progress((int(number) - 1) / int(total), text.strip()[:80])
