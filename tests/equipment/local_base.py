"""One local base for a whole run: each package of tests stands on it with a clone of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.equipment.checkout import ARTIFACTS, Clone, ok
from tests.equipment.docker import nothing_left, remains


@dataclass(frozen=True)
class LocalBase:
    """The base, which the first who needs it brings up.

    Attributes:
        home: Clone of its user, who has one more for each package; they differ in their files alone.
        engine: The Docker engine.
        root: Directory for all of them.
        token: In the name of everything that is made.
    """

    home: Clone
    engine: Any
    root: Path
    token: str

    @contextmanager
    def clone(self, name: str, *, calm: bool = True, **values: object) -> Iterator[Clone]:
        """A package's clone; nothing but the base is left when the block ends.

        Args:
            name: The package's, which its transcript gets too.
            calm: Whether the workload of its previews leaves the processors to the tests.
            values: Configuration of the base as this package needs it, which ``bring_up`` or ``demo`` gives to it.
        """
        clone = self.home.another(self.root / name, calm=calm, **values)
        try:
            yield clone
        finally:
            for row in clone.json("list", "--json"):
                clone.preview("destroy", row["branch"] or row["slug"])
            ARTIFACTS.mkdir(exist_ok=True)
            (ARTIFACTS / f"transcript-{name}.txt").write_text("\n".join(clone.transcript), encoding="utf-8")
        left = [one for one in remains(self.engine, self.token) if not one.startswith(clone.prefix)]
        assert not left, left


def bring_up(clone: Clone) -> None:
    """Bring up the clone's base, or give it the configuration that the clone has."""
    ok(clone.preview("setup"))
    ok(clone.pulumi("stack", "select", "--create", "local"))
    ok(clone.pulumi("up", "--yes", "--skip-preview", "--stack", "local"))


@contextmanager
def standing_local_base(
    engine: Any, root: Path, token: str, extra: Mapping[str, str] | None = None, **values: object
) -> Iterator[LocalBase]:
    """A base that is gone afterwards with all that was on it.

    Args:
        engine: Docker client.
        root: Directory for files.
        token: In the name of everything that is made.
        extra: More variables of its user's environment.
        values: Configuration of the base.
    """
    home = Clone.make(root, token)
    home.extra.update(extra or {})
    home.configure({**home.ports, "namePrefix": home.prefix, **values})
    with nothing_left(engine, token):
        try:
            yield LocalBase(home, engine, root, token)
        finally:
            if "local" in home.pulumi("stack", "ls").stdout:
                ok(home.pulumi("destroy", "--yes", "--skip-preview", "--stack", "local"))
