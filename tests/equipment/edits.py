"""Files of a clone that are others for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.equipment.checkout import Clone


@contextmanager
def instead(path: Path, text: str) -> Iterator[str]:
    """Another text in a file while the block runs, which gets the file's own."""
    own = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        yield own
    finally:
        path.write_text(own, encoding="utf-8")


@contextmanager
def changed_files(clone: Clone, text: str) -> Iterator[None]:
    """Files of the clone whose change replaces containers, changed while the block runs."""
    paths = [clone.path / name for name in ("config/pgwatch-prometheus/sources.yml", "workload/generate.sh")]
    with ExitStack() as changed:
        for path in paths:
            changed.enter_context(instead(path, f"{path.read_text(encoding='utf-8')}\n# {text}\n"))
        yield
