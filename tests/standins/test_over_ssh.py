"""What the project has the engine and the command plugin do with a machine, over a real SSH server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equipment.sshd import Sshd
from tests.standins.engine import Stack

pytestmark = pytest.mark.engine

OURS = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})\n"


def copying(source: Path, root: Path) -> str:
    """Program that brings a folder to ``host/config`` below the root."""
    return (
        "from pathlib import Path\n"
        "from components.files import digest_of\nfrom stacks.ssh import SshAddress, SshHost\n"
        "address = SshAddress(**{key: connection[key] for key in ('host', 'port', 'user', 'host_key')})\n"
        f"source = Path({str(source)!r})\n"
        f"SshHost(address, {str(root)!r}).copy('files', source=source, destination={str(root / 'host/config')!r},"
        " digest=digest_of({'config': source}), opts=pulumi.ResourceOptions())\n"
    )


def test_files_whose_placing_nobody_heard_of_are_found_placed(stack: Stack, sshd: Sshd, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "kept.yml").write_text("one")
    stack.prologue += OURS
    program = copying(source, tmp_path)
    done = stack.up(program)
    assert done.returncode == 0, done.stdout + done.stderr
    # As after a connection that broke while the machine went on: only the last step is not known to be done.
    for _ in range(2):
        removed = stack.pulumi("state", "delete", "--yes", "urn:pulumi:one::contract::command:remote:Command::files")
        assert removed.returncode == 0, removed.stderr
        done = stack.up(program)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (tmp_path / "host/config/kept.yml").read_text() == "one"


def test_what_an_interrupted_upload_left_is_in_no_later_one(stack: Stack, sshd: Sshd, tmp_path: Path) -> None:
    source, destination = tmp_path / "source", tmp_path / "host/config"
    source.mkdir()
    stack.prologue += OURS
    program = copying(source, tmp_path)
    for version in ("one", "two"):
        left = tmp_path / "host/config.upload/source"
        left.mkdir(parents=True, exist_ok=True)
        (left / "left.yml").write_text("of an update that was killed")
        (source / "kept.yml").write_text(version)
        done = stack.up(program)
        assert done.returncode == 0, done.stdout + done.stderr
        assert {path.name: path.read_text() for path in destination.iterdir()} == {"kept.yml": version}
    connections = sshd.connections
    assert "4 unchanged" in stack.up(program).stdout
    assert sshd.connections == connections


def test_only_another_server_has_its_host_key_learnt(stack: Stack, sshd: Sshd) -> None:
    stack.prologue += OURS
    program = (
        "from stacks.ssh import learn_host_key\n"
        "server = command.local.Command('server', create='true', triggers=['%s'])\n"
        f"key = learn_host_key('host-key', {sshd.host!r}, server, %s, 20, pulumi.ResourceOptions())\n"
        "pulumi.export('key', key)\n"
    )
    learnt = {"key": sshd.host_key}
    assert stack.outputs(program % ("first", sshd.port)) == learnt
    with Sshd() as other:
        assert stack.outputs(program % ("first", other.port)) == learnt, "another setting, and somebody else answers"
        assert stack.outputs(program % ("second", other.port)) == {"key": other.host_key}
