"""Webhook payload → the preview that it ends or keeps, or nothing."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.upkeep.webhook import Gone, Labelled, Nothing, said
from stacks.names import slug_of
from tests.equipment.checkout import ORIGIN

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


def read(event: Any, project: str = ID, *, started_by_label: bool = True) -> Gone | Labelled | Nothing:
    return said(json.dumps(event).encode(), project, started_by_label=started_by_label)


def changed(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The event with one of its values replaced."""
    result = copy.deepcopy(event)
    *parents, last = path.split(".")
    place = result
    for parent in parents:
        place = place[parent]
    place[last] = value
    return result


@pytest.mark.parametrize("project", [ID, PATH])
def test_a_deleted_branch_is_gone(project: str) -> None:
    assert read(DELETED, project) == Gone(branch="feature/a", why="the branch was deleted")


@pytest.mark.parametrize("project", [ID, PATH])
def test_a_merged_branch_is_gone(project: str) -> None:
    assert read(MERGED, project) == Gone(branch="feature/a", why="its merge request was merged")


def test_a_merge_request_that_was_closed_ends_the_preview_of_its_branch() -> None:
    event = changed(MERGED, "object_attributes.action", "close")
    assert read(event) == Gone(branch="feature/a", why="its merge request was closed")


@pytest.mark.parametrize("changes", [None, [], {"labels": None}, {"labels": {"previous": None}}, {"labels": [1]}])
def test_odd_changes_hide_no_end(changes: Any) -> None:
    assert read({**MERGED, "changes": changes}) == Gone(branch="feature/a", why="its merge request was merged")


def test_the_label_that_started_a_preview_ends_it_with_its_loss_and_only_where_labels_start() -> None:
    event = relabelled(["bug", "preview"], ["bug"])
    assert read(event) == Gone(branch="feature/a", why="its merge request lost the label preview")
    assert isinstance(read(event, started_by_label=False), Nothing)


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


@pytest.mark.parametrize("started_by_label", [True, False])
def test_the_label_that_keeps_a_preview_is_heard_when_it_comes_and_when_it_goes(started_by_label: bool) -> None:
    came, went = relabelled([], ["preview::keep"]), relabelled(["preview", "preview::keep"], ["preview"])
    assert read(came, started_by_label=started_by_label) == Labelled(branch="feature/a", kept=True)
    assert read(went, started_by_label=started_by_label) == Labelled(branch="feature/a", kept=False)


def test_a_body_that_did_not_pass_the_trigger_names_the_branch_itself() -> None:
    direct = {key: value for key, value in DELETED.items() if key != "pushed_ref"}
    assert read({**direct, "ref": "refs/heads/feature/a"}) == Gone(branch="feature/a", why="the branch was deleted")


def test_a_repository_of_sha_256_deletes_with_longer_zeros() -> None:
    assert read({**DELETED, "after": "0" * 64}) == Gone(branch="feature/a", why="the branch was deleted")


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
    assert read(received) == Gone(branch='feature/"a"', why="the branch was deleted")


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


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_make_it_raise_or_act(payload: bytes) -> None:
    assert isinstance(said(payload, ID), Nothing)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
_KINDS = st.sampled_from(["push", "merge_request", "tag_push", "pipeline"]) | _ANY
_BRANCHES = st.sampled_from(["feature/a", "main", "refs/heads/x", "äöü", ""]) | st.text(max_size=20)
_REFS = _BRANCHES.map(lambda branch: f"refs/heads/{branch}") | st.sampled_from(["refs/tags/v1", "main"]) | _ANY
_IDS = st.sampled_from([15, 16, "15", 15.0, True]) | _ANY
_PROJECTS = (
    st.fixed_dictionaries(
        {},
        optional={
            "id": _IDS,
            "path_with_namespace": st.sampled_from([PATH, "fork/previews"]) | _ANY,
            "default_branch": _BRANCHES | _ANY,
        },
    )
    | _ANY
)
_TITLES = st.lists(
    st.fixed_dictionaries({"title": st.sampled_from(["preview", "preview::keep", "bug"]) | _ANY}), max_size=3
)
_LABELS = st.fixed_dictionaries({}, optional={"previous": _TITLES | _ANY, "current": _TITLES | _ANY})
_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "object_kind": _KINDS,
        "after": st.sampled_from([ZEROS, "0" * 64, "0" * 41, "da15608"]) | _ANY,
        "ref": _REFS,
        "pushed_ref": _REFS,
        "project": _PROJECTS,
        "object_attributes": st.fixed_dictionaries(
            {},
            optional={
                "action": st.sampled_from(["merge", "close", "open", "update"]) | _ANY,
                "source_branch": _BRANCHES | _ANY,
                "source_project_id": _IDS,
                "target_project_id": _IDS,
            },
        )
        | _ANY,
        "changes": st.fixed_dictionaries({}, optional={"labels": _LABELS | _ANY}) | _ANY,
    },
)
_MUTATIONS = st.tuples(
    st.sampled_from([{**DELETED, "changes": None}, {**MERGED, "changes": None}, relabelled(["preview"], [])]),
    st.sampled_from(
        [
            "object_kind",
            "after",
            "ref",
            "pushed_ref",
            "project",
            "project.id",
            "project.path_with_namespace",
            "project.default_branch",
            "object_attributes",
            "changes",
        ]
    ),
    _ANY | _IDS | _REFS | _KINDS,
).map(lambda parts: changed(*parts))


@given(_EVENTS | _MUTATIONS | _ANY)
def test_whatever_json_it_acts_only_on_the_events_of_this_very_project(event: Any) -> None:
    found = said(json.dumps(event).encode(), ID)
    if isinstance(found, Nothing):
        return
    # Written apart from the code under test: what must be true of an event that it acts on.
    assert event["project"]["id"] == 15 or event["project"]["path_with_namespace"] == ID
    assert slug_of(found.branch)
    assert found.branch != event["project"].get("default_branch")
    if event["object_kind"] == "push":
        assert set(event["after"]) == {"0"}
        assert len(event["after"]) in (40, 64)
        assert f"refs/heads/{found.branch}" in (event.get("pushed_ref"), event.get("ref"))
    else:
        attributes = event["object_attributes"]
        assert event["object_kind"] == "merge_request"
        assert attributes["action"] in ("merge", "close", "update")
        if attributes["action"] == "update":
            had, has = (
                {label["title"] for label in event["changes"]["labels"].get(when, [])}
                for when in ("previous", "current")
            )
            assert ({"preview", "preview::keep"} & had) - has or (isinstance(found, Labelled) and found.kept)
        assert attributes["source_project_id"] == attributes["target_project_id"] == event["project"]["id"]
        assert attributes["source_branch"] == found.branch


@given(_BRANCHES)
def test_every_branch_that_can_have_a_preview_is_found_in_both_events(branch: str) -> None:
    found = {
        read({**DELETED, "pushed_ref": f"refs/heads/{branch}"}),
        read(changed(MERGED, "object_attributes.source_branch", branch)),
    }
    gone = {event.branch for event in found if isinstance(event, Gone)}
    assert gone in (set(), {branch})
