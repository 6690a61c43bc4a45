"""What the fake Hetzner API only shows: places, types, images, and lists of things that it never has."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.equipment.fakes.hetzner.common import listing
from tests.equipment.fakes.hetzner.errors import not_found, refuse
from tests.equipment.fakes.hetzner.state import Project
from tests.equipment.fakes.messages import Json, Reply, Request, Route

_NEVER = ("networks", "volumes", "isos", "placement_groups", "floating_ips", "load_balancers", "certificates")


class ReadOnly:
    """The parts that cannot be changed."""

    def __init__(self, project: Project) -> None:
        """Show a project's surroundings."""
        self._project = project

    def routes(self) -> Iterable[Route]:
        """Who answers what."""
        state = self._project.state
        yield from _shown("locations", "location", lambda: state.locations)
        yield from _shown("server_types", "server_type", lambda: state.server_types)
        yield from _shown("images", "image", lambda: state.images, ("name", "type", "status", "architecture"))
        for name in _NEVER:
            yield from _shown(name, name.removesuffix("s"), list)
        yield Route("GET", "/datacenters", _removed)
        yield Route("GET", "/datacenters/{id}", _removed)


def _shown(
    plural: str, single: str, rows: Callable[[], list[Json]], filters: Iterable[str] = ("name",)
) -> Iterable[Route]:
    def one(request: Request) -> Reply:
        for row in rows():
            if str(row["id"]) == request.params["id"]:
                return Reply(200, {single: row})
        raise not_found(single, request.params["id"])

    def every(request: Request) -> Reply:
        chosen = rows()
        if plural == "images" and request.first("include_deprecated") != "true":
            chosen = [row for row in chosen if row["deprecated"] is None]
        return listing(request, plural, chosen, filters)

    return Route("GET", f"/{plural}", every), Route("GET", f"/{plural}/{{id}}", one)


def _removed(request: Request) -> Reply:
    announcement = "https://docs.hetzner.cloud/changelog#2026-06-02-datacenters-deprecated"
    message = "datacenters were removed from the API"
    raise refuse(410, "deprecated_api_endpoint", message, {"announcement": announcement})
