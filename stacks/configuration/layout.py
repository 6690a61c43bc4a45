"""The layout of a configuration directory: where what is, and what a branch's directory has of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from stacks.configuration.faults import ConfigurationError, Fault

DATASOURCES = "grafana/provisioning/datasources"
PROVIDERS = "grafana/provisioning/dashboards"
GRAFANA_INI = "grafana/provisioning/grafana.ini"
DASHBOARDS = "grafana/dashboards"
SCRAPE = "prometheus/prometheus.yml"
METRICS = "pgwatch-prometheus/metrics.yml"
SOURCES = "pgwatch-prometheus/sources.yml"
SINK_METRICS = "pgwatch-postgres"
"""Metrics that the product collects with a second pgwatch, whose sink is the database."""
TARGET_SQL = "target-db"
SINK_SQL = "sink-postgres"

PARTS = (DATASOURCES, PROVIDERS, DASHBOARDS, SCRAPE, METRICS, SOURCES)
"""What a preview cannot do without."""

_ROOMS = ("grafana", "prometheus", "pgwatch-prometheus", SINK_METRICS, TARGET_SQL, SINK_SQL)
_YAML = (".yml", ".yaml")
_MOST_ENTRIES = 10_000
_MOST_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Tree:
    """What a directory has.

    Attributes:
        root: The directory.
        files: Names of regular files in the rooms of the layout, below the directory.
        beside: What is in the directory and no room of the layout; folders end with ``/``.
        faults: What must not be there.
    """

    root: Path
    files: tuple[str, ...]
    beside: tuple[str, ...]
    faults: tuple[Fault, ...]


def part_of(name: str) -> str | None:
    """The part of the layout that a file belongs to; None where it is not used."""
    folder, _, file = name.rpartition("/")
    suffix = os.path.splitext(file)[1]  # noqa: PTH122 - names, not paths of this machine
    if name == GRAFANA_INI:
        return GRAFANA_INI
    if folder in (DATASOURCES, PROVIDERS) or folder.startswith((f"{DATASOURCES}/", f"{PROVIDERS}/")):
        part = DATASOURCES if folder.startswith(DATASOURCES) else PROVIDERS
        if suffix in _YAML:
            # Grafana reads the files of these folders, not those of folders below.
            return part if folder == part else None
        return DASHBOARDS if suffix == ".json" and part == PROVIDERS else None
    if suffix == ".json" and (folder == DASHBOARDS or folder.startswith(f"{DASHBOARDS}/")):
        return DASHBOARDS
    for part in (SCRAPE, SOURCES):
        if suffix in _YAML and f"{os.path.splitext(name)[0]}.yml" == part:  # noqa: PTH122
            return part
    if suffix in _YAML and folder in (os.path.dirname(METRICS), SINK_METRICS):  # noqa: PTH120
        return METRICS if not file.startswith("sources.") else None
    if suffix == ".sql" and folder in (TARGET_SQL, SINK_SQL):
        return folder
    return None


def look(root: Path) -> Tree:
    """List a directory without following what leads out of it; hidden entries are left out.

    Raises:
        ConfigurationError: It does not exist or cannot be listed.
    """
    try:
        if not stat.S_ISDIR(root.stat().st_mode):
            raise ConfigurationError(f"The configuration directory {root} is not a directory: give one.")
        top = sorted(os.scandir(root), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigurationError(f"The configuration directory {root} does not exist: give one that does.") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The configuration directory {root} cannot be read ({_why(error)}).") from None
    walk = _Walk(root)
    beside = []
    for entry in top:
        if entry.name in _ROOMS:
            walk.enter(entry.name, ())
        elif not entry.name.startswith("."):
            beside.append(_shown(f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name))
    return Tree(root, tuple(walk.files), tuple(beside), tuple(walk.faults))


class _Walk:
    """Names of regular files; what is neither file nor folder, or leads out, is a fault."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = os.path.realpath(root)
        self.files: list[str] = []
        self.faults: list[Fault] = []
        self._entries = self._bytes = 0

    def enter(self, name: str, above: tuple[str, ...]) -> None:
        self._entries += 1
        if self._entries > _MOST_ENTRIES:
            raise ConfigurationError(
                f"The configuration directory {self._root} has more than {_MOST_ENTRIES} files: "
                "give one that has the layout alone."
            )
        path = self._root / name
        try:
            name.encode()
            if not name.isprintable():
                raise UnicodeError
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode):
                if not self._leads_inside(path):
                    self._fault(name, "is a link that leads out of the directory: put the file in its place.")
                    return
                found = path.stat()
            if stat.S_ISDIR(found.st_mode):
                self._folder(name, above)
            elif stat.S_ISREG(found.st_mode):
                self.files.append(name)
                self._bytes += found.st_size if part_of(name) else 0
            else:
                self._fault(name, "is neither a file nor a folder: take it out.")
        except UnicodeError:
            self._fault(name, "has a name that is not printable UTF-8: give it another one.")
        except OSError as error:
            self._fault(name, f"cannot be read ({_why(error)}).")
        if self._bytes > _MOST_BYTES:
            raise ConfigurationError(
                f"The files of the configuration directory {self._root} have more than {_MOST_BYTES // 1024**2} MB."
            )

    def _folder(self, name: str, above: tuple[str, ...]) -> None:
        real = os.path.realpath(self._root / name)
        if real in above:
            self._fault(name, "is a link that leads back to a folder that it is in.")
            return
        for child in sorted(entry.name for entry in os.scandir(self._root / name)):
            if not child.startswith("."):
                self.enter(f"{name}/{child}", (*above, real))

    def _leads_inside(self, path: Path) -> bool:
        # Absolute links lead elsewhere on another machine, even when they lead inside on this one.
        target = os.path.realpath(path)
        return not os.path.isabs(os.readlink(path)) and target.startswith(f"{self._real}/")  # noqa: PTH115, PTH117

    def _fault(self, name: str, reason: str) -> None:
        self.faults.append(Fault(_shown(str(self._root / name)), reason))


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _shown(name: str) -> str:
    """A name that can be printed."""
    return name.encode(errors="backslashreplace").decode() if name.isprintable() else ascii(name)[1:-1]
