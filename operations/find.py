"""Finds what an operation is about: a base, a branch's preview, and the machine that it runs on."""

from __future__ import annotations

from dataclasses import dataclass

from components.services import by_key
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.errors import BadInputError, NotFoundError, OperationError
from operations.machine.access import Machine, machine_of
from stacks.names import CLUSTER, LOCAL, PRODUCTION, PreviewName
from stacks.outputs import BaseOutputs, OutputsError, PreviewOutputs

_MADE_BY = {LOCAL: "./preview demo does, or ", CLUSTER: "./preview demo --nodes 3 does, or "}


@dataclass(frozen=True, kw_only=True)
class Found:
    """A branch's preview.

    Attributes:
        name: Its names.
        snapshot: State of its stack.
        outputs: What the stack records about it.
    """

    name: PreviewName
    snapshot: Snapshot
    outputs: PreviewOutputs


def base_in(snapshot: Snapshot | None, base: str) -> BaseOutputs:
    """What a base hands on, out of its state.

    Raises:
        OperationError: It was never brought up.
    """
    if snapshot is None:
        raise OperationError(
            f"The base stack {base!r} does not exist: bring it up first "
            f"({_MADE_BY.get(base, '')}pulumi up --stack {base})."
        )
    try:
        return BaseOutputs.of(base, snapshot.outputs)
    except OutputsError as error:
        raise OperationError(str(error)) from error


def bases(engine: Engine, base: str) -> list[str]:
    """Base stacks that are meant.

    Args:
        engine: The engine.
        base: Name of one; empty: all that there are.
    """
    return [base] if base else [name for name in engine.stacks() if name in (LOCAL, CLUSTER, PRODUCTION)]


def require_service(service: str) -> None:
    """Refuse what is no service of a preview.

    Raises:
        BadInputError: It is none.
    """
    if service not in by_key():
        raise BadInputError(f"There is no service {service!r}: services are {', '.join(sorted(by_key()))}.")


def machine_at(engine: Engine, base: str) -> Machine:
    """The machine of a base.

    Raises:
        OperationError: The base was never brought up.
    """
    return machine_of(base_in(engine.snapshot(base), base))


def existing(engine: Engine, branch: str, base: str = "") -> Found:
    """A branch's preview.

    Args:
        engine: The engine.
        branch: Branch name.
        base: Base that it must run on; empty: any.

    Raises:
        NotFoundError: There is none, the slug is another branch's, or it runs on another base.
    """
    name = PreviewName(branch)
    snapshot = engine.snapshot(name.stack)
    outputs = snapshot.preview if snapshot else None
    if snapshot is None or outputs is None or outputs.branch != branch:
        raise NotFoundError(f"There is no preview of branch {branch!r}: ./preview list shows those that there are.")
    if base and outputs.base != base:
        raise NotFoundError(
            f"The preview of branch {branch!r} runs on the base {outputs.base!r}, not on {base!r}: name that one with "
            "--base, or leave the option and PREVIEW_BASE away."
        )
    return Found(name=name, snapshot=snapshot, outputs=outputs)
