"""A preview's slot on its machine: counted, limited, and owned by a branch."""

from __future__ import annotations

import pulumi

from components.host_scripts import script
from components.machine import Host
from components.slot_args import SlotArgs


class Slot(pulumi.ComponentResource):
    """Taken first and given back last: a refusal stops the update before anything else is made.

    Attributes:
        taken: The resource that everything else of a preview depends on.
    """

    taken: pulumi.Resource

    def __init__(self, name: str, host: Host, args: SlotArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:slot:Slot", name, None, opts)
        self.taken = host.command(
            f"{name}-place",
            create=script("take_slot"),
            delete=script("release_slot"),
            environment=args.environment,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
