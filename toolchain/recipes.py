"""Which image can be built from which recipe, where it cannot be pulled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stacks.paths import Paths
from toolchain.golang import Program, patches_in
from toolchain.stamps import fingerprint

BASE = "pgai-offline/debian:bookworm"
"""Every recipe starts from this image, which exists nowhere but here."""

_FLAGS = "ldflags"
_GO_SOURCES = frozenset({".go", ".mod", ".sum"})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to build an image.

    Attributes:
        folder: Name of its directory below ``offline/images``.
        stand_in: Whether the result only keeps the contract of the official image, rather than being the same software.
    """

    folder: str
    stand_in: bool = False


RECIPES = {
    "postgres:15": Recipe(folder="postgres"),
    "victoriametrics/victoria-metrics:v1.105.0": Recipe(folder="victoriametrics"),
    "grafana/grafana:12.0.2": Recipe(folder="grafana", stand_in=True),
    "cybertecpostgresql/pgwatch:3.7.0": Recipe(folder="pgwatch", stand_in=True),
    "postgresai/monitoring-flask-backend:0.14.0": Recipe(folder="flask-backend", stand_in=True),
    "traefik:v3.6.12": Recipe(folder="traefik"),
    "haproxy:3.0-alpine": Recipe(folder="haproxy"),
    "prom/node-exporter:v1.8.2": Recipe(folder="node-exporter"),
}
"""By official reference, tag included: another tag is another program."""


def directory(checkout: Path, recipe: Recipe) -> Path:
    """Where a recipe is."""
    return checkout / "offline" / "images" / recipe.folder


def base_key(checkout: Path) -> str:
    """Fingerprint of what the base image is made from."""
    return fingerprint(checkout / "offline" / "images" / "debian")


def key(checkout: Path, recipe: Recipe) -> str:
    """Fingerprint of what an image is made from, its base included."""
    return fingerprint(base_key(checkout), directory(checkout, recipe))


def go_package(folder: Path) -> str | None:
    """What to build before the image: the module's own program, or one that its go.mod names as a tool."""
    module = folder / "go.mod"
    if not module.exists():
        return None
    for line in module.read_text().splitlines():
        if line.startswith("tool "):
            return line.removeprefix("tool ").strip()
    return "."


def linker_settings(folder: Path) -> tuple[tuple[str, str], ...]:
    """Variables that the linker sets in the program: lines ``name=value`` of the recipe's ``ldflags`` file."""
    file = folder / _FLAGS
    if not file.exists():
        return ()
    pairs = (line.partition("=") for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def program(paths: Paths, recipe: Recipe) -> Program | None:
    """The Go program that is built before an image, if there is one."""
    folder = directory(paths.checkout, recipe)
    package = go_package(folder)
    if package is None:
        return None
    return Program(
        name=f"image-{recipe.folder}",
        module=folder,
        package=package,
        output=paths.cache / "build" / recipe.folder,
        settings=linker_settings(folder),
        patches=patches_in(folder),
    )


def is_context(path: Path) -> bool:
    """Whether a file of a recipe goes to the engine; the Go sources have become a program by then."""
    return path.suffix not in _GO_SOURCES and path.name != _FLAGS
