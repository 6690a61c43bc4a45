"""What the fake Hetzner API only shows: locations, server types, images, actions."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, request

from tests.equipment.fakes.hetzner.common import listing
from tests.equipment.fakes.hetzner.errors import refuse
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.http import Handler, reply


class ReadOnly:
    """The parts that cannot be changed."""

    def __init__(self, project: Project) -> None:
        """Show a project's surroundings."""
        self._state = project.state

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        return (
            ("GET", "/locations", lambda: listing("locations", self._state.locations)),
            ("GET", "/server_types", lambda: listing("server_types", self._state.server_types)),
            ("GET", "/images", self._images),
            ("GET", "/actions", self._actions),
            (
                "GET",
                "/actions/<int:number>",
                lambda number: reply(200, {"action": lookup(self._state.actions, "action", number)}),
            ),
        )

    def _images(self) -> Response:
        rows = self._state.images
        if request.args.get("include_deprecated") != "true":
            rows = [row for row in rows if row["deprecated"] is None]
        return listing("images", rows, ("name", "architecture"), ("include_deprecated",))

    def _actions(self) -> Response:
        if "id" not in request.args:
            raise refuse(410, "deprecated_api_endpoint", "the list of all actions was removed: name ids")
        return listing("actions", self._state.actions.values(), ("id",))
