"""Whatever a preview's program reads is in the digest that says whether it would declare the same again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from operations.life.settled import PROGRAM
from tests.policy.declared import BRANCH, SLUG

CHECKOUT = Path(__file__).resolve().parents[2]
_READ = f"""
import json, sys
opened = set()
sys.addaudithook(lambda event, arguments: opened.add(str(arguments[0])) if event == "open" else None)
from stacks import preview
from tests.equipment.recording import declare
declare(preview.preview, stack="preview-{SLUG}", config={{"branch": "{BRANCH}"}})
print(json.dumps(sorted(opened)))
"""


def test_every_file_of_the_project_that_the_program_reads_is_digested(tmp_path: Path) -> None:
    # Elsewhere, so that only an absolute path can lead into the project.
    done = subprocess.run(
        [sys.executable, "-B", "-c", _READ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=True,
        capture_output=True,
        text=True,
    )
    read = {
        path.relative_to(CHECKOUT).parts
        for name in json.loads(done.stdout.splitlines()[-1])
        if (path := Path(name)).is_relative_to(CHECKOUT) and path.suffix != ".pyc"
    }
    tops = {parts[0] for parts in read} - {".venv", "tests"}
    assert {"components", "config", "host", "workload"} <= tops, "what it does read"
    assert tops <= {*PROGRAM, "config"}


def test_no_variable_of_the_environment_tells_a_previews_program_anything() -> None:
    asking = {
        path.relative_to(CHECKOUT).as_posix()
        for top in ("components", "stacks")
        for path in (CHECKOUT / top).rglob("*.py")
        if "environ[" in (text := path.read_text(encoding="utf-8")) or "environ.get" in text or "getenv" in text
    }
    # Programs of bases, and where a user's directories are, one of which is told by its name.
    assert asking == {"stacks/local.py", "stacks/paths.py", "stacks/production.py"}
