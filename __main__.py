"""Entry point of the Pulumi program, for `pulumi` as an operator types it; `./preview` runs the same one itself."""

from stacks.program import run

run()
