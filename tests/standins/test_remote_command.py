"""The command plugin's remote commands, over a real SSH server, keep the official contract."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.equipment.sshd import Sshd, make_key
from tests.standins.engine import Stack
from tests.standins.remote import PROLOGUE, connect, refused

pytestmark = pytest.mark.engine


def test_a_command_gets_its_input_and_environment_though_the_server_accepts_none(stack: Stack) -> None:
    program = (
        "a = remote('a', create='cat; echo; echo \"$X\"; echo two >&2', stdin='one',"
        " environment={'X': \"it's $HOME\"})\n"
        "pulumi.export('out', a.stdout)\npulumi.export('err', a.stderr)\n"
    )
    assert stack.outputs(program) == {"out": "one\nit's $HOME", "err": "two"}


def test_life_of_a_remote_command_uses_one_connection(stack: Stack, sshd: Sshd, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        f"a = remote('a', create='echo made', update='echo changed after $PULUMI_COMMAND_STDOUT',"
        f" delete='echo deleted after $PULUMI_COMMAND_STDOUT >>{log}', environment={{'V': '%s'}}, triggers=['%s'])\n"
        "pulumi.export('out', a.stdout)\n"
    )
    assert stack.outputs(program % (1, 1)) == {"out": "made"}
    assert "2 unchanged" in stack.up(program % (1, 1)).stdout
    assert stack.outputs(program % (2, 1)) == {"out": "changed after made"}
    assert stack.outputs(program % (2, 2)) == {"out": "made"}
    assert log.read_text() == "deleted after changed after made\n"
    assert stack.destroy().returncode == 0
    assert log.read_text().splitlines()[1:] == ["deleted after made"]
    assert sshd.connections == 1


def test_commands_at_the_same_time_share_one_connection(stack: Stack, sshd: Sshd) -> None:
    done = stack.up(
        "for n in range(16):\n    remote(f'c{n}', create='sleep 0.3; echo $N', environment={'N': str(n)})\n"
    )
    assert "17 created" in done.stdout, done.stdout
    assert sshd.connections == 1


def test_no_secret_is_in_an_argument_list_the_state_or_the_log(stack: Stack) -> None:
    outputs = stack.outputs(
        "secret = pulumi.Output.secret('hush-hush')\n"
        "a = remote('a', create=pulumi.Output.concat('ps -eww -o args; echo ', secret), stdin=secret,"
        " environment={'S': secret}, logging=command.remote.Logging.NONE)\npulumi.export('out', a.stdout)\n"
    )
    *listed, own = outputs["out"].splitlines()
    assert own == "hush-hush"
    assert any("head -c" in line for line in listed)
    assert not [line for line in listed if "hush-hush" in line]
    assert "hush-hush" not in stack.pulumi("stack", "export").stdout


def test_another_host_key_is_refused_in_one_sentence_even_beside_an_open_connection(
    stack: Stack, sshd: Sshd, tmp_path: Path
) -> None:
    stack.outputs("remote('a', create='true')\n")
    connect(stack, host_key=make_key(tmp_path / "other"))
    marker = tmp_path / "ran"
    shown = refused(stack, f"remote('b', create='touch {marker}')\n")
    assert f"the SSH host key of {sshd.user}@127.0.0.1:{sshd.port} is not the pinned one" in shown
    assert not marker.exists()
    assert sshd.connections == 1


def test_a_connection_without_a_pinned_host_key_is_refused(stack: Stack, sshd: Sshd) -> None:
    connect(stack, host_key=None)
    assert "connection.hostKey is missing" in refused(stack)
    connect(stack, host_key="not a key")
    assert "is not a public key" in refused(stack)
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
    left = [path.name for path in (sshd.directory / "run").rglob("*") if path.is_file()]
    assert [name for name in left if not name.endswith(".lock")] == []


def test_without_any_key_one_sentence_says_where_it_comes_from(stack: Stack) -> None:
    stack.env.pop("SSH_AUTH_SOCK")
    assert "there is no SSH key for" in refused(stack)


def test_the_directory_of_shared_connections_is_the_users_alone(stack: Stack, sshd: Sshd) -> None:
    stack.outputs("remote('a', create='true')\n")
    shared = sshd.directory / "run" / "pgai-preview-ssh"
    assert shared.stat().st_mode & 0o777 == 0o700
    shared.chmod(0o750)
    assert "must be a directory of yours with mode 0700" in refused(stack, "remote('b', create='true')\n")


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
    connect(stack, dial_error_limit=2)
    shown = refused(stack)
    assert f"no SSH connection to {sshd.user}@127.0.0.1:{sshd.port} after 3 attempts" in shown
    assert "Connection refused" in shown


def test_a_failing_command_shows_its_complaint_and_not_its_text(stack: Stack) -> None:
    shown = refused(stack, "remote('a', create='x=hush; echo no such thing >&2; exit 3')\n")
    assert "the create command failed: exit status 3 no such thing" in shown
    assert "hush" not in shown


def test_a_machine_that_is_lost_while_a_command_runs_is_one_sentence(stack: Stack, sshd: Sshd, tmp_path: Path) -> None:
    marker = tmp_path / "started"
    lost: list[float] = []

    def lose() -> None:
        while not marker.exists():
            time.sleep(0.05)
        sshd.stop()
        lost.append(time.monotonic())

    thread = threading.Thread(target=lose)
    thread.start()
    shown = refused(stack, f"remote('a', create='touch {marker}; sleep 60')\n")
    assert time.monotonic() - lost[0] < 20
    thread.join()
    assert "was lost while the create command ran" in shown


def test_a_dead_shared_connection_is_replaced(stack: Stack, sshd: Sshd) -> None:
    stack.outputs("remote('a', create='true')\n")
    sshd.stop()
    sshd.start()
    stack.outputs("remote('b', create='true')\n")
    assert sshd.connections == 2


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


@pytest.mark.parametrize("command", [["gofmt", "-l", "."], ["go", "vet", "."], ["go", "test", "."]], ids=" ".join)
@pytest.mark.parametrize("package", ["command/remote", "command/sharedssh", "cloudflare/api", "cloudflare/records"])
def test_the_stand_ins_own_checks_pass(command: list[str], package: str) -> None:
    where = Path(__file__).parents[2] / "offline" / "go" / "internal" / package
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert command[0] != "gofmt" or not done.stdout
