"""The files of a branch that each service reads on a cluster, where every file is a config of the Swarm."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker

from components.cluster_names import stem_of
from components.files import below
from components.service_spec import ServiceSpec

MOST_BYTES = 5_000_000
"""Bytes of all files of a preview: the managers keep them in memory, and agree on each."""

MOST_BYTES_OF_ONE = 1_000_000
"""Bytes of one file; the Swarm takes less than 1024 kB."""

_DIGEST_LENGTH = 16
_NAMED = 3


class FilesRefusedError(ValueError):
    """The files are too large for a cluster; the message names the largest."""


@dataclass(frozen=True)
class ServiceFile:
    """A file as one service sees it.

    Attributes:
        name: Name below the branch's files, such as ``config/prometheus/prometheus.yml``.
        path: Path in the container.
        content: What is in it. Where that is nothing it is the end of a line, for a config cannot be empty.
        executable: Whether its owner may run it.
    """

    name: str
    path: str
    content: bytes
    executable: bool

    @property
    def digest(self) -> str:
        """Names the content; the same for the same content, whatever the file is called."""
        return hashlib.sha256(self.content).hexdigest()[:_DIGEST_LENGTH]


def files_of(service: ServiceSpec, folders: Mapping[str, Path]) -> tuple[ServiceFile, ...]:
    """Files that a service reads.

    Args:
        service: The service.
        folders: Top name → folder.

    Raises:
        OSError: A file cannot be read.
    """
    found = []
    for top, folder in sorted(folders.items()):
        for file in sorted(folder.rglob("*")):
            name = f"{top}/{file.relative_to(folder).as_posix()}"
            if not file.is_file() or (service.reads and not below(name, service.reads)):
                continue
            found += [
                ServiceFile(
                    name=name,
                    path=f"{target}{name.removeprefix(mounted)}",
                    content=file.read_bytes() or b"\n",
                    executable=bool(file.stat().st_mode & 0o100),
                )
                for mounted, target in service.mounts.items()
                if below(name, (mounted,))
            ]
    return tuple(found)


def require_small(files: Iterable[ServiceFile], folders: Mapping[str, Path]) -> None:
    """Refuse files that a cluster does not take.

    Args:
        files: Files of all services; what several read is counted once.
        folders: Top name → folder that they came from.

    Raises:
        FilesRefusedError: One is too large, or all together are.
    """
    sizes = {file.name: len(file.content) for file in files}
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))
    too_large = [name for name in largest if sizes[name] > MOST_BYTES_OF_ONE]
    told = (too_large or largest)[:_NAMED]
    where = ", ".join(str(folders[top]) for top in sorted({name.partition("/")[0] for name in told}))
    named = ", ".join(f"{name} ({_megabytes(sizes[name])})" for name in told)
    if too_large:
        raise FilesRefusedError(
            f"On a cluster a file of a preview has {_megabytes(MOST_BYTES_OF_ONE)} at most, and {len(too_large)} in "
            f"{where} {'has' if len(too_large) == 1 else 'have'} more: {named}. Make it smaller, or split it."
        )
    if sum(sizes.values()) > MOST_BYTES:
        raise FilesRefusedError(
            f"On a cluster the files of a preview have {_megabytes(MOST_BYTES)} at most, and those in {where} have "
            f"{_megabytes(sum(sizes.values()))}. The largest: {named}. Take out what the preview does not need."
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


class ServiceFiles(pulumi.ComponentResource):
    """A config for each content, whoever reads it. What has not changed keeps its name, and is not sent again.

    Args:
        name: Name of the component.
        slug: The preview.
        labels: Labels of everything that Docker keeps for the preview.
        opts: Parent, and what all configs depend on and are deleted with.
    """

    def __init__(self, name: str, slug: str, labels: Mapping[str, str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("preview:service_files:ServiceFiles", name, None, pulumi.ResourceOptions(parent=opts.parent))
        self._name = name
        self._stem = stem_of(slug)
        self._labels = [docker.ServiceConfigLabelArgs(label=label, value=value) for label, value in labels.items()]
        self._opts = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, deleted_with=opts.deleted_with)
        self._configs: dict[str, docker.ServiceConfig] = {}
        self.register_outputs({})

    def mounted(self, files: Iterable[ServiceFile]) -> list[docker.ServiceTaskSpecContainerSpecConfigArgs]:
        """What a service's containers get to see, and nobody can write."""
        return [
            docker.ServiceTaskSpecContainerSpecConfigArgs(
                config_id=config.id,
                config_name=config.name,
                file_name=file.path,
                file_mode=0o555 if file.executable else 0o444,
            )
            for file in files
            for config in (self._config(file),)
        ]

    def _config(self, file: ServiceFile) -> docker.ServiceConfig:
        if file.digest not in self._configs:
            self._configs[file.digest] = docker.ServiceConfig(
                f"{self._name}-{file.digest}",
                name=f"{self._stem}.{file.digest}",
                data=base64.b64encode(file.content).decode(),
                labels=self._labels,
                opts=self._opts,
            )
        return self._configs[file.digest]
