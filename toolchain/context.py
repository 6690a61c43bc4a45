"""What every step of set-up shares."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stacks.paths import Paths
from toolchain.report import How, Reporter, Row, SetupError
from toolchain.stamps import Stamps

VENDOR = "https://get.pulumi.com"
"""Where the official installer gets engine and plugins from."""

PROBE_SECONDS = 4.0

ORIGINALS = "PGAI_REQUIRE_ORIGINALS"
"""Variable that forbids, where it is ``1``, to build anything or to stand in for it."""


def answers(url: str) -> bool:
    """Whether a site can be reached, tried once and briefly. Any answer counts, proxies are honoured."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 -- called with constant https addresses
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


@dataclass(kw_only=True)
class Context:
    """Places, memory and answers of one run.

    Attributes:
        paths: Where things live.
        report: Who is told.
        stamps: What earlier runs made.
        probe: Answers whether a site can be reached.
        originals: Whether nothing but what vendors publish will do.
        on_build: Told of the Go toolchain before each build.
    """

    paths: Paths
    report: Reporter
    stamps: Stamps
    probe: Callable[[str], bool] = answers
    originals: bool = field(default_factory=lambda: os.environ.get(ORIGINALS) == "1")
    on_build: Callable[[Path], None] = lambda _: None
    _reachable: dict[str, bool] = field(default_factory=dict)

    def reachable(self, url: str) -> bool:
        """Whether a site can be reached; asked once a run."""
        if url not in self._reachable:
            self._reachable[url] = self.probe(url)
        return self._reachable[url]

    def may_build(self, name: str) -> None:
        """Ask before something is built, or taken that was built earlier.

        Raises:
            SetupError: Only originals will do.
        """
        if self.originals:
            raise SetupError(
                f"{name} cannot be had from its vendor, and {ORIGINALS}=1 forbids to build it or to stand in for it: "
                "make the vendor's site or registry reachable, or unset the variable."
            )

    def log(self, name: str) -> Path:
        """Log file of an artefact's making."""
        return self.paths.logs / f"{name}.log"


def go_module(paths: Paths) -> Path:
    """The module of engine, plugins and language host."""
    return paths.checkout / "offline" / "go"


class Step:
    """One artefact's turn: reports its begin and, by :meth:`row`, its end."""

    def __init__(self, context: Context, name: str) -> None:
        self.name = name
        self._report = context.report
        self._started = time.monotonic()
        self._report.start(name)

    def progress(self, fraction: float | None, text: str) -> None:
        """Pass on how far it is."""
        self._report.progress(self.name, fraction, text)

    def row(self, *, version: str, how: How, detail: str) -> Row:
        """The artefact is there."""
        row = Row(name=self.name, version=version, how=how, detail=detail, seconds=time.monotonic() - self._started)
        self._report.done(row)
        return row
