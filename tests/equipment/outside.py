"""A place outside Docker's networks that only this machine can reach: a network namespace with a server in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.equipment.namespaces import ip

# A range that documents use and nobody owns; it is given to the namespace, so nothing leaves the machine.
ADDRESS = "198.51.100.77"
PORT = 8000
_GATEWAY = "198.51.100.1"


@contextmanager
def server_outside(token: str) -> Iterator[None]:
    """An HTTP server on :data:`ADDRESS`, reachable from this machine and from containers with a way out.

    Args:
        token: Names the namespace and its link, at most 8 characters.
    """
    near, far = f"{token}-n", f"{token}-f"
    ip("netns", "add", token)
    try:
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", token)
        ip("addr", "add", f"{_GATEWAY}/24", "dev", near)
        ip("link", "set", near, "up")
        for command in (
            ["addr", "add", f"{ADDRESS}/24", "dev", far],
            ["link", "set", far, "up"],
            ["route", "add", "default", "via", _GATEWAY],
        ):
            ip("-n", token, *command)
        script = (
            "import http.server as h\n"
            f"s = h.ThreadingHTTPServer(('{ADDRESS}', {PORT}), h.BaseHTTPRequestHandler)\n"
            "print('listening', flush=True)\n"
            "s.serve_forever()\n"
        )
        with subprocess.Popen(
            ["ip", "netns", "exec", token, sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                assert process.stdout
                assert process.stdout.readline().strip() == "listening"
                yield
            finally:
                process.kill()
    finally:
        ip("netns", "delete", token)
