"""What keeps a base from being destroyed below its previews: the script, run as an ordinary user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.host_scripts import script

_NOBODY = 65534


def guard(previews: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Ask it. Root may read everything, so it is not root who asks."""
    return subprocess.run(
        ["/bin/sh", "-c", script("refuse_while_in_use")],
        env={"PATH": os.environ["PATH"], "PREVIEWS": str(previews), **environment},
        capture_output=True,
        text=True,
        check=False,
        user=_NOBODY if os.geteuid() == 0 else None,
        timeout=60,
    )


@pytest.fixture
def previews(tmp_path: Path) -> Path:
    """Directory of a machine's previews, which everybody may read."""
    for path in (tmp_path, *list(tmp_path.parents)[:3]):
        path.chmod(0o755)
    made = tmp_path / "host/previews"
    made.mkdir(parents=True)
    return made


def slot(previews: Path, slug: str, branch: str | None) -> None:
    (previews / slug).mkdir()
    if branch is not None:
        (previews / slug / "branch").write_text(branch, encoding="utf-8")


def test_a_base_without_previews_may_go(previews: Path) -> None:
    assert guard(previews).returncode == 0
    assert guard(previews.parent.parent / "never/made").returncode == 0
    assert guard(previews.parent / "never-made").returncode == 0


def test_a_base_with_previews_stays_and_names_them_all(previews: Path) -> None:
    slot(previews, "feature-b", "feature/b\n")
    slot(previews, "feature-a", "feature/a\n")
    done = guard(previews)
    assert done.returncode == 1
    assert "while these previews run on it: feature/a, feature/b. Destroy them first" in done.stderr
    assert guard(previews, NEXT="Then go on.").stderr.strip().endswith(" does not show). Then go on.")


@pytest.mark.parametrize("branch", [None, ""])
def test_a_preview_whose_owner_is_lost_counts_too(previews: Path, branch: str | None) -> None:
    slot(previews, "feature-a", branch)
    done = guard(previews)
    assert done.returncode == 1
    assert "while these previews run on it: feature-a." in done.stderr


@pytest.mark.parametrize("hidden", [".", "..", "../.."])
def test_a_base_whose_previews_cannot_be_seen_stays(previews: Path, hidden: str) -> None:
    slot(previews, "feature-a", "feature/a\n")
    closed = (previews / hidden).resolve()
    closed.chmod(0o000)
    try:
        done = guard(previews)
    finally:
        closed.chmod(0o755)
    assert done.returncode == 1
    assert "cannot be read, where its previews are" in done.stderr
