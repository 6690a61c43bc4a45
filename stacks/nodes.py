"""Engines of a local cluster, as a base's configuration names them."""

from __future__ import annotations

import re

from stacks.outputs import Node

_NODE = re.compile(r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9.-]*)=(?P<docker_host>unix:///\S+)")


def nodes_of(value: str) -> tuple[Node, ...]:
    """Nodes that a local base is configured with, the manager first.

    Args:
        value: ``NAME=unix:///…`` of each, separated by spaces: its host name, and the address of its Docker engine.

    Raises:
        ValueError: It is not of that form; the message says so.
    """
    found: dict[str, Node] = {}
    for word in value.split():
        match = _NODE.fullmatch(word)
        if match is None:
            raise ValueError(
                f"must be nodes as NAME=unix:///…, separated by spaces, the manager first; {word!r} is not"
            )
        if match["name"] in found:
            raise ValueError(f"names {match['name']} twice: each node has a name of its own")
        found[match["name"]] = Node(name=match["name"], docker_host=match["docker_host"])
    return tuple(found.values())
