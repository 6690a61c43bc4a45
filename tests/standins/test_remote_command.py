"""The command plugin's remote commands and copies, over a real SSH server, keep the official contract."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins.engine import Stack
from tests.support.sshd import Sshd, make_key

pytestmark = pytest.mark.engine

PROLOGUE = """
import json, os
import pulumi, pulumi_command as command
connection = json.loads(os.environ["CONNECTION"])
remote = lambda name, opts=None, **given: command.remote.Command(
    name, opts=opts, **{"connection": connection, **given})
copy = lambda name, **given: command.remote.CopyToRemote(name, **{"connection": connection, **given})
"""


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    with Sshd() as server:
        yield server


@pytest.fixture
def stack(tmp_path: Path, sshd: Sshd) -> Iterator[Stack]:
    """A stack whose programs reach the server with keys from an agent."""
    runtime = sshd.directory / "run"
    runtime.mkdir()
    with sshd.agent() as socket:
        connection = {"host": sshd.host, "port": sshd.port, "user": sshd.user, "host_key": sshd.host_key}
        result = Stack.make(tmp_path, PROLOGUE, SSH_AUTH_SOCK=socket, XDG_RUNTIME_DIR=str(runtime))
        connect(result, **connection)
        yield result


def connect(stack: Stack, **changes: object) -> None:
    """Change the connection that the stack's programs use; None leaves a value out."""
    connection = {**json.loads(stack.env.get("CONNECTION", "{}")), **changes}
    stack.env["CONNECTION"] = json.dumps({key: value for key, value in connection.items() if value is not None})


def refused(stack: Stack, program: str = "remote('a', create='echo ran')\n") -> str:
    """What the engine shows of an update that must fail, on one line."""
    done = stack.up(program)
    assert done.returncode != 0, done.stdout
    assert "panic" not in done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


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


def test_directories_and_files_arrive_where_the_official_plugin_puts_them(stack: Stack, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub" / "empty").mkdir(parents=True)
    (source / "one").write_text("1")
    (source / "sub" / "two words").write_text("2")
    (source / "link").symlink_to("one")
    target = tmp_path / "it's there"
    target.mkdir()
    kept = target / "source" / "one"
    kept.parent.mkdir()
    kept.write_text("older and longer")
    inode = kept.stat().st_ino
    where = {name: str(target / name) for name in ("made/below", "dir", "file", "text/a.txt")}
    done = stack.up(
        f"archive = pulumi.FileArchive({str(source)!r})\n"
        f"copy('into', source=archive, remote_path={str(target)!r})\n"
        f"copy('below', source=archive, remote_path={where['made/below']!r})\n"
        f"copy('entries', source=pulumi.FileArchive({str(source) + '/'!r}), remote_path={where['dir']!r})\n"
        f"copy('file', source=pulumi.FileAsset({str(source / 'one')!r}), remote_path={where['file']!r})\n"
        f"copy('text', source=pulumi.StringAsset('t'), remote_path={where['text/a.txt']!r})\n"
    )
    assert done.returncode == 0, done.stdout
    found = {str(p.relative_to(target)): p.read_text() for p in target.rglob("*") if p.is_file()}
    tree = {"one": "1", "sub/two words": "2", "link": "1"}
    expected = {
        f"{root}/{name}": text for root in ("source", "made/below/source", "dir") for name, text in tree.items()
    }
    assert found == {**expected, "file": "1", "text/a.txt": "t"}
    assert (target / "dir" / "sub" / "empty").is_dir()
    assert kept.stat().st_ino == inode


def test_only_what_changed_is_copied_and_deleting_leaves_the_copy(stack: Stack, sshd: Sshd, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "one").write_text("1")
    program = f"copy('a', source=pulumi.FileArchive({str(source) + '/'!r}), remote_path={str(tmp_path / 'there')!r})\n"
    arrived = tmp_path / "there" / "one"
    assert "2 created" in stack.up(program).stdout
    arrived.write_text("changed by hand")
    opened = sshd.log.count("Starting session")
    assert "2 unchanged" in stack.up(program).stdout
    assert arrived.read_text() == "changed by hand"
    (source / "one").write_text("2")
    assert "1 updated" in stack.up(program).stdout
    assert arrived.read_text() == "2"
    assert stack.destroy().returncode == 0
    assert arrived.read_text() == "2"
    assert sshd.log.count("Starting session") - opened == 1
    assert sshd.connections == 1


def test_a_copy_that_cannot_be_made_says_why(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "file").write_text("in the way")
    into = (
        f"copy('a', source=pulumi.FileArchive({str(tmp_path / 'source')!r}), remote_path={str(tmp_path / 'file')!r})\n"
    )
    assert f"{tmp_path}/file exists and is not a directory" in refused(stack, into)
    text = f"copy('b', source=pulumi.StringAsset('t'), remote_path={str(tmp_path / 'source')!r})\n"
    assert "a StringAsset needs a file's name" in refused(stack, text)


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
