"""Options of the OpenSSH client: one shared connection, and the one host key that was learnt when the base was made."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

CONNECT_SECONDS = 10
_SOCKETS = "/tmp/pgai-ssh-"  # noqa: S108  make_room sees whose it is

SHARED: tuple[str, ...] = tuple(
    part
    for name, value in {
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "BatchMode": "yes",
        # What an operator's own configuration may ask for every machine: the VM gets neither agent, display, ticket,
        # password nor a way back here, only the learnt key is believed, and what a command prints is read. How the
        # machine is reached (ProxyJump) stays his.
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ClearAllForwardings": "yes",
        "Tunnel": "no",
        "PreferredAuthentications": "publickey",
        "VerifyHostKeyDNS": "no",
        "NoHostAuthenticationForLocalhost": "no",
        "PermitLocalCommand": "no",
        "RemoteCommand": "none",
        "RequestTTY": "no",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": "15",
        # One connection for the many that Docker's client asks for. A home may be too deep for a socket (108 bytes),
        # and the client takes "~" for the one of the password database, whatever HOME says.
        "ControlMaster": "auto",
        "ControlPath": f"{_SOCKETS}%i/%C",
        "ControlPersist": "60",
    }.items()
    for part in ("-o", f"{name}={value}")
)
"""Options that do not depend on the machine."""


class SharedDirectoryError(Exception):
    """The directory of the shared connections is somebody else's; the message says what to do."""


def make_room() -> None:
    """Make the directory of the shared connections' sockets; the client itself does not.

    Raises:
        SharedDirectoryError: Somebody else may write in it, who would have the connections.
    """
    directory = Path(f"{_SOCKETS}{os.getuid()}")
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SharedDirectoryError(
            f"Connections to the VM are shared in {directory}, which has to be a directory of yours that nobody else "
            "can use, and is not: see who has made it, and remove it."
        )


def pinned(host: str, port: int, host_key: str) -> str:
    """The option that pins a host key. It is in the option itself, so it works from a stack's state, without a file.

    Args:
        host: Address.
        port: Port of the SSH server.
        host_key: ``ssh-ed25519 AAAA…``.
    """
    name = host if port == 22 else f"[{host}]:{port}"
    return f"KnownHostsCommand=/bin/echo {name} {host_key}"


def with_variables(text: str, environment: Mapping[str, str]) -> str:
    """A script that sets its own variables: a server takes a client's only where its configuration names them."""
    assignments = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
    return assignments + text


def in_plain_shell(text: str, environment: Mapping[str, str]) -> str:
    """The same for a server that hands it to the user's login shell, which need not do as a POSIX shell does."""
    return with_variables(f"exec /bin/sh -c {shlex.quote(text)}", environment)
