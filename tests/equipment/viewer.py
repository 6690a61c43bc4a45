"""An anonymous viewer of previews on a local base."""

from __future__ import annotations

import httpx

from stacks.names import slug_of


def viewer(branch: str, port: int) -> httpx.Client:
    """A client whose requests go to loopback with the host name of a branch's preview."""
    host = f"preview-{slug_of(branch)}.localhost"

    def name(request: httpx.Request) -> None:
        request.headers["Host"] = f"{host}:{port}"
        request.extensions["sni_hostname"] = host

    return httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False, timeout=30, event_hooks={"request": [name]})
