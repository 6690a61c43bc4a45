"""A branch's files on the host: which they are, what they hash to, and how they get there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.digests import digest_of_files
from components.machine import Host

_DIGEST_LENGTH = 16


def digest_of(folders: Mapping[str, Path], only: Iterable[str] | None = None) -> str:
    """Digest of files' names and contents.

    Args:
        folders: Top name → folder.
        only: Paths that start with a top name; files elsewhere do not count. None: all of them.

    Returns:
        16 hexadecimal digits; the same for the same files whatever their times and owners.

    Raises:
        OSError: A file cannot be read.
    """
    chosen = None if only is None else tuple(only)
    named = (
        (f"{top}/{path.relative_to(folder).as_posix()}", path)
        for top, folder in sorted(folders.items())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
    return digest_of_files(each for each in named if chosen is None or below(each[0], chosen))[:_DIGEST_LENGTH]


def below(name: str, parts: Iterable[str]) -> bool:
    """Whether a name is one of the paths, or below one."""
    return any(name == part or name.startswith(f"{part}/") for part in parts)


@dataclass(frozen=True, kw_only=True)
class PreviewFilesArgs:
    """What is brought to the host.

    Attributes:
        host: The machine.
        directory: Directory of the preview on it.
        folders: Top name → folder on this machine.
    """

    host: Host
    directory: str
    folders: Mapping[str, Path]


class PreviewFiles(pulumi.ComponentResource):
    """Copies of a branch's folders in the preview's directory on the host.

    A preview must not change because somebody switches branches in a checkout, so containers only ever see the copies.
    """

    placed: list[pulumi.Resource]

    def __init__(self, name: str, args: PreviewFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:files:PreviewFiles", name, None, opts)
        self.placed = [
            args.host.copy(
                f"{name}-{top}",
                source=folder,
                destination=f"{args.directory}/{top}",
                digest=digest_of({top: folder}),
                opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), _dependencies(opts)),
            )
            for top, folder in args.folders.items()
        ]
        self.register_outputs({})


def _dependencies(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    # What a component depends on does not reach its children by itself.
    return pulumi.ResourceOptions(depends_on=opts.depends_on if opts else None)
