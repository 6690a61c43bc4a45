"""Merge requests, their notes and uploads of the fake GitLab."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask import Response, request

from tests.equipment.fakes.gitlab.errors import not_found, refuse
from tests.equipment.fakes.gitlab.project import Project, arguments, body, page_of, required, secret
from tests.equipment.fakes.http import Handler, Json, now, reply

LONGEST_NOTE = 1_000_000
# The first lines of quick actions that a note runs; GitLab knows many more.
_QUICK_ACTION = re.compile(r"^/(close|merge|approve|label|assign|draft|title)\b", re.MULTILINE)


class MergeRequests:
    """The parts `/merge_requests` and `/uploads`."""

    def __init__(self, project: Project) -> None:
        """Work on a project."""
        self._project = project
        self._state = project.state

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Who answers what."""
        notes = "/merge_requests/<int:iid>/notes"
        return (
            ("GET", "/merge_requests", self._list),
            ("GET", "/merge_requests/<int:iid>", lambda iid: reply(200, self._of(iid))),
            ("GET", notes, self._notes),
            ("POST", notes, self._create_note),
            ("GET", f"{notes}/<int:number>", lambda iid, number: reply(200, self._note(iid, number))),
            ("PUT", f"{notes}/<int:number>", self._change_note),
            ("DELETE", f"{notes}/<int:number>", self._delete_note),
            ("POST", "/uploads", self._upload),
        )

    def _of(self, iid: int) -> Json:
        self._project.require(10)
        if iid not in self._state.merge_requests:
            raise not_found()
        return self._state.merge_requests[iid]

    def _list(self) -> Response:
        self._project.require(10)
        asked = arguments("source_branch", "target_branch", "state", "labels", "order_by", "sort")
        rows = list(self._state.merge_requests.values())
        for name in ("source_branch", "target_branch", "state"):
            if name in asked and asked[name] != "all":
                rows = [row for row in rows if row[name] == asked[name]]
        labels = set(filter(None, asked.get("labels", "").split(",")))
        rows = [row for row in rows if labels <= set(row["labels"])]
        rows.sort(key=lambda row: (row[asked.get("order_by", "created_at")], row["id"]))
        if asked.get("sort", "desc") == "desc":
            rows.reverse()
        return page_of(rows, request.base_url)

    def _notes(self, iid: int) -> Response:
        merge_request = self._of(iid)
        asked = arguments("order_by", "sort", "activity_filter")
        rows = [note for note in self._state.notes.values() if note["noteable_id"] == merge_request["id"]]
        if asked.get("activity_filter") == "only_comments":
            rows = [note for note in rows if not note["system"]]
        rows.sort(key=lambda note: (note[asked.get("order_by", "created_at")], note["id"]))
        if asked.get("sort", "desc") == "desc":
            rows.reverse()
        return page_of(rows, request.base_url)

    def _note(self, iid: int, number: int) -> Json:
        note = self._state.notes.get(number)
        if note is None or note["noteable_id"] != self._of(iid)["id"]:
            raise not_found()
        return note

    def _create_note(self, iid: int) -> Response:
        self._project.refuse_job()
        merge_request = self._of(iid)
        self._project.require(20)
        note: Json = {
            "id": self._project.new_id(),
            "type": None,
            "body": self._text(required(body("body"), "body")),
            "author": self._project.user.brief(),
            "created_at": now(),
            "updated_at": now(),
            "system": False,
            "noteable_id": merge_request["id"],
            "noteable_type": "MergeRequest",
            "noteable_iid": iid,
            "project_id": self._project.number,
            "resolvable": False,
            "confidential": False,
            "internal": False,
        }
        self._state.notes[note["id"]] = note
        return reply(201, note)

    def _change_note(self, iid: int, number: int) -> Response:
        note = self._writable(iid, number)
        note.update(body=self._text(required(body("body"), "body")), updated_at=now())
        return reply(200, note)

    def _delete_note(self, iid: int, number: int) -> Response:
        del self._state.notes[self._writable(iid, number)["id"]]
        return reply(204)

    def _writable(self, iid: int, number: int) -> Json:
        """A note that whoever asks may change: their own, or any for a maintainer."""
        self._project.refuse_job()
        note = self._note(iid, number)
        if note["author"]["id"] != self._project.user.number:
            self._project.require(40)
        return note

    def _text(self, text: str) -> str:
        """What is kept of a note's text; GitLab takes lines that are quick actions out, and runs them."""
        if "\0" in text:
            raise refuse(400, "400 Bad request - body contains null byte")
        if not text.strip():
            raise refuse(400, '400 Bad request - Note {:note=>["can\'t be blank"]}')
        if len(text) > LONGEST_NOTE:
            raise refuse(400, '400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}')
        self._state.quick_actions += _QUICK_ACTION.findall(text)
        return _QUICK_ACTION.sub("", text).rstrip()

    def _upload(self) -> Response:
        self._project.refuse_job()
        self._project.require(10)
        file = request.files.get("file")
        if file is None:
            raise refuse(400, "400 Bad request - file is missing")
        name = re.sub(r"[^\w.-]+", "_", file.filename or "file")
        url = f"/uploads/{secret()}/{name}"
        self._state.uploads[url] = file.read()
        image = "!" if name.endswith((".png", ".jpg", ".gif")) else ""
        alt = name.rpartition(".")[0] or name
        markdown = f"{image}[{alt}]({url})"
        full_path = f"/-/project/{self._project.number}{url}"
        made = {"id": self._project.new_id(), "alt": alt, "url": url, "full_path": full_path, "markdown": markdown}
        return reply(201, made)
