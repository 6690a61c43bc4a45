"""What a machine with previews has at one moment: things that must not be left behind, and sizes that may grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.leaks import Things
from bench.own_base import OwnBase
from bench.processes import named, running
from operations.machine.images import KEPT
from stacks.paths import Paths

_SYSTEM_TEMPORARY = Path("/tmp")
_MIB = 2**20
_OURS = {"pulumi": "pulumi", "plugins": "pulumi-", "python": "python", "shims": "containerd-shim", "ssh": "ssh"}
"""Kind → how the names of its programs begin."""

_STARTED_BY_ENGINE = ("containerd-shim", "runc", "docker-proxy")


@dataclass(frozen=True)
class HostState:
    """A machine with a base at one moment.

    Attributes:
        things: What must be as at the start after a preview is gone.
        sizes: Figures that may change, by name; a unit other than one thing ends the name.
    """

    things: Things
    sizes: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Numbers, for JSON."""
        return {"counts": {kind: len(names) for kind, names in self.things.items()}, "sizes": self.sizes}


def taken(base: OwnBase) -> HostState:
    """Look at the machine now.

    Raises:
        RuntimeError: The Docker engine is not one of this machine.
    """
    processes = running()
    places = _places(base)
    sizes: dict[str, float] = {"processes of the machine": len(processes), **_kinds(processes)}
    for program in ("dockerd", "containerd"):
        # The oldest is this machine's own; those of a cluster were started later.
        own, *of_cluster = named(processes, program)
        every = of_cluster if len(base.engines) > 1 else [own]
        sizes[f"{program}, open files"] = sum(one.num_fds() for one in every)
        sizes[f"{program}, resident MiB"] = round(sum(one.info["memory_info"].rss for one in every) / _MIB, 1)
    for name, directory in places.items():
        files = [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
        sizes[f"{name}, files"] = len(files)
        sizes[f"{name}, kB"] = round(sum(_size(path) for path in files) / 1000, 1)
    return HostState(things=_things(base, processes), sizes={**sizes, **_docker_root(base)})


def _places(base: OwnBase) -> dict[str, Path]:
    return {
        "data directory": base.data,
        "state backend": base.data / "state",
        "locks": base.data / "locks",
        "staged configuration": base.data / "staged",
        "host directory": base.data / "host",
        "logs in the cache": Paths.default().logs,
        "temporary directory": base.temporary,
    }


def _things(base: OwnBase, processes: list[psutil.Process]) -> Things:
    host = base.data / "host/previews"
    backend_locks = base.data / "state/.pulumi/locks"
    temporary = [*base.temporary.glob("*"), *_SYSTEM_TEMPORARY.glob("pgai-*"), *_SYSTEM_TEMPORARY.glob("pulumi*")]
    return {
        "containers": _on_each(base, lambda engine: _names(engine.containers.list(all=True, ignore_removed=True))),
        "networks": _on_each(base, lambda engine: _names(engine.networks.list())),
        "volumes": _on_each(base, lambda engine: _names(engine.volumes.list())),
        "images": _on_each(base, lambda engine: map(_image, engine.images.list(all=True))),
        **_of_swarm(base),
        "processes": frozenset(f"{one.info['name']} (process {one.pid})" for one in processes if _of_run(one, base)),
        "slots": frozenset(path.parent.name for path in host.glob("*/slot")),
        "files of previews on the host": _below(host),
        "staged files": _below(base.data / "staged"),
        "locks": _below(base.data / "locks") | _below(backend_locks),
        "stacks": frozenset(
            path.name.partition(".")[0] for path in (base.data / "state/.pulumi/stacks").glob("*/*.json.gz")
        ),
        "temporary files": frozenset(str(path) for path in temporary),
    }


def _names(found: Iterable[Any]) -> Iterable[str]:
    return (one.name for one in found)


def _image(image: Any) -> str:
    """By what it is called, so that a sentence can name it; one without a name that stays goes by its id."""
    staying = [str(tag) for tag in image.tags if not tag.startswith(f"{KEPT}:")]
    return staying[0] if staying else str(image.id).removeprefix("sha256:")[:12]


def _on_each(base: OwnBase, look: Callable[[Any], Iterable[str]]) -> frozenset[str]:
    """What there is on each machine, with where it is."""
    return frozenset(f"{name}{where}" for where, engine in base.engines.items() for name in look(engine))


def _of_swarm(base: OwnBase) -> Things:
    if len(base.engines) == 1:
        return {}
    kinds = {
        "services": base.engine.services,
        "secrets of the Swarm": base.engine.secrets,
        "files of the Swarm": base.engine.configs,
    }
    return {kind: frozenset(one.name for one in held.list()) for kind, held in kinds.items()}


def _of_run(process: psutil.Process, base: OwnBase) -> bool:
    """Whether this run started it, or the engine did for a container: other people's programs come and go."""
    if process.info["name"].startswith(_STARTED_BY_ENGINE):
        return True
    try:
        return process.environ().get("XDG_DATA_HOME") == str(base.clone.data)
    except psutil.Error:
        return False


def _kinds(processes: Iterable[psutil.Process]) -> dict[str, float]:
    counts = Counter({f"processes: {kind}": 0 for kind in _OURS})
    for one in processes:
        # The longest beginning that fits: the engine's plugins are called after it.
        fitting = [(len(start), kind) for kind, start in _OURS.items() if one.info["name"].startswith(start)]
        if fitting:
            counts[f"processes: {max(fitting)[1]}"] += 1
    return dict(counts)


def _below(directory: Path) -> frozenset[str]:
    return frozenset(str(path.relative_to(directory.parent)) for path in directory.rglob("*") if path.is_file())


def _docker_root(base: OwnBase) -> dict[str, float]:
    """What ``docker system df`` says, of all machines together."""
    parts: Counter[str] = Counter()
    for engine in base.engines.values():
        told = engine.df()
        volumes = [volume.get("UsageData") or {} for volume in told.get("Volumes") or []]
        parts["images"] += told.get("LayersSize") or 0
        parts["containers"] += sum(container.get("SizeRw") or 0 for container in told.get("Containers") or [])
        parts["volumes"] += sum(max(usage.get("Size", 0), 0) for usage in volumes)
        parts["build cache"] += sum(entry.get("Size") or 0 for entry in told.get("BuildCache") or [])
    return {f"Docker's {part}, kB": round(size / 1000, 1) for part, size in parts.items()}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
