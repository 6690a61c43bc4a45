"""Webhook payload → the branch whose preview it is about, or nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from operations.upkeep.webhook import Changed, Gone, Nothing, said
from tests.equipment.checkout import ORIGIN
from tests.unit.operations.webhook_events import DELETED, ID, MERGED, PATH, ZEROS, changed, read, relabelled


@pytest.mark.parametrize("project", [ID, PATH])
def test_a_deleted_branch_is_gone(project: str) -> None:
    assert read(DELETED, project) == Gone(branch="feature/a")


@pytest.mark.parametrize("project", [ID, PATH])
def test_a_merge_request_that_was_merged_is_asked_about(project: str) -> None:
    assert read(MERGED, project) == Changed(branch="feature/a", how="was merged")


def test_a_merge_request_that_was_closed_is_asked_about() -> None:
    event = changed(MERGED, "object_attributes.action", "close")
    assert read(event) == Changed(branch="feature/a", how="was closed")


@pytest.mark.parametrize("changes", [None, [], {"labels": None}, {"labels": {"previous": None}}, {"labels": [1]}])
def test_odd_changes_hide_no_end(changes: Any) -> None:
    assert read({**MERGED, "changes": changes}) == Changed(branch="feature/a", how="was merged")


def test_a_merge_request_that_lost_the_label_which_starts_previews_is_asked_about() -> None:
    event = relabelled(["bug", "preview"], ["bug"])
    assert read(event) == Changed(branch="feature/a", how="lost the label preview")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["preview"], ["preview", "bug"]),
        (["bug"], ["bug", "preview"]),
        (["previews"], []),
        # What GitLab says of labels when somebody has pushed.
        ([], ["bug"]),
        ([], []),
    ],
)
def test_other_changes_of_labels_are_nothing(before: list[str], after: list[str]) -> None:
    assert isinstance(read(relabelled(before, after)), Nothing)


def test_the_label_that_keeps_a_preview_is_heard_when_it_comes_and_when_it_goes() -> None:
    came, went = relabelled([], ["preview::keep"]), relabelled(["preview", "preview::keep"], ["preview"])
    assert read(came) == Changed(branch="feature/a", how="got the label preview::keep")
    assert read(went) == Changed(branch="feature/a", how="lost the label preview::keep")


def test_a_body_that_did_not_pass_the_trigger_names_the_branch_itself() -> None:
    direct = {key: value for key, value in DELETED.items() if key != "pushed_ref"}
    assert read({**direct, "ref": "refs/heads/feature/a"}) == Gone(branch="feature/a")


def test_a_repository_of_sha_256_deletes_with_longer_zeros() -> None:
    assert read({**DELETED, "after": "0" * 64}) == Gone(branch="feature/a")


def test_the_template_that_contributing_gives_keeps_the_branch_through_the_trigger() -> None:
    text = (ORIGIN / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (template,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    pushed = {**DELETED, "ref": 'refs/heads/feature/"a"'}

    def value(field: re.Match[str]) -> str:
        """As GitLab fills a template in: JSON, of a string without its quotes."""
        found: Any = pushed
        for name in field[1].split("."):
            found = found[name]
        return json.dumps(found)[1:-1] if isinstance(found, str) else json.dumps(found)

    sent = json.loads(re.sub(r"{{(.+?)}}", value, template))
    received = {**sent, "ref": "main", "id": ID, "variables": {}}
    assert read(received) == Gone(branch='feature/"a"')


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({**DELETED, "after": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"}, "did not delete"),
        ({**DELETED, "after": "0"}, "did not delete"),
        ({**DELETED, "after": ZEROS + "\n"}, "did not delete"),
        ({**DELETED, "pushed_ref": ""}, "does not say which branch"),
        ({**DELETED, "pushed_ref": "refs/tags/v1"}, "does not say which branch"),
        ({**DELETED, "object_kind": "tag_push"}, "neither a push nor a merge request"),
        ({**DELETED, "pushed_ref": "refs/heads/main"}, "default branch"),
        ({**DELETED, "pushed_ref": "refs/heads/"}, "cannot have a preview"),
        ({**DELETED, "pushed_ref": "refs/heads/äöü"}, "cannot have a preview"),
        ({**DELETED, "pushed_ref": "refs/heads/a\nb"}, "cannot have a preview"),
        ({**DELETED, "after": None}, "lacks a usable after"),
        ({**DELETED, "project": None}, "lacks a usable project"),
        (changed(DELETED, "project.id", 16) | {"project_id": 15}, None),
        (changed(MERGED, "object_attributes.action", "open"), "neither merged nor closed"),
        (changed(MERGED, "object_attributes.action", "update"), "neither merged nor closed"),
        (changed(MERGED, "object_attributes.source_project_id", 16), "another project's"),
        (changed(MERGED, "object_attributes.target_project_id", 16), "another project's"),
        (changed(MERGED, "object_attributes.source_branch", "main"), "default branch"),
        (changed(MERGED, "object_attributes.source_branch", 5), "lacks a usable object_attributes.source_branch"),
        (changed(MERGED, "object_attributes.source_project_id", "15"), "lacks a usable"),
        ({"ref": "main", "id": "15", "variables": {}}, "neither a push nor a merge request"),
        ([], "neither a push nor a merge request"),
        (None, "neither a push nor a merge request"),
        ("push", "neither a push nor a merge request"),
    ],
)
def test_any_other_event_is_nothing_and_says_why(event: Any, reason: str | None) -> None:
    found = read(event)
    assert isinstance(found, Nothing)
    assert (reason or "another project") in found.reason


@pytest.mark.parametrize("event", [DELETED, MERGED])
@pytest.mark.parametrize("project", ["16", "1", "150", "group/preview", "previews", "", "GROUP/previews"])
def test_an_event_of_another_project_is_nothing(event: dict[str, Any], project: str) -> None:
    assert read(event, project) == Nothing(reason="the event is of another project")


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b'"\\ud800"', b"[" * 100_000, b'{"object_kind":' * 9_999])
def test_a_malformed_payload_is_nothing(payload: bytes) -> None:
    assert isinstance(said(payload, ID), Nothing)


def test_a_reason_is_one_line_that_repeats_nothing_of_the_payload() -> None:
    found = read(changed(MERGED, "object_attributes.source_branch", ["\x1b[31mtext of somebody else"]))
    assert isinstance(found, Nothing)
    assert "somebody" not in found.reason
    assert "\n" not in found.reason
