"""Who holds stacks at the moment, and since when."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from operations.engine.holder import Holder
from operations.engine.workspace import Engine


@dataclass(frozen=True, kw_only=True)
class Held:
    """A stack that is held.

    Attributes:
        stack: The stack.
        holder: Who holds it.
    """

    stack: str
    holder: Holder

    def as_dict(self) -> dict[str, str | int]:
        """The same, for JSON."""
        return {"stack": self.stack, **asdict(self.holder)}


def held(engine: Engine, stack: str = "") -> list[Held]:
    """Who holds a stack.

    Args:
        engine: Knows the locks of this command on this machine, and the engine's.
        stack: The stack; empty: all.

    Raises:
        OperationError: The engine's locks, which its backend keeps, cannot be read.
    """
    found = [*engine.holders(), *((lock.stack, lock.holder) for lock in engine.stack_locks.all(stack))]
    chosen = [Held(stack=name, holder=holder) for name, holder in found if stack in ("", name)]
    return sorted(chosen, key=lambda one: (one.stack, one.holder.since))
