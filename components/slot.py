"""A preview's place on the host: its directory, and the branch that owns the slug."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.hosts import Host

SCRIPTS = Path(__file__).resolve().parents[1] / "host"


@dataclass(frozen=True, kw_only=True)
class SlotArgs:
    """What is asked for.

    Attributes:
        host: The machine.
        directory: Directory of the preview on it.
        branch: Branch that wants the slug.
    """

    host: Host
    directory: str
    branch: str


class Slot(pulumi.ComponentResource):
    """Taken first and given back last: a refusal stops the update before anything else is made (R3).

    Attributes:
        taken: The resource that everything else of a preview depends on.
    """

    taken: pulumi.Resource

    def __init__(self, name: str, args: SlotArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("preview:slot:Slot", name, None, opts)
        self.taken = args.host.command(
            f"{name}-slug",
            create=(SCRIPTS / "take_slug.sh").read_text(encoding="utf-8"),
            delete=(SCRIPTS / "release_slug.sh").read_text(encoding="utf-8"),
            environment={"DIRECTORY": args.directory, "BRANCH": args.branch},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
