"""Programs whose commands and copies go over a real SSH server."""

from __future__ import annotations

import json

from tests.standins.engine import Stack

PROLOGUE = """
import json, os
import pulumi, pulumi_command as command
connection = json.loads(os.environ["CONNECTION"])
remote = lambda name, opts=None, **given: command.remote.Command(
    name, opts=opts, **{"connection": connection, **given})
copy = lambda name, **given: command.remote.CopyToRemote(name, **{"connection": connection, **given})
"""
PLAIN = "remote('a', create='echo ran')\n"
"""A program with a command that can only fail for its connection."""


def connect(stack: Stack, **changes: object) -> None:
    """Change the connection that the stack's programs use; None leaves a value out."""
    connection = {**json.loads(stack.env.get("CONNECTION", "{}")), **changes}
    stack.env["CONNECTION"] = json.dumps({key: value for key, value in connection.items() if value is not None})
