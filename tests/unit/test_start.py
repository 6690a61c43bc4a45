"""How ``./preview`` starts."""

from __future__ import annotations

from pathlib import Path

from tests.equipment.checkout import Clone, ok


def test_what_python_compiles_is_kept_whatever_the_caller_has_set(tmp_path: Path) -> None:
    clone = Clone.make(tmp_path, "start")
    ok(clone.preview("slug", "feature/a", PYTHONDONTWRITEBYTECODE="1"))
    assert list(clone.path.glob("cli/__pycache__/*.pyc"))
