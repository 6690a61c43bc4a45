"""A fake of GitLab's REST API v4: one project, kept in memory, on loopback.

It plays what previews ask of GitLab, as the API is in GitLab 18: merge requests, notes, uploads, environments,
deployments, and what a job's token may do of it. Any other path, field or parameter is refused with 501.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import Response, request

from tests.equipment.fakes.gitlab.deployments import Deployments
from tests.equipment.fakes.gitlab.errors import failure, not_found, refuse
from tests.equipment.fakes.gitlab.merge_requests import MergeRequests
from tests.equipment.fakes.gitlab.project import Project, State, User, secret
from tests.equipment.fakes.http import FakeApi, Handler, Json, RefusalError, now, reply

__all__ = ["FakeGitLab", "State", "User"]

DEVELOPER, MAINTAINER = 30, 40


class FakeGitLab(FakeApi):
    """Fake GitLab; `server` is what a client takes as its address.

    Attributes:
        user: Whose job it is.
        bot: Who the project's access token is.
        job_token: A job's token, with its user's role.
        token: The project's access token, with the scope `api`.
    """

    vendor = "gitlab"
    prefix = "/api/v4"

    def __init__(self, *, number: int = 15, path: str = "group/previews") -> None:
        """Make a project without anything in it."""
        self._project = Project(number, path)
        self._deployments = Deployments(self._project)
        merge_requests = MergeRequests(self._project)
        of_project = [
            (method, f"/projects/<id>{rest}", self._inside(handler))
            for part in (merge_requests, self._deployments)
            for method, rest, handler in part.routes()
        ]
        super().__init__([("GET", "/user", self._current), *of_project])
        self.user = User(7, "alice", DEVELOPER)
        self.bot = User(8, f"project_{number}_bot_{secret()[:8]}", MAINTAINER)
        self.job_token = f"glcbt-{secret()}"
        self.token = f"glpat-{secret()}"
        self._tokens: dict[str, tuple[User, tuple[str, ...]]] = {self.token: (self.bot, ("api",))}

    @property
    def server(self) -> str:
        """Address of GitLab."""
        return self.url.removesuffix(self.prefix)

    @property
    def variables(self) -> dict[str, str]:
        """Variables of a job, without the project's own."""
        return {
            "CI_SERVER_URL": self.server,
            "CI_API_V4_URL": self.url,
            "CI_PROJECT_ID": str(self._project.number),
            "CI_PROJECT_URL": f"{self.server}/{self._project.path}",
            "CI_JOB_TOKEN": self.job_token,
            "CI_JOB_URL": f"{self.server}/{self._project.path}/-/jobs/1",
        }

    @contextmanager
    def edit(self) -> Iterator[State]:
        """What there is in the project, to look at and to change as people do."""
        with self._lock:
            yield self._project.state

    def add_token(self, user: User, *scopes: str) -> str:
        """Another person's token."""
        token = f"glpat-{secret()}"
        self._tokens[token] = (user, scopes)
        return token

    def open_merge_request(
        self, source_branch: str, *, state: str = "opened", source_project: int = 0, labels: tuple[str, ...] = ()
    ) -> int:
        """Somebody opens a merge request; returns its number in the project."""
        with self._lock:
            number = self._project.new_id()
            iid = len(self._project.state.merge_requests) + 1
            self._project.state.merge_requests[iid] = {
                "id": number,
                "iid": iid,
                "project_id": self._project.number,
                "source_project_id": source_project or self._project.number,
                "target_project_id": self._project.number,
                "source_branch": source_branch,
                "target_branch": "main",
                "state": state,
                "draft": False,
                "labels": list(labels),
                "title": source_branch,
                "author": self.user.brief(),
                "created_at": now(),
                "updated_at": now(),
                "web_url": f"{self.server}/{self._project.path}/-/merge_requests/{iid}",
            }
            return iid

    def comment(self, iid: int, text: str, author: User | None = None, *, system: bool = False) -> int:
        """Somebody writes a note; returns its number."""
        with self._lock:
            state = self._project.state
            number = self._project.new_id()
            state.notes[number] = {
                "id": number,
                "body": text,
                "author": (author or self.user).brief(),
                "created_at": now(),
                "updated_at": now(),
                "system": system,
                "noteable_id": state.merge_requests[iid]["id"],
                "noteable_iid": iid,
            }
            return number

    def notes(self, iid: int) -> list[str]:
        """Texts of a merge request's notes, oldest first."""
        with self._lock:
            return [note["body"] for note in self._project.state.notes.values() if note["noteable_iid"] == iid]

    def start_job(self, environment: str, sha: str, ref: str, *, on_stop: str = "") -> int:
        """A job that deploys to an environment starts, for which GitLab keeps a deployment; returns its number."""
        with self._lock:
            self._project.user = self.user
            job = {"id": self._project.new_id(), "name": "preview:deploy", "status": "running", "on_stop": on_stop}
            named = self._deployments.environment_named(environment)
            return int(self._deployments.deploy(named, sha, ref, "running", job)["id"])

    def end_job(self, deployment: int, status: str = "success") -> None:
        """The job ends."""
        with self._lock:
            self._deployments.move(self._project.state.deployments[deployment], status)

    def _inside(self, handler: Handler) -> Handler:
        def answer(id: str, **rest: int) -> Response:  # noqa: A002 - the path's own word
            if id != str(self._project.number):
                raise not_found("Project")
            return handler(**rest)

        return answer

    def _current(self) -> Response:
        self._project.refuse_job()
        return reply(200, self._project.user.brief())

    def _authenticate(self) -> None:
        job, token = request.headers.get("JOB-TOKEN"), request.headers.get("PRIVATE-TOKEN")
        if job is not None and job == self.job_token:
            self._project.user, self._project.is_job, self._project.scopes = self.user, True, ("api",)
        elif token in self._tokens:
            self._project.user, self._project.scopes = self._tokens[token]
            self._project.is_job = False
            self._require_scope()
        else:
            raise refuse(401, "401 Unauthorized")

    def _require_scope(self) -> None:
        enough = ("api", "read_api") if request.method == "GET" else ("api",)
        if not set(enough) & set(self._project.scopes):
            problem: Json = {
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": " ".join(enough),
            }
            raise RefusalError(reply(403, problem))

    def _failure(self, status: int) -> Response:
        return failure(status)

    def _standing_headers(self) -> Mapping[str, str]:
        return {"X-Request-Id": secret(), "X-Gitlab-Meta": '{"version":"1"}'}
