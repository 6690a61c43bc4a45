"""Whatever comes to the webhook, it acts on the events of its own project alone."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from operations.upkeep.webhook import Nothing, said
from stacks.names import slug_of
from tests.unit.operations.webhook_events import DELETED, ID, MERGED, PATH, ZEROS, changed, read, relabelled


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
            assert ({"preview", "preview::keep"} & had) - has or "preview::keep" in has - had
        assert attributes["source_project_id"] == attributes["target_project_id"] == event["project"]["id"]
        assert attributes["source_branch"] == found.branch


@given(_BRANCHES)
def test_every_branch_that_can_have_a_preview_is_found_in_both_events(branch: str) -> None:
    found = {
        read({**DELETED, "pushed_ref": f"refs/heads/{branch}"}),
        read(changed(MERGED, "object_attributes.source_branch", branch)),
    }
    branches = {event.branch for event in found if not isinstance(event, Nothing)}
    assert branches in (set(), {branch})
