"""Network namespaces of a test's own, and what runs in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack


def ip(*arguments: str) -> None:
    """Run ``ip``, which has to succeed."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def make(stack: ExitStack, names: Sequence[str]) -> None:
    """Make namespaces, each with a loopback that is up; gone when the stack ends."""
    for name in names:
        ip("netns", "add", name)
        stack.callback(ip, "netns", "delete", name)
        ip("-n", name, "link", "set", "lo", "up")


def within(place: str, *command: str, seconds: float = 30) -> str:
    """Standard output of a command that runs in a namespace and has to succeed within that time."""
    done = subprocess.run(
        ["ip", "netns", "exec", place, *command], capture_output=True, text=True, check=False, timeout=seconds
    )
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def serve(stack: ExitStack, place: str, program: str) -> None:
    """Run a Python program in a namespace until the stack ends; waits for it to say ``listening``."""
    argv = ["ip", "netns", "exec", place, sys.executable, "-c", program]
    server = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
    stack.callback(server.kill)
    assert server.stdout
    assert server.stdout.readline().strip() == "listening"
