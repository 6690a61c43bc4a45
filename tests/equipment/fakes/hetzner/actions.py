"""Actions of the fake Hetzner API: by id, by several ids, and below their resources."""

from __future__ import annotations

from collections.abc import Iterable

from tests.equipment.fakes.hetzner.common import listing
from tests.equipment.fakes.hetzner.errors import refuse
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.messages import Json, Reply, Request, Route

_KINDS = {"servers": "server", "primary_ips": "primary_ip", "firewalls": "firewall"}


class Actions:
    """The part `/actions` and `/<resources>/…/actions`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._table = project.state.actions

    def routes(self) -> Iterable[Route]:
        """Who answers what."""
        yield Route("GET", "/actions", self._by_ids)
        yield Route("GET", "/actions/{action}", self._one)
        for resources in _KINDS:
            yield Route("GET", f"/{resources}/actions", self._of(resources))
            yield Route("GET", f"/{resources}/actions/{{action}}", self._one)
            yield Route("GET", f"/{resources}/{{id}}/actions", self._of(resources))
            yield Route("GET", f"/{resources}/{{id}}/actions/{{action}}", self._one)

    def _one(self, request: Request) -> Reply:
        return Reply(200, {"action": lookup(self._table, "action", request.params["action"])})

    def _by_ids(self, request: Request) -> Reply:
        if "id" not in request.query:
            raise refuse(410, "deprecated_api_endpoint", "the list of all actions was removed: name ids")
        return listing(request, "actions", self._table.values(), ("id", "status"))

    def _of(self, resources: str) -> _Lister:
        return _Lister(self._project, resources)


class _Lister:
    """Lists the actions of one kind of resource, or of one resource."""

    def __init__(self, project: Project, resources: str) -> None:
        self._project = project
        self._resources = resources

    def __call__(self, request: Request) -> Reply:
        identifier = request.params.get("id")
        rows = [one for one in self._project.state.actions.values() if self._touches(one, identifier)]
        return listing(request, "actions", rows, ("id", "status"))

    def _touches(self, action: Json, identifier: str | None) -> bool:
        return any(
            thing["type"] == _KINDS[self._resources] and identifier in (None, str(thing["id"]))
            for thing in action["resources"]
        )
