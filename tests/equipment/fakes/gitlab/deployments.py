"""Environments, deployments and triggered pipelines of the fake GitLab."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask import Response, request

from tests.equipment.fakes.gitlab.errors import invalid, not_found, refuse, unplayed
from tests.equipment.fakes.gitlab.project import Project, arguments, body, one_of, page_of, required
from tests.equipment.fakes.http import Handler, Json, now, reply

_NAME = re.compile(r"[a-zA-Z0-9_.${} -]([a-zA-Z0-9_/.${} -]*[a-zA-Z0-9_.${} -])?")
_NAME_RULE = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, but not '/' at an end"
_STATUSES = ("running", "success", "failed", "canceled")
_FINISHED = ("success", "failed", "canceled")


class Deployments:
    """The parts `/environments`, `/deployments` and `/trigger/pipeline`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._state = project.state

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        return (
            ("GET", "/environments", self._list_environments),
            ("POST", "/environments", self._create_environment),
            ("GET", "/environments/<int:number>", lambda number: reply(200, self._environment(number))),
            ("PUT", "/environments/<int:number>", self._change_environment),
            ("DELETE", "/environments/<int:number>", self._delete_environment),
            ("POST", "/environments/<int:number>/stop", self._stop),
            ("GET", "/deployments", self._list),
            ("GET", "/deployments/<int:number>", lambda number: reply(200, self._deployment(number))),
            ("POST", "/deployments", self._create),
            ("PUT", "/deployments/<int:number>", self._change),
        )

    def environment_named(self, name: str) -> Json:
        """An environment, made where there is none.

        Raises:
            RefusalError: 400, GitLab takes no such name.
        """
        found = next((one for one in self._state.environments.values() if one["name"] == name), None)
        if found is None:
            if not _NAME.fullmatch(name) or len(name) > 255:
                raise refuse(400, {"name": [_NAME_RULE]})
            slug = re.sub(r"[^a-z0-9]+", "-", name.lower())[:17].strip("-")
            number = self._project.new_id()
            found = {
                "id": number,
                "name": name,
                "slug": f"{slug}-{number:06}",
                "external_url": None,
                "state": "available",
                "tier": "development",
                "created_at": now(),
                "updated_at": now(),
                "auto_stop_at": None,
            }
            self._state.environments[number] = found
        return found

    def deploy(self, environment: Json, sha: str, ref: str, status: str, job: Json | None = None) -> Json:
        """A new deployment; GitLab's own have a job."""
        number = self._project.new_id()
        made: Json = {
            "id": number,
            "iid": len(self._state.deployments) + 1,
            "ref": ref,
            "sha": sha,
            "created_at": now(),
            "updated_at": now(),
            "status": "created",
            "user": self._project.user.brief(),
            "environment": environment,
            "deployable": job,
        }
        self._state.deployments[number] = made
        self.move(made, status)
        return made

    def move(self, deployment: Json, status: str) -> None:
        """Bring a deployment into another state; one that has succeeded makes its environment available.

        Raises:
            RefusalError: 400, GitLab knows no such step.
        """
        if deployment["status"] == status or (status == "running" and deployment["status"] != "created"):
            raise refuse(400, {"status": [f'cannot transition via "{status}"']})
        deployment.update(status=status, updated_at=now())
        if status == "success":
            deployment["environment"]["state"] = "available"

    def stop_jobs(self, environment: Json) -> list[str]:
        """Jobs that stopping an environment runs: those of the last deployment that has ended, if it was a job's own.

        A deployment made by this API has no job, and so nothing that stops it.
        """
        finished = [
            one
            for one in self._state.deployments.values()
            if one["environment"] is environment and one["status"] in _FINISHED
        ]
        job = finished[-1]["deployable"] if finished else None
        return [job["on_stop"]] if job and job.get("on_stop") else []

    def _environment(self, number: int) -> Json:
        self._project.require(20)
        if number not in self._state.environments:
            raise not_found()
        return self._state.environments[number]

    def _list_environments(self) -> Response:
        self._project.require(20)
        asked = arguments("name", "search", "states")
        if "name" in asked and "search" in asked:
            raise invalid("name, search", "cannot be used together")
        rows = list(self._state.environments.values())
        if "name" in asked:
            rows = [row for row in rows if row["name"] == asked["name"]]
        if "search" in asked:
            if len(asked["search"]) < 3:
                raise refuse(400, "400 Bad request - Search query is less than 3 characters")
            rows = [row for row in rows if row["name"].lower().startswith(asked["search"].lower())]
        if "states" in asked:
            state = one_of(asked, "states", ("available", "stopping", "stopped"))
            rows = [row for row in rows if row["state"] == state]
        return page_of(sorted(rows, key=lambda row: str(row["name"])), request.base_url)

    def _create_environment(self) -> Response:
        self._project.require()
        content = body("name", "external_url")
        name = required(content, "name")
        if any(one["name"] == name for one in self._state.environments.values()):
            raise refuse(400, {"name": ["has already been taken"]})
        return self._with_url(self.environment_named(name), content, 201)

    def _change_environment(self, number: int) -> Response:
        self._project.require()
        return self._with_url(self._environment(number), body("external_url"), 200)

    def _with_url(self, environment: Json, content: Json, status: int) -> Response:
        url = content.get("external_url", environment["external_url"])
        if url and (len(url) > 255 or not re.match(r"https?://", url)):
            raise refuse(400, {"external_url": ["is blocked: Only allowed schemes are http, https"]})
        environment.update(external_url=url or None, updated_at=now())
        return reply(status, environment)

    def _delete_environment(self, number: int) -> Response:
        self._project.require()
        if self._environment(number)["state"] != "stopped":
            raise refuse(403, "403 Forbidden")
        del self._state.environments[number]
        return reply(204)

    def _stop(self, number: int) -> Response:
        self._project.require()
        environment = self._environment(number)
        content = {**body("force"), **arguments("force")}
        if environment["state"] == "available":
            jobs = [] if str(content.get("force", "")).lower() == "true" else self.stop_jobs(environment)
            self._state.started_jobs += jobs
            environment.update(state="stopping" if jobs else "stopped", auto_stop_at=None, updated_at=now())
        return reply(200, environment)

    def _deployment(self, number: int) -> Json:
        self._project.require(20)
        if number not in self._state.deployments:
            raise not_found()
        return self._state.deployments[number]

    def _list(self) -> Response:
        self._project.require(20)
        asked = arguments("environment", "status", "order_by", "sort")
        rows = list(self._state.deployments.values())
        if "environment" in asked:
            rows = [row for row in rows if row["environment"]["name"] == asked["environment"]]
        if "status" in asked:
            rows = [row for row in rows if row["status"] == one_of(asked, "status", ("created", *_STATUSES, "blocked"))]
        if asked.get("order_by", "id") != "id":
            raise unplayed("another order than by id")
        return page_of(rows[:: -1 if asked.get("sort") == "desc" else 1], request.base_url)

    def _create(self) -> Response:
        self._project.require()
        content = body("environment", "sha", "ref", "tag", "status")
        name, sha, ref = (required(content, key) for key in ("environment", "sha", "ref"))
        if not isinstance(content.get("tag"), bool):
            raise invalid("tag", "is missing" if "tag" not in content else "is invalid")
        status = one_of(content, "status", _STATUSES)
        return reply(201, self.deploy(self.environment_named(name), sha, ref, status))

    def _change(self, number: int) -> Response:
        self._project.require()
        deployment = self._deployment(number)
        status = one_of(body("status"), "status", _STATUSES)
        if deployment["deployable"]:
            raise refuse(403, "403 Forbidden - Deployments created using GitLab CI can not be updated using the API")
        self.move(deployment, status)
        return reply(200, deployment)
