"""A job's checkout with the script of the jobs, for a branch whose name is hostile.

Its ``preview`` is a fake that writes down how it was called and what is around it; agent, keys and shell are real.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.equipment.checkout import ORIGIN

HOSTILE = "feature/a';touch>pwned;'$(touch>pwned)`touch>pwned`\"&touch>pwned|#"
_RECORDER = """#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys
def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout
def command_line(process):
    try:
        return (process / "cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""  # It has ended meanwhile.
with open(os.environ["RECORD"], "a") as record:
    record.write(json.dumps({
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "agent": output("ssh-add", "-L"),
        "processes": [command_line(process) for process in pathlib.Path("/proc").glob("[0-9]*")],
    }) + "\\n")
"""


@dataclass(frozen=True)
class Job:
    """A job's checkout.

    Attributes:
        path: Its root.
    """

    path: Path

    @classmethod
    def make(cls, path: Path) -> Job:
        """Make the checkout, with the project's own script, in an empty directory."""
        script = path / ".gitlab/ci/preview.sh"
        script.parent.mkdir(parents=True)
        shutil.copy2(ORIGIN / ".gitlab/ci/preview.sh", script)
        preview = path / "preview"
        preview.write_text(_RECORDER, encoding="utf-8")
        preview.chmod(0o755)
        (path / "tmp").mkdir()
        return cls(path)

    def run(self, action: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script, with more variables than the runner's own."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        predefined = {
            "PREVIEW_BASE": "base",
            "PULUMI_BACKEND_URL": "s3://state",
            "CI_COMMIT_REF_NAME": HOSTILE,
            "CI_COMMIT_SHA": "0123abcd",
            "CI_PROJECT_ID": "15",
            "CI_PROJECT_URL": "https://gitlab.example/group/previews",
        }
        return subprocess.run(
            [str(self.path / ".gitlab/ci/preview.sh"), action],
            env={
                **kept,
                **predefined,
                "RECORD": str(self.path / "record"),
                "TMPDIR": str(self.path / "tmp"),
                **variables,
            },
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What each call of ``preview`` has written down."""
        record = self.path / "record"
        return [json.loads(line) for line in record.read_text("utf-8").splitlines()] if record.exists() else []
