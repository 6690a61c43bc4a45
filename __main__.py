"""Entry point of the Pulumi program: a stack's name says which program it is."""

import pulumi

from stacks import base, preview
from stacks.names import STACK_PREFIX


def main() -> None:
    """Run the program of the selected stack."""
    stack = pulumi.get_stack()
    programs = {"base": base.production, "local": base.local}
    if stack in programs:
        programs[stack]()
    elif stack.startswith(STACK_PREFIX):
        preview.preview()
    else:
        raise pulumi.RunError(f"There is no stack {stack!r} here: valid names are base, local and preview-<slug>.")


main()
