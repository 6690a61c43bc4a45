"""Actions on a server of the fake Hetzner API: power, type, rebuild, rescue, backup, protection."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.equipment.fakes.hetzner.common import body, flag, text
from tests.equipment.fakes.hetzner.errors import failure, invalid, not_found, protected, refuse
from tests.equipment.fakes.hetzner.primary_ips import reverse_name
from tests.equipment.fakes.hetzner.server_input import check_orderable, image, server_type
from tests.equipment.fakes.hetzner.state import Project, lookup
from tests.equipment.fakes.messages import Json, RefusalError, Reply, Request, Route

_Action = Callable[[Json, Request], Reply]


class ServerActions:
    """The part `/servers/{id}/actions/…`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project

    def routes(self) -> Iterable[Route]:
        """Who answers what."""
        known: dict[str, _Action] = {
            "poweron": self._power("start_server", "running", "powered_on"),
            "poweroff": self._power("stop_server", "off", "powered_off"),
            "shutdown": self._power("shutdown_server", "off", "powered_off"),
            "reboot": self._power("reboot_server", "running", "rebooted"),
            "reset": self._power("reset_server", "running", "rebooted"),
            "change_type": self._change_type,
            "rebuild": self._rebuild,
            "change_protection": self._protect,
            "enable_rescue": self._rescue,
            "disable_rescue": self._set("disable_rescue", {"rescue_enabled": False}),
            "enable_backup": self._set("enable_backup", {"backup_window": "22-02"}),
            "disable_backup": self._set("disable_backup", {"backup_window": None}),
            "reset_password": self._reset_password,
            "change_dns_ptr": self._rename_reverse,
            "attach_iso": _names_unknown("iso"),
            "attach_to_network": _names_unknown("network"),
            "add_to_placement_group": _names_unknown("placement_group"),
        }
        for name, act in known.items():
            yield Route("POST", f"/servers/{{id}}/actions/{name}", self._on_server(act))
        yield Route("POST", "/servers/{id}/actions/{name}", self._unknown)

    def _on_server(self, act: _Action) -> Callable[[Request], Reply]:
        def handle(request: Request) -> Reply:
            return act(lookup(self._project.state.servers, "server", request.params["id"]), request)

        return handle

    def _unknown(self, request: Request) -> Reply:
        raise RefusalError(failure(501))

    def _start(self, server: Json, command: str, effect: Callable[[], None]) -> Json:
        number = server["id"]
        return self._project.action(command, ("server", number), effect=effect, locks=number)

    def _power(self, command: str, status: str, event: str) -> _Action:
        def act(server: Json, request: Request) -> Reply:
            def done() -> None:
                server["status"] = status
                self._project.events.append((event, server))

            return Reply(201, {"action": self._start(server, command, done)})

        return act

    def _set(self, command: str, values: Json) -> _Action:
        def act(server: Json, request: Request) -> Reply:
            return Reply(201, {"action": self._start(server, command, lambda: server.update(values))})

        return act

    def _change_type(self, server: Json, request: Request) -> Reply:
        content = body(request)
        kind = server_type(self._project.state, content.get("server_type"))
        upgrade = flag(content, "upgrade_disk", True)
        if server["status"] != "off":
            raise refuse(422, "server_not_stopped", "the server must be stopped for this")
        if kind["architecture"] != server["server_type"]["architecture"]:
            raise refuse(422, "invalid_server_type", "the server type has another architecture")
        if kind["disk"] < server["primary_disk_size"]:
            raise refuse(422, "invalid_server_type", "the disk of the server type is too small")
        check_orderable(kind, server["location"]["name"])

        def done() -> None:
            server["server_type"] = kind
            if upgrade:
                server["primary_disk_size"] = kind["disk"]

        return Reply(201, {"action": self._start(server, "change_server_type", done)})

    def _rebuild(self, server: Json, request: Request) -> Reply:
        if server["protection"]["rebuild"]:
            raise protected(f"server {server['id']}")
        content = body(request)
        system = image(self._project.state, content.get("image"), server["server_type"]["architecture"])
        boots = self._project.state.boots
        old = boots[server["id"]]

        def done() -> None:
            server.update(image=system, status="running")
            boots[server["id"]] = replace(
                old, image=system["name"], user_data=content.get("user_data") or old.user_data
            )
            self._project.events.append(("rebuilt", server))

        password = None if old.ssh_keys else secrets.token_urlsafe(12)
        return Reply(201, {"action": self._start(server, "rebuild_server", done), "root_password": password})

    def _protect(self, server: Json, request: Request) -> Reply:
        content = body(request)
        wanted = {name: flag(content, name, server["protection"][name]) for name in ("delete", "rebuild")}
        if wanted["delete"] != wanted["rebuild"]:
            raise invalid("rebuild", "delete and rebuild must have the same value.")
        server["protection"] = wanted
        return Reply(201, {"action": self._project.action("change_protection", ("server", server["id"]))})

    def _rescue(self, server: Json, request: Request) -> Reply:
        if body(request).get("type", "linux64") != "linux64":
            raise invalid("type", "Must be one of: linux64.")
        action = self._start(server, "enable_rescue", lambda: server.update(rescue_enabled=True))
        return Reply(201, {"action": action, "root_password": secrets.token_urlsafe(12)})

    def _reset_password(self, server: Json, request: Request) -> Reply:
        action = self._start(server, "reset_password", lambda: None)
        return Reply(201, {"action": action, "root_password": secrets.token_urlsafe(12)})

    def _rename_reverse(self, server: Json, request: Request) -> Reply:
        content = body(request)
        ip = text(content, "ip")
        for address in self._project.state.primary_ips.values():
            if address["ip"] == ip and address["assignee_id"] == server["id"]:
                name = content.get("dns_ptr") or reverse_name(ip)
                address["dns_ptr"] = [{"ip": ip, "dns_ptr": name}]
                server["public_net"]["ipv4"]["dns_ptr"] = name
                return Reply(201, {"action": self._project.action("change_dns_ptr", ("server", server["id"]))})
        raise not_found("IP", ip)


def _names_unknown(field: str) -> _Action:
    """The fake has none of those things, so every one that is named is unknown."""

    def act(server: Json, request: Request) -> Reply:
        raise not_found(field, body(request).get(field))

    return act
