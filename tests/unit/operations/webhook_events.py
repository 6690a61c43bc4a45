"""What GitLab sends to the webhook."""

from __future__ import annotations

import copy
import json
from typing import Any

from operations.upkeep.webhook import Changed, Gone, Nothing, said

ID = "15"
PATH = "group/previews"
PROJECT = {"id": 15, "name": "Previews", "path_with_namespace": PATH, "default_branch": "main"}
ZEROS = "0" * 40

# Bodies as GitLab documents them, without what nobody here reads, and as its trigger hands them on: with `id` and
# `variables` added, and the pipeline's `ref` in the place of the pushed one.
DELETED: dict[str, Any] = {
    "object_kind": "push",
    "event_name": "push",
    "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
    "after": ZEROS,
    "ref": "main",
    "pushed_ref": "refs/heads/feature/a",
    "checkout_sha": None,
    "project_id": 15,
    "project": PROJECT,
    "commits": [],
    "total_commits_count": 0,
    "id": "15",
    "variables": {},
}
MERGED: dict[str, Any] = {
    "object_kind": "merge_request",
    "event_type": "merge_request",
    "user": {"id": 1, "username": "root"},
    "project": PROJECT,
    "object_attributes": {
        "id": 99,
        "iid": 1,
        "source_branch": "feature/a",
        "source_project_id": 15,
        "target_branch": "main",
        "target_project_id": 15,
        "state": "merged",
        "action": "merge",
    },
    "ref": "main",
    "id": "15",
    "variables": {},
}


def relabelled(before: list[str], after: list[str]) -> dict[str, Any]:
    """A change of a merge request's labels."""
    labels = {
        when: [{"id": 1, "title": title, "color": "#fff", "type": "ProjectLabel"} for title in titles]
        for when, titles in (("previous", before), ("current", after))
    }
    return {**changed(MERGED, "object_attributes.action", "update"), "changes": {"labels": labels}}


def read(event: Any, project: str = ID) -> Gone | Changed | Nothing:
    return said(json.dumps(event).encode(), project)


def changed(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The event with one of its values replaced."""
    result = copy.deepcopy(event)
    *parents, last = path.split(".")
    place = result
    for parent in parents:
        place = place[parent]
    place[last] = value
    return result
