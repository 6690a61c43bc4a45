"""Writes on the machine what has happened to a preview: its record, the pages, the history."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from components.host_scripts import script
from operations.errors import OperationError
from operations.happening import Happening, Hears
from operations.machine.access import Machine
from operations.review.page import card, own_page
from operations.review.record import Links, Record, record_after
from operations.upkeep.history import line_of

MOST_BYTES = 90_000
"""Of a picture: it reaches the machine as one variable, of which Linux takes 128 KiB."""

_READ = 'cat -- "$PAGE/records/$SLUG.json" 2>/dev/null || :'
# JSON has no form feed of its own.
_READ_ALL = (
    'cd -- "$PAGE/records" 2>/dev/null && for one in *.json; do printf "\\f" && cat -- "$one"; done 2>/dev/null || :'
)


def writes(links: Links) -> Hears:
    """Who writes on the machine what it hears, in one go: pages, record and history tell the same story.

    Args:
        links: Where GitLab shows what belongs to the branch.
    """

    def hear(happening: Happening) -> None:
        machine = happening.machine
        # A machine that is lost, or a base that an older version has made.
        if machine is None or not machine.base.page_directory:
            return
        try:
            _write(machine, happening, links)
        except OperationError as error:
            raise OperationError(
                f"The page of all previews and the history do not tell of this ({error}): the next operation on the "
                "preview mends the page."
            ) from error

    return hear


def _write(machine: Machine, happening: Happening, links: Links) -> None:
    record = record_after(read_record(machine, happening.name.slug), happening, machine.base, links)
    write_record(machine, record, line_of(happening))


def read_record(machine: Machine, slug: str) -> Record | None:
    """What a machine knows of a preview; None where it knows nothing.

    Raises:
        OperationError: The machine cannot be reached.
    """
    return Record.read(machine.run(_READ, {"PAGE": machine.base.page_directory, "SLUG": slug}))


def read_records(machine: Machine) -> dict[str, Record]:
    """What a machine knows of previews, those that are over included, by their slugs.

    Raises:
        OperationError: The machine cannot be reached.
    """
    said = machine.run(_READ_ALL, {"PAGE": machine.base.page_directory})
    return {record.slug: record for record in map(Record.read, said.split("\f")) if record}


def write_record(machine: Machine, record: Record, event: str = "") -> None:
    """Write a preview's record and the pages that show it.

    Args:
        machine: The machine.
        record: The record.
        event: Line of the history; empty: nothing has happened that the history would not know.

    Raises:
        OperationError: The machine cannot be reached, or refuses.
    """
    base = machine.base
    variables = {
        "PAGE": base.page_directory,
        "SLUG": record.slug,
        "RECORD": record.written(),
        "CARD": "" if record.over else card(record),
        "OWN": own_page(record, base),
        "EVENT": event,
    }
    _run(machine, variables)


def write_picture(machine: Machine, slug: str, picture: bytes) -> None:
    """Show a picture of a preview on the page of all previews, in the place of an earlier one.

    Args:
        machine: The machine.
        slug: The preview's slug.
        picture: WebP, of at most ``MOST_BYTES``.

    Raises:
        OperationError: The machine cannot be reached, or refuses.
    """
    encoded = base64.b64encode(picture).decode("ascii")
    _run(machine, {"PAGE": machine.base.page_directory, "SLUG": slug, "PICTURE": encoded})


def _run(machine: Machine, variables: Mapping[str, str]) -> None:
    docker_host = machine.base.slot("", "").docker_host
    machine.run(script("page/write_page"), {**variables, **({"DOCKER_HOST": docker_host} if docker_host else {})})
