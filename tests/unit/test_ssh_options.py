"""What the OpenSSH client makes of the options, whatever the operator's own configuration says."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from stacks import ssh_options
from stacks.ssh_options import SHARED, SharedDirectoryError, in_plain_shell, make_room

EAGER = """Host *
    ForwardAgent yes
    ForwardX11 yes
    PermitLocalCommand yes
    LocalCommand touch /nowhere
    RemoteCommand tmux
    RequestTTY force
    StrictHostKeyChecking no
    VerifyHostKeyDNS yes
    NoHostAuthenticationForLocalhost yes
    Tunnel yes
    RemoteForward 9 localhost:9
    LocalForward 9 localhost:9
    DynamicForward 1080
    PreferredAuthentications gssapi-with-mic,password
    GSSAPIDelegateCredentials yes
    ControlMaster no
    ControlPath /nowhere/socket
    ProxyJump jump.example
"""


def settings_of(tmp_path: Path, *options: str) -> dict[str, str]:
    """What the client would do."""
    configuration = tmp_path / "config"
    configuration.write_text(EAGER, encoding="utf-8")
    done = subprocess.run(
        ["ssh", "-F", str(configuration), *options, "-G", "203.0.113.5"], capture_output=True, text=True, check=True
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_an_operator_s_ssh_configuration_lends_a_vm_nothing_but_commands(tmp_path: Path) -> None:
    wanted = {
        "forwardagent": "no",
        "forwardx11": "no",
        "permitlocalcommand": "no",
        "requesttty": "false",
        "stricthostkeychecking": "true",
        "verifyhostkeydns": "false",
        "nohostauthenticationforlocalhost": "no",
        "tunnel": "false",
        "preferredauthentications": "publickey",
        "controlmaster": "auto",
    }
    forwards = {"remoteforward", "localforward", "dynamicforward"}
    found = settings_of(tmp_path, *SHARED)
    assert {name: found[name] for name in wanted} == wanted
    assert found.get("remotecommand", "none") == "none"
    assert not forwards & found.keys()
    assert "/nowhere" not in found["controlpath"]
    without = settings_of(tmp_path)
    assert not [name for name, value in wanted.items() if without[name] == value], "the configuration does ask for it"
    assert forwards <= without.keys()


def test_an_operator_s_way_to_the_vm_stays(tmp_path: Path) -> None:
    assert settings_of(tmp_path, *SHARED)["proxyjump"] == "jump.example"


@pytest.mark.parametrize("home", ["/nowhere", "/builds/" + "a-long-name-of-a-group/" * 6])
def test_the_shared_connection_is_looked_for_where_its_directory_is_made_whatever_home_is(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)
    make_room()
    done = subprocess.run(
        ["ssh", "-F", "none", *SHARED, "-O", "check", "203.0.113.5"], capture_output=True, text=True, check=False
    )
    found = re.search(r"connect\((.*)\)", done.stderr)
    assert found, done.stderr
    socket = Path(found[1])
    assert socket.parent.is_dir()
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    # While it connects, the client adds 17 characters; a socket's path has 108 bytes with its end.
    assert len(str(socket)) + 17 < 108


@pytest.mark.parametrize("made", ["open", "link", "file", "somebody else's"])
def test_a_directory_that_others_can_use_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str) -> None:
    monkeypatch.setattr(ssh_options, "_SOCKETS", f"{tmp_path}/sockets-")
    directory = tmp_path / f"sockets-{os.getuid()}"
    if made == "file":
        directory.touch()
    elif made == "link":
        directory.symlink_to(tmp_path)
    else:
        directory.mkdir(mode=0o700)
        if made == "open":
            directory.chmod(0o770)
    if made == "somebody else's":
        other = os.getuid() + 1
        monkeypatch.setattr(os, "getuid", lambda: other)
        directory.rename(tmp_path / f"sockets-{os.getuid()}")
    with pytest.raises(SharedDirectoryError, match="nobody else can use, and is not"):
        make_room()


@pytest.mark.parametrize("login_shell", ["sh", "bash"])
def test_a_script_on_a_vm_ends_at_its_first_failure_whatever_the_login_shell_is(login_shell: str) -> None:
    script = '#!/bin/sh\nset -eu\nsaid=$(false; echo "it\'s well")\necho "$VALUE: $said"\n'
    text = in_plain_shell(script, {"VALUE": "a 'b'"})
    failed, done = (
        subprocess.run([login_shell, "-c", given], capture_output=True, text=True, check=False)
        for given in (text, text.replace("false;", "true;"))
    )
    assert (failed.returncode, failed.stdout) == (1, "")
    assert (done.returncode, done.stdout) == (0, "a 'b': it's well\n")
