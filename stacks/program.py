"""The Pulumi program: a stack's name says which part of it runs."""

from __future__ import annotations

import pulumi

from stacks.names import STACK_PREFIX


def run() -> None:
    """Run the program of the selected stack; only its own modules are imported.

    Raises:
        pulumi.RunError: No program has that name, or its own cannot run.
    """
    stack = pulumi.get_stack()
    if stack == "local":
        from stacks import base

        base.local()
    elif stack == "base":
        from stacks import production

        production.production()
    elif stack.startswith(STACK_PREFIX):
        from stacks import preview

        preview.preview()
    else:
        raise pulumi.RunError(f"There is no stack {stack!r} here: valid names are base, local and preview-<slug>.")
