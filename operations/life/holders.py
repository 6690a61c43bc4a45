"""Who holds the slots of a machine, who has looked at them, and which of them may be put to sleep for another."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.host_scripts import script
from operations.engine.snapshot import Snapshot
from operations.engine.workspace import Engine
from operations.machine.access import Machine
from operations.upkeep.expiry import ends_at, moment
from stacks.moments import text_of
from stacks.names import stack_of

YOUNG = dt.timedelta(hours=2)
"""How long a preview is left awake after a deploy, whoever looks."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A preview as its machine knows it; times are RFC 3339 in UTC, empty where there is none.

    Attributes:
        slug: The preview.
        branch: Its branch; empty where the machine has lost it.
        state: ``running``, ``starting``, ``asleep``, or empty: its deploy died.
        kept: Whether somebody wants it to stay.
        taken_at: When its slot was last taken, by a deploy or a wake.
        asleep_since: Since when it sleeps.
        looked_at: When somebody last looked at it.
    """

    slug: str
    branch: str
    state: str
    kept: bool
    taken_at: str
    asleep_since: str
    looked_at: str

    @property
    def takes_slot(self) -> bool:
        """Whether it counts."""
        return self.state in ("running", "starting")

    @property
    def idle_since(self) -> dt.datetime:
        """Since when nobody has looked; where nobody ever did, since its slot was taken."""
        return moment(self.looked_at or self.taken_at) or dt.datetime.now(dt.UTC)


def holders(machine: Machine) -> list[Holder]:
    """The previews that a machine knows of.

    Raises:
        OperationError: The machine or its Docker does not answer.
    """
    base = machine.base
    asked = {"PREVIEWS": f"{base.host_directory}/previews", **base.slot("any", "any").of_base}
    return [_holder(line) for line in machine.run(script("describe_slots"), asked).splitlines()]


def _holder(line: str) -> Holder:
    slug, branch, state, kept, taken_at, asleep_since, looked_at = line.split("\t")
    return Holder(
        slug=slug,
        branch=branch,
        state=state,
        kept=bool(kept),
        taken_at=taken_at,
        asleep_since=asleep_since,
        looked_at=looked_at,
    )


def stacks_of(engine: Engine, found: Sequence[Holder]) -> Mapping[str, Snapshot]:
    """Slug → state of its stack, of those that can be read.

    Raises:
        OperationError: The backend cannot be read.
    """
    readable, _ = engine.readable({stack_of(one.slug) for one in found}.__contains__)
    return {one.slug: readable[stack_of(one.slug)] for one in found if stack_of(one.slug) in readable}


def idle(found: Sequence[Holder], stacks: Mapping[str, Snapshot], now: dt.datetime) -> list[Holder]:
    """Those that may be put to sleep, the one that nobody has looked at for longest first; each with its branch.

    Never one that is kept, whose first deploy has not ended, or that was deployed in the last two hours.
    """
    may = (replace(one, branch=branch_of(one, stacks)) for one in found if _may_sleep(one, stacks.get(one.slug), now))
    return sorted(may, key=lambda one: one.idle_since)


def branch_of(one: Holder, stacks: Mapping[str, Snapshot]) -> str:
    """Its branch, which the state has where the machine has lost it; its slug where neither has."""
    preview = stacks[one.slug].preview if one.slug in stacks else None
    return preview.branch if preview else one.branch or one.slug


def _may_sleep(one: Holder, stack: Snapshot | None, now: dt.datetime) -> bool:
    if one.state != "running" or one.kept or stack is None or stack.preview is None:
        return False
    # A plain `pulumi up` says no time.
    deployed = moment(stack.preview.deployed_at or one.taken_at)
    return deployed is not None and now - deployed > YOUNG


def refusal_of(
    engine: Engine, machine: Machine, branch: str, found: Sequence[Holder], stacks: Mapping[str, Snapshot]
) -> str:
    """Why there is no slot for a branch: who holds them, since when nobody looked, and how one gets free."""
    holding = sorted((one for one in found if one.takes_slot), key=lambda one: one.idle_since)
    ends = {one.slug: ends_at(engine, stacks[one.slug]) for one in holding if one.slug in stacks and not one.kept}
    said = "; ".join(f"{branch_of(one, stacks)} ({_words(one, ends.get(one.slug))})" for one in holding)
    sentences = [
        f"There is no room for the preview of branch {branch!r}: {len(holding)} of {machine.base.max_previews} "
        f"previews run or start: {said}."
    ]
    if ending := [(end, one) for one in holding if (end := ends.get(one.slug))]:
        end, first = min(ending, key=lambda pair: pair[0])
        sentences.append(f"The next slot is free at {text_of(end)}, when {branch_of(first, stacks)} ends.")
    if holding:
        name = shlex.quote(branch_of(holding[0], stacks))
        keeps = " (keeps its data)" if machine.base.keeps_data else ""
        sentences.append(f"To make room now: ./preview sleep {name}{keeps}, or ./preview destroy {name}.")
    return " ".join(sentences)


def _words(one: Holder, end: dt.datetime | None) -> str:
    if one.state == "starting":
        return "starts at the moment"
    looked = f"nobody has looked since {text_of(one.idle_since)}"
    return f"{looked}, kept" if one.kept else f"{looked}, ends {text_of(end)}" if end else looked
