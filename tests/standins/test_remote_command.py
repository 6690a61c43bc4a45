"""The command plugin's remote commands, over a real SSH server, keep the official contract."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.equipment.sshd import Sshd, make_key
from tests.standins.engine import Stack
from tests.standins.remote import PLAIN, PROLOGUE, connect

pytestmark = pytest.mark.engine


def test_a_command_gets_its_input_and_both_streams_come_back(stack: Stack) -> None:
    program = (
        "a = remote('a', create='cat; echo; echo two >&2', stdin='one')\n"
        "pulumi.export('out', a.stdout)\npulumi.export('err', a.stderr)\n"
    )
    assert stack.outputs(program) == {"out": "one", "err": "two"}


def test_a_variable_reaches_the_command_only_where_the_server_accepts_it(stack: Stack) -> None:
    program = "pulumi.export('out', remote('a', create='echo $X', environment={'X': \"it's $HOME\"}).stdout)\n"
    assert 'could not set environment variable "X"' in stack.refused(program)
    with Sshd(settings=("AcceptEnv X",)) as willing:
        connect(stack, port=willing.port, host_key=willing.host_key, private_key=willing.client_key.read_text())
        assert stack.outputs(program) == {"out": "it's $HOME"}


def test_life_of_a_remote_command_from_create_over_update_and_replace_to_delete(
    stack: Stack, sshd: Sshd, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    program = (
        f"a = remote('a', create='echo made %s', update='echo changed %s', delete='echo deleted >>{log}',"
        " triggers=['%s'])\npulumi.export('out', a.stdout)\n"
    )
    assert stack.outputs(program % (1, 1, 1)) == {"out": "made 1"}
    assert "2 unchanged" in stack.up(program % (1, 1, 1)).stdout
    assert stack.outputs(program % (2, 2, 1)) == {"out": "changed 2"}
    assert stack.outputs(program % (2, 2, 2)) == {"out": "made 2"}
    assert log.read_text() == "deleted\n"
    assert stack.destroy().returncode == 0
    assert log.read_text() == "deleted\ndeleted\n"
    # Each of create, update, create, delete (of the replaced), delete.
    assert sshd.connections == 5


def test_commands_at_the_same_time_have_a_connection_each(stack: Stack, sshd: Sshd) -> None:
    done = stack.up("for n in range(16):\n    remote(f'c{n}', create='sleep 0.3')\n")
    assert "17 created" in done.stdout, done.stdout
    assert sshd.connections == 16


def test_a_server_that_drops_some_of_many_connections_is_tried_again(stack: Stack) -> None:
    with Sshd(settings=("MaxStartups 1:100:1",)) as busy:
        connect(stack, port=busy.port, host_key=busy.host_key, private_key=busy.client_key.read_text())
        done = stack.up("for n in range(16):\n    remote(f'c{n}', create='true')\n")
        assert "17 created" in done.stdout, done.stdout
        assert "MaxStartups throttling" in busy.log


def test_a_private_input_is_in_no_argument_list_no_state_and_no_log(stack: Stack) -> None:
    outputs = stack.outputs(
        "a = remote('a', create='ps -eww -o args; cat', stdin=pulumi.Output.secret('hush-hush'),"
        " logging=command.remote.Logging.NONE, opts=pulumi.ResourceOptions(additional_secret_outputs=['stdout']))\n"
        "pulumi.export('out', a.stdout)\n"
    )
    *listed, own = outputs["out"].splitlines()
    assert own == "hush-hush"
    assert any("ps -eww -o args" in line for line in listed)
    assert not [line for line in listed if "hush-hush" in line]
    assert "hush-hush" not in stack.pulumi("stack", "export").stdout


def test_another_host_key_is_refused_and_nothing_is_sent(stack: Stack, tmp_path: Path) -> None:
    connect(stack, host_key=make_key(tmp_path / "other"), dial_error_limit=1)
    marker = tmp_path / "ran"
    shown = stack.refused(f"remote('b', create='touch {marker}')\n")
    assert "after 1 failed attempts: ssh: handshake failed: ssh: host key mismatch" in shown
    assert not marker.exists()


def test_a_connection_without_a_pinned_host_key_is_refused(stack: Stack, sshd: Sshd) -> None:
    connect(stack, host_key=None)
    assert "wants connection.hostKey" in stack.refused(PLAIN)
    connect(stack, host_key="not a key")
    assert "failed to parse host key" in stack.refused(PLAIN)
    assert sshd.connections == 0


@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_a_private_key_is_used_from_memory_and_kept_secret(
    stack: Stack, sshd: Sshd, tmp_path: Path, passphrase: str
) -> None:
    public = make_key(tmp_path / "key", passphrase)
    (sshd.directory / "authorized_keys").write_text(f"{public}\n")
    text = (tmp_path / "key").read_text()
    stack.env.pop("SSH_AUTH_SOCK")
    connect(stack, private_key=text, private_key_password=passphrase or None)
    assert stack.outputs("pulumi.export('out', remote('a', create='echo in').stdout)\n") == {"out": "in"}
    assert text.splitlines()[1] not in stack.pulumi("stack", "export").stdout


def test_without_any_key_the_error_says_that_none_was_tried(stack: Stack) -> None:
    stack.env.pop("SSH_AUTH_SOCK")
    connect(stack, dial_error_limit=1)
    assert "unable to authenticate, attempted methods [none]" in stack.refused(PLAIN)


def test_a_machine_that_comes_up_late_is_waited_for(stack: Stack, sshd: Sshd) -> None:
    sshd.stop()
    later = threading.Timer(4, sshd.start)
    later.start()
    try:
        assert stack.outputs("pulumi.export('out', remote('a', create='echo up').stdout)\n") == {"out": "up"}
    finally:
        later.join()


def test_a_machine_that_never_comes_up_is_one_sentence(stack: Stack, sshd: Sshd) -> None:
    sshd.stop()
    with socket.socket() as held:
        # Whoever runs beside these tests cannot be given the port meanwhile.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((sshd.host, sshd.port))
        connect(stack, dial_error_limit=2)
        shown = stack.refused(PLAIN)
    assert f"after 2 failed attempts: dial tcp 127.0.0.1:{sshd.port}: connect: connection refused" in shown


def test_a_failing_command_shows_its_text_and_what_it_printed(stack: Stack) -> None:
    shown = stack.refused("remote('a', create='echo out; echo no such thing >&2; exit 3')\n")
    assert 'Process exited with status 3: running "echo out; echo no such thing >&2; exit 3":' in shown
    assert "no such thing" in shown.split("exit 3", 1)[1]


def test_a_machine_that_is_lost_while_a_command_runs_fails_the_update(stack: Stack, sshd: Sshd, tmp_path: Path) -> None:
    marker = tmp_path / "started"
    lost: list[float] = []
    over = threading.Event()

    def lose() -> None:
        while not marker.exists():
            if over.wait(0.05):
                return
        sshd.stop()
        lost.append(time.monotonic())

    thread = threading.Thread(target=lose)
    thread.start()
    try:
        shown = stack.refused(f"remote('a', create='touch {marker}; sleep 60')\n")
    finally:
        over.set()
        thread.join()
    assert lost, "the command has not begun"
    assert time.monotonic() - lost[0] < 20
    assert "exited without exit status" in shown


def test_a_dry_run_opens_no_connection(stack: Stack, sshd: Sshd) -> None:
    (stack.directory / "__main__.py").write_text(
        PROLOGUE + "remote('a', create='true')\ncopy('b', source=pulumi.StringAsset('t'), remote_path='/nowhere/x')\n"
    )
    shown = stack.pulumi("preview")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert sshd.connections == 0


def test_the_plugin_says_that_it_is_a_stand_in(stack: Stack) -> None:
    plugin = Path(stack.env["PULUMI_HOME"]) / "plugins" / "resource-command-v1.2.1" / "pulumi-resource-command"
    if not os.access(plugin, os.X_OK):
        pytest.fail("the command plugin is not installed: run ./preview setup")
    said = subprocess.run([str(plugin), "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "stand-in" in said or said.strip() == "1.2.1"
