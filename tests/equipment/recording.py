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
    "min_free_disk_gb": 5,
    "min_available_memory_gb": 1,
    "address": "127.0.0.1",
}


# What an engine adds to the inputs, where a program reads it.
_MADE: Mapping[str, Mapping[str, Any]] = {
    "PrimaryIp": {"ipAddress": "203.0.113.5"},
    "Network": {"ipamConfigs": [{"subnet": "172.30.0.0/16", "gateway": "172.30.0.1"}]},
    "Command": {"stdout": "ssh-ed25519 AAAAhostkey"},
}


@dataclass(frozen=True)
class Declared:
    """One resource as a program declared it."""

    type: str
    name: str
    inputs: Mapping[str, Any]


@dataclass
class Recorder(pulumi.runtime.Mocks):
    """Answers like an engine that can do all that its providers take, and remembers what it was asked."""

    base_outputs: Mapping[str, Any] | None = None
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    declared: list[Declared] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if "" in args.inputs.get("command", ()) and args.typ.startswith("docker:"):
            # As Docker's provider does, which a preview of the update does not tell.
            raise ValueError(f"{args.name}: values for command may not be empty")
        self.declared.append(Declared(args.typ, args.name, args.inputs))
        kind = args.typ.rsplit(":", 1)[-1]
        made = dict(_MADE.get(kind, {}))
        if kind == "Stash":
            # As if it had been given them at an earlier run; what it is given now comes marked as secret.
            made = {"output": {name: f"generated-{name}" for name in args.inputs["input"]["value"]}}
        if kind == "Command" and args.name.endswith("-networks"):
            slug = args.name.removesuffix("-networks")
            made = {"stdout": f"preview-{slug} preview-{slug}_edge"}
        return ("4711" if args.typ.startswith("hcloud:") else f"{args.name}-id"), {**args.inputs, **made}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        if args.token in self.answers:
            return dict(self.answers[args.token]), []
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
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Declared]:
    """Resources that a program declares on a stack with this configuration.

    Args:
        program: The program.
        stack: Name of the stack.
        config: Configuration of the stack.
        base_outputs: What the base stack hands on; None where it was never brought up.
        answers: Token of a function → what it answers.
    """
    recorder = Recorder(base_outputs=base_outputs, answers=answers or {})
    pulumi.runtime.set_mocks(recorder, project=PROJECT, stack=stack, preview=False)
    pulumi.runtime.set_all_config({f"{PROJECT}:{key}": value for key, value in config.items()})
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return recorder.declared
