"""``eval "$(./preview env)"`` in a shell that has settings of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOW = 'echo "${PULUMI_CONFIG_PASSPHRASE-unset} ${DOCKER_CONTEXT-unset} $PULUMI_BACKEND_URL"'


def shell(data: Path, **given: str) -> list[str]:
    """Passphrase, context and backend in a shell after the lines."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    own = {"XDG_DATA_HOME": str(data), "PYTHONPATH": str(ROOT), **given}
    return subprocess.run(
        ["sh", "-euc", f'lines=$("{sys.executable}" -m cli env)\neval "$lines"\n{SHOW}'],
        env={**kept, **own},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


def test_plain_pulumi_gets_the_local_base_s_passphrase_and_engine_whatever_the_shell_has(tmp_path: Path) -> None:
    passphrase, context, backend = shell(tmp_path, PULUMI_CONFIG_PASSPHRASE="", DOCKER_CONTEXT="other")
    assert (passphrase, context) == ("unset", "unset")
    assert backend.startswith(f"file://{tmp_path}")


def test_plain_pulumi_keeps_the_passphrase_of_an_operator_s_own_backend(tmp_path: Path) -> None:
    own = {"PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_BACKEND_URL": "s3://states"}
    assert shell(tmp_path, DOCKER_CONTEXT="other", **own) == ["x", "unset", "s3://states"]
