"""A preview's slot on its machine: counted, limited, and owned by a branch."""

from __future__ import annotations

from collections.abc import Iterable

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

    def __init__(
        self,
        name: str,
        host: Host,
        args: SlotArgs,
        *,
        images: Iterable[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            name: Name of the component.
            host: The machine.
            args: What is asked for.
            images: Images of the preview, looked at first: others are looked at before anything runs them.
            opts: Parent.
        """
        super().__init__("preview:slot:Slot", name, None, opts)
        self.taken = host.command(
            f"{name}-place",
            create=script("take_slot"),
            delete=script("release_slot"),
            environment={**args.environment, "IMAGES": " ".join(sorted(set(images)))},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
