"""Runs a program against Pulumi's mocks and records what it declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from stacks.settings import PROJECT

LOCAL_OUTPUTS: Mapping[str, Any] = {
    "kind": "local",
    "docker_host": "unix:///var/run/docker.sock",
    "host_directory": "/srv/previews",
    "edge_network": "traefik-public",
    "domain": "localhost",
    "scheme": "https",
    "port": 8443,
    "max_previews": 2,
    "address": "127.0.0.1",
}


@dataclass(frozen=True)
class Declared:
    """One resource as a program declared it."""

    type: str
    name: str
    inputs: Mapping[str, Any]


@dataclass
class Recorder(pulumi.runtime.Mocks):
    """Answers like an engine whose every operation succeeds, and remembers what it was asked."""

    base_outputs: Mapping[str, Any] | None = None
    declared: list[Declared] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.declared.append(Declared(args.typ, args.name, args.inputs))
        made = {"result": f"generated-{args.name}"} if args.typ.endswith("RandomPassword") else {}
        return f"{args.name}-id", {**args.inputs, **made}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        assert args.token == "pulumi:pulumi:readStackOutputs", args.token
        if self.base_outputs is None:
            return {}, [("name", f"unknown stack {args.args['name']}")]
        return {"name": args.args["name"], "outputs": dict(self.base_outputs), "secretOutputNames": []}, []


def declare(
    program: Callable[[], None],
    *,
    stack: str,
    config: Mapping[str, str],
    base_outputs: Mapping[str, Any] | None = LOCAL_OUTPUTS,
) -> list[Declared]:
    """Resources that a program declares on a stack with this configuration."""
    recorder = Recorder(base_outputs=base_outputs)
    pulumi.runtime.set_mocks(recorder, project=PROJECT, stack=stack, preview=False)
    pulumi.runtime.set_all_config({f"{PROJECT}:{key}": value for key, value in config.items()})
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return recorder.declared
