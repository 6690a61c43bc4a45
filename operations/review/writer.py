"""Writes on the machine what has happened to a preview: its record, the pages, the history."""

from __future__ import annotations

from components.host_scripts import script
from operations.errors import OperationError
from operations.happening import Happening, Hears
from operations.machine.access import Machine
from operations.review.page import card, own_page
from operations.review.record import Links, Record, record_after
from operations.upkeep.history import line_of

_READ = 'cat -- "$PAGE/records/$SLUG.json" 2>/dev/null || :'


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
    base, name = machine.base, happening.name
    where = {"PAGE": base.page_directory, "SLUG": name.slug}
    record = record_after(Record.read(machine.run(_READ, where)), happening, base, links)
    variables = {
        **where,
        "RECORD": record.written(),
        "CARD": "" if record.over else card(record),
        "OWN": own_page(record, base.page_url),
        "EVENT": line_of(happening),
    }
    docker_host = base.slot(name.slug, name.branch).docker_host
    machine.run(script("page/write_page"), {**variables, **({"DOCKER_HOST": docker_host} if docker_host else {})})
