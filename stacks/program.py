"""The Pulumi program: a stack's name says which part of it runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pulumi

from stacks.exchange import ReadOutputs, read_outputs
from stacks.names import CLUSTER, LOCAL, PRODUCTION, STACK_PREFIX

# The SDK puts a stack trace into the state for every resource: this many frames reach from the SDK's innermost to this
# module, and what lies further out is the same for all, a fifth of the state, and names places of one machine.
_FRAMES = 12


def run(read_outputs: ReadOutputs = read_outputs, earlier_passwords: Mapping[str, str] | None = None) -> None:
    """Run the program of the selected stack; only its own modules are imported.

    Args:
        read_outputs: Reads other stacks' outputs. The engine derives another stack's key to do so, also where nothing
            in its outputs is secret: a third of a second, which whoever reads states anyhow can spare.
        earlier_passwords: Those of a preview whose state holds them in another way, by the names of secrets.

    Raises:
        pulumi.RunError: No program has that name, or its own cannot run.
    """
    sys.tracebacklimit = _FRAMES
    stack = pulumi.get_stack()
    if stack in (LOCAL, CLUSTER):
        from stacks import local

        local.local()
    elif stack == PRODUCTION:
        from stacks import production

        production.production()
    elif stack.startswith(STACK_PREFIX):
        from stacks import preview

        preview.preview(read_outputs, earlier_passwords)
    else:
        raise pulumi.RunError(
            f"There is no stack {stack!r} here: valid names are {PRODUCTION}, {LOCAL}, {CLUSTER} and "
            f"{STACK_PREFIX}<slug>."
        )
