"""A page before a reader: looked at by axe-core in a real browser, light or dark, on a phone or a desk."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.equipment.axe.install import script
from tests.equipment.browser import chromium

_SECONDS = 120
_RUN = """
addEventListener("load", () => axe.run(document, {resultTypes: ["violations"]}).then(found => {
  const told = document.createElement("pre");
  told.id = "axe";
  told.textContent = JSON.stringify({
    faults: found.violations.map(one => [one.id, one.help, one.nodes.map(node => node.html)]),
    passes: found.passes.length, wide: document.documentElement.scrollWidth > innerWidth,
  });
  document.body.append(told);
}));
"""


class Reader:
    """A reader's browser, before which pages lie as files: what they may load is said by whoever serves them.

    Args:
        folder: An empty directory.
        style: The style sheet that the pages name.
    """

    def __init__(self, folder: Path, style: str) -> None:
        self._folder = folder
        self._style = style
        if not script():
            pytest.fail("axe-core is needed: run make test, which installs it")

    def require_accessible(self, page: str, *, dark: bool = False, width: int = 1280) -> None:
        """A page has no fault that axe-core finds, and fits into the window."""
        told = self._shown(f"{page}<script>{self._axe()}{_RUN}</script>", ["--dump-dom"], dark=dark, width=width)
        found = re.search(r'<pre id="axe">(.*?)</pre>', told, re.DOTALL)
        assert found, told[-2000:]
        result = json.loads(html.unescape(found[1]))
        assert result["faults"] == []
        assert result["passes"] > 10, "it has been looked at"
        assert not result["wide"], "it has to be scrolled sideways"

    def picture(self, page: str, file: Path, *, dark: bool = False, width: int = 1280, height: int = 1000) -> None:
        """Take a picture of a page."""
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        self._shown(page, [f"--screenshot={file}", "--hide-scrollbars"], dark=dark, width=width, height=height)
        assert file.stat().st_size > 5_000

    def _axe(self) -> str:
        found = script()
        assert found
        return found.read_text(encoding="utf-8").replace("</script", "<\\/script")

    def _shown(self, page: str, options: list[str], *, dark: bool, width: int, height: int = 1000) -> str:
        file = self._folder / "page.html"
        style = f"<style>{self._style}</style>"
        assert page.count('<link rel="stylesheet" href="/previews.css">') == 1
        file.write_text(page.replace('<link rel="stylesheet" href="/previews.css">', style), encoding="utf-8")
        command = chromium(
            self._folder / "profile",
            f"--window-size={width},{height}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--virtual-time-budget=10000",
            *options,
            file.as_uri(),
        )
        return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
