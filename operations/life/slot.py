"""A preview's slot on its machine, taken and released outside of an update."""

from __future__ import annotations

from components.host_scripts import script
from operations.errors import OperationError, RefusedError
from operations.machine.access import Machine
from operations.machine.shell import ScriptError
from stacks.names import PreviewName

REFUSED = 3
"""Exit code of the scripts for slots where a rule forbids it."""
_LOST = 4
_FULL = 5
_SHORT = 6


class SlotLostError(OperationError):
    """The preview's stack knows of a slot, but the machine does not."""


class NoRoomError(RefusedError):
    """The machine has no room for one more preview."""


class FullError(NoRoomError):
    """All slots are taken."""


class NodesFullError(NoRoomError):
    """No machine of the cluster has room for a service of it."""


def acquire_slot(machine: Machine, name: PreviewName, *, known: bool) -> None:
    """Take the slot before anything is made; the stack's own resource finds it taken.

    Args:
        machine: The machine.
        name: The preview.
        known: Whether its stack says that it has a slot.

    Raises:
        NoRoomError: There is no room; :class:`FullError` where all slots are taken.
        RefusedError: Another branch owns the slug.
        SlotLostError: It should be there, and is not.
        OperationError: The machine cannot be reached.
    """
    environment = machine.base.slot(name.slug, name.branch).environment
    try:
        machine.run(script("take_slot"), {**environment, **({"KNOWN": "1"} if known else {})})
    except ScriptError as error:
        if error.code == _LOST:
            raise SlotLostError(str(error)) from error
        refusals: dict[int, type[RefusedError]] = {REFUSED: RefusedError, _FULL: FullError, _SHORT: NoRoomError}
        if refusal := refusals.get(error.code):
            raise refusal(f"{error} Nothing was changed.") from error
        raise


def release_slot(machine: Machine, slug: str, branch: str = "") -> bool:
    """Release a preview's slot on the machine, with its files and all that Docker keeps for it.

    Args:
        machine: The machine.
        slug: The preview.
        branch: Whose slot it must be; empty: anybody's.

    Returns:
        Whether there was one.

    Raises:
        RefusedError: It is another branch's.
        OperationError: The machine cannot be reached, or is busy.
    """
    try:
        return bool(machine.run(script("release_slot"), machine.base.slot(slug, branch).environment).strip())
    except ScriptError as error:
        if error.code == REFUSED:
            raise RefusedError(str(error)) from error
        raise
