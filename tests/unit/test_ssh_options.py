"""What the OpenSSH client makes of the options, whatever the operator's own configuration says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stacks.ssh_options import SHARED

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
