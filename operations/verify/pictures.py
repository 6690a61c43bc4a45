"""Pictures of dashboards, taken by a headless Chromium as an anonymous viewer."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.errors import OperationError
from operations.machine.entrance import Entrance
from operations.verify.answers import mapping, mappings
from operations.verify.browsing import page_of
from operations.verify.viewer import Viewer

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WIDTH = 1600
# Grafana draws a unit of a panel's place 30 pixels high with a gap of 8, below its own bars.
_UNIT_PIXELS = 38
_BARS_PIXELS = 130
_LEAST_PIXELS = 900
_MOST_PIXELS = 16_000
# The page's clock, which runs faster than the real one: time for the panels to be drawn.
_DRAWN_WITHIN_MS = 10_000
_TIMEOUT_SECONDS = 120
# Chromium gives a page up when a network of the machine comes or goes, as Docker's do with every deploy nearby.
_ATTEMPTS = 3
_BLANK_BYTES = 25_000
_BLANK_BYTES_SMALL = 3_000
# The least scale that Chromium takes.
_SMALL = (f"--window-size={_WIDTH},1000", "--force-device-scale-factor=0.5")
Span = tuple[dt.datetime, dt.datetime]
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--virtual-time-budget={_DRAWN_WITHIN_MS}",
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A preview as a viewer gets to it.

    Attributes:
        branch: Its branch.
        url: Public address.
        entrance: How one gets there.
    """

    branch: str
    url: str
    entrance: Entrance


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Dashboards of a preview.

    Attributes:
        branch: Its branch.
        dashboards: The dashboards as Grafana has them, each with its ``uid``.
        pictures: Id of a dashboard → its picture, of those that could be taken.
    """

    branch: str
    dashboards: Sequence[Mapping[str, Any]]
    pictures: Mapping[str, Path]


def browser() -> str:
    """A Chromium on PATH.

    Raises:
        OperationError: There is none.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise OperationError(
            f"Pictures need Chromium, and PATH has none of {', '.join(BROWSERS)}: install it, or leave --screenshots "
            "away."
        )
    return found


def take(
    program: str,
    url: str,
    dashboards: Iterable[Mapping[str, Any]],
    directory: Path,
    *,
    trust_anything: bool,
    span: Span | None = None,
) -> dict[str, Path]:
    """Take a picture of each dashboard, as high as it is.

    Args:
        program: The browser.
        url: Public address of the preview.
        dashboards: Dashboards as Grafana has them.
        directory: Gets ``UID.png`` of each; made where it is missing.
        trust_anything: Whether to pass over the certificate, which on the local base is the reverse proxy's own.
        span: Range of time that is drawn; None: what each dashboard names.

    Returns:
        Id of a dashboard → its picture, of those that could be taken.
    """
    directory.mkdir(parents=True, exist_ok=True)
    flags = _flags(trust_anything=trust_anything)
    query = "?from={}&to={}".format(*(int(moment.timestamp() * 1000) for moment in span)) if span else ""
    taken: dict[str, Path] = {}
    with tempfile.TemporaryDirectory(prefix="pgai-", ignore_cleanup_errors=True) as profile:
        for dashboard in dashboards:
            uid = str(dashboard["uid"])
            picture = directory / f"{re.sub(r'[^A-Za-z0-9_-]', '-', uid)}.png"
            picture.unlink(missing_ok=True)
            size = f"--window-size={_WIDTH},{_height(dashboard)}"
            page = [size, f"--user-data-dir={profile}", f"{url}{page_of(uid)}{query}"]
            if _shot([program, *flags, *page], picture, _BLANK_BYTES):
                taken[uid] = picture
    return taken


def draw(program: str, site: Site, directory: Path, span: Span | None) -> Drawn:
    """Take a picture of each dashboard.

    Args:
        program: The browser.
        site: The preview.
        directory: Gets the pictures.
        span: Range of time; None: what each dashboard names.

    Raises:
        RefusedError: Grafana does not give its dashboards.
        httpx.HTTPError: It does not answer.
    """
    viewer = Viewer(site.url, site.entrance)
    found = [{**viewer.dashboard(row["uid"]), "uid": row["uid"]} for row in viewer.dashboards()]
    taken = take(program, site.url, found, directory, trust_anything=not site.entrance.certified, span=span)
    return Drawn(branch=site.branch, dashboards=found, pictures=taken)


def small(program: str, site: Site) -> bytes:
    """A small picture of the preview's home dashboard as WebP, 800 by 500 pixels; empty where it cannot be taken.

    Args:
        program: The browser.
        site: The preview.
    """
    with tempfile.TemporaryDirectory(prefix="pgai-", ignore_cleanup_errors=True) as folder:
        picture = Path(folder) / "home.webp"
        page = [*_SMALL, f"--user-data-dir={folder}/profile", site.url]
        flags = _flags(trust_anything=not site.entrance.certified)
        return picture.read_bytes() if _shot([program, *flags, *page], picture, _BLANK_BYTES_SMALL) else b""


def _flags(*, trust_anything: bool) -> list[str]:
    flags = [*_FLAGS]
    if trust_anything:
        # The local base is asked directly, whatever the caller's proxy.
        flags += ["--ignore-certificate-errors", "--no-proxy-server"]
    if os.geteuid() == 0:
        # Chromium's sandbox refuses to run as root, as CI jobs do.
        flags.append("--no-sandbox")
    return flags


def _height(dashboard: Mapping[str, Any]) -> int:
    places = [mapping(panel.get("gridPos")) for panel in mappings(dashboard.get("panels"))]
    ends = [place.get("y", 0) + place.get("h", 0) for place in places if _are_numbers(place.get("y"), place.get("h"))]
    return max(_LEAST_PIXELS, min(_MOST_PIXELS, _BARS_PIXELS + _UNIT_PIXELS * int(max(ends, default=0))))


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and math.isfinite(value) for value in values)


def _shot(command: Sequence[str], picture: Path, blank_bytes: int) -> bool:
    # Whether there is a picture is what counts: Chromium's exit code and its many complaints say little. A page with
    # little on it is as small as a blank one: after the last attempt it counts.
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(subprocess.TimeoutExpired):
            whole = [*command[:-1], f"--screenshot={picture}", command[-1]]
            subprocess.run(whole, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
        if picture.exists() and picture.stat().st_size > blank_bytes:
            break
    return picture.exists()
