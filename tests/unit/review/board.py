"""What a base shows of its previews, as the script that writes it on a machine leaves it in a directory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.host_scripts import script
from operations.happening import Happening, What
from operations.machine.local import LocalMachine
from operations.review.record import Links
from operations.review.writer import writes
from operations.upkeep.history import Entry, entries_of
from stacks.names import PreviewName

AT = dt.datetime(2026, 11, 28, 14, 5, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Board:
    """What a base shows.

    Attributes:
        root: Directory of the machine.
        machine: The machine.
    """

    root: Path
    machine: LocalMachine

    @property
    def page(self) -> Path:
        return self.root / "page"

    def directory(self, branch: str) -> Path:
        """Directory of a preview, as its slot makes it."""
        directory = self.root / "previews" / PreviewName(branch).slug
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "branch").write_text(f"{branch}\n", encoding="utf-8")
        return directory

    def hear(self, what: What, branch: str, *, links: Links | None = None, **more: Any) -> None:
        facts: dict[str, Any] = {"by": "jane", "commit": "6063e25", "expires_at": "2036-12-01T14:05:00Z", **more}
        name, base = PreviewName(branch), self.machine.base
        happening = Happening(what=what, name=name, machine=self.machine, at=AT, url=name.url(base), **facts)
        writes(links or Links())(happening)

    def refresh(self, **variables: str) -> None:
        """What the timer does."""
        self.machine.run(script("page/write_page"), {"PAGE": str(self.page), **variables})

    def docker(self, *lines: str) -> None:
        """What Docker lists from now on: slug, service, state, status."""
        (self.root / "containers").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def cluster(self, *services: tuple[str, str, str]) -> None:
        """What a Swarm says of services from now on: name, containers that run of those wanted, slug (empty: gone)."""
        listed = "".join(f"echo {name} {replicas}; " for name, replicas, _ in services)
        named = "".join(f"echo {name} slug {slug}; " for name, _, slug in services if slug)
        program = self.root / "bin/docker"
        program.write_text(
            f'#!/bin/sh\ncase "$1 $2" in "service ls") {listed}:;; "service inspect") {named}:;; *) exit 1;; esac\n',
            encoding="utf-8",
        )

    def unanswered(self, *, but: str = "nothing") -> None:
        """From now on Docker answers nothing but what begins so."""
        program = self.root / "bin/docker"
        program.rename(self.root / "bin/answering")
        words = "echo 'Cannot connect to the Docker daemon' >&2; exit 1"
        program.write_text(f'#!/bin/sh\ncase "$*" in "{but}"*) exec {self.root}/bin/answering "$@";; esac\n{words}\n')
        program.chmod(0o755)

    def index(self) -> str:
        return (self.page / "public/index.html").read_text(encoding="utf-8")

    def own(self, branch: str) -> str:
        return (self.page / f"public/gone/{PreviewName(branch).slug}.html").read_text(encoding="ascii")

    def history(self) -> list[Entry]:
        return entries_of((self.page / "history.jsonl").read_text(encoding="ascii"))
