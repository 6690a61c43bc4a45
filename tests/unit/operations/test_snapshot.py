"""What is read out of a stack's state, and that secrets are not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from operations.engine.snapshot import CONTAINER, Snapshot
from operations.errors import OperationError
from operations.redact import MASK, redact

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
EXPORT = {
    "version": 3,
    "deployment": {
        "manifest": {"time": "2026-01-02T03:04:05.678Z"},
        "resources": [
            {
                "urn": "urn:pulumi:preview-a::p::pulumi:pulumi:Stack::p-preview-a",
                "type": "pulumi:pulumi:Stack",
                "outputs": {"branch": "feature/a", "credentials": SECRET},
            },
            {"urn": "…::docker", "type": "pulumi:providers:docker", "custom": True, "id": "provider-id"},
            {"urn": "…::a-grafana", "type": CONTAINER, "custom": True, "id": "c0ffee"},
            {"urn": "…::a", "type": "preview:environment:PreviewEnvironment"},
        ],
        "pending_operations": [{"resource": {"urn": "urn:…::a-target"}, "type": "creating"}],
    },
}


def test_outputs_are_read_without_secrets() -> None:
    assert Snapshot.of("preview-a", EXPORT).outputs == {"branch": "feature/a"}


def test_ids_are_those_of_real_resources() -> None:
    snapshot = Snapshot.of("preview-a", EXPORT)
    assert snapshot.ids == {CONTAINER: frozenset({"c0ffee"})}
    assert not snapshot.empty


def test_a_slot_is_known_by_what_took_it_and_not_by_its_component() -> None:
    component = {"urn": "urn:…::preview:environment:PreviewEnvironment$preview:slot:Slot::a-slot", "type": "…"}
    taken = {"urn": "urn:…$preview:slot:Slot$command:local:Command::a-slot-place", "type": "command:local:Command"}
    assert not Snapshot.of("preview-a", {"deployment": {"resources": [component]}}).has_slot
    assert Snapshot.of("preview-a", {"deployment": {"resources": [component, taken]}}).has_slot


def test_whose_a_first_deploy_is_says_the_slot_until_the_stack_does() -> None:
    urn = "urn:…$preview:slot:Slot$command:local:Command::a-slot-place"
    here = {
        "urn": urn,
        "type": "command:local:Command",
        "inputs": {"environment": {"BRANCH": "feature/a", "BASE": "b"}},
    }
    script = "export BASE=b\nexport BRANCH='it'\"'\"'s'\n#!/bin/sh\nset -eu"
    there = {"urn": urn, "type": "command:remote:Command", "inputs": {"create": script}}
    for row, branch in ((here, "feature/a"), (there, "it's")):
        snapshot = Snapshot.of("preview-a", {"deployment": {"resources": [row]}})
        assert (snapshot.owner, snapshot.slot_base) == (branch, "b")
    assert Snapshot.of("preview-a", EXPORT).owner == "feature/a"


def test_a_stack_that_was_made_and_never_updated_is_as_old_as_its_file() -> None:
    made = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    for deployment in ({}, {"manifest": {"time": "0001-01-01T00:00:00Z"}}):
        assert Snapshot.of("preview-a", {"deployment": deployment}, made).saved_at == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("export", [[], {"deployment": {"resources": [{"type": 1}]}}, {"deployment": "torn"}])
def test_a_state_that_is_none_is_one_sentence(export: Any) -> None:
    with pytest.raises(OperationError, match="state of the stack 'preview-a' cannot be read"):
        Snapshot.of("preview-a", export)


def test_what_had_begun_when_an_update_died_is_named() -> None:
    assert Snapshot.of("preview-a", EXPORT).pending == ("a-target",)


def test_a_stack_that_was_only_just_made_is_empty() -> None:
    snapshot = Snapshot.of("preview-a", {"version": 3, "deployment": {"manifest": {"time": "2026-01-02T03:04:05Z"}}})
    assert snapshot.empty
    assert snapshot.outputs == {}
    assert snapshot.saved_at == "2026-01-02T03:04:05Z"


def test_secrets_are_masked_whole_even_when_one_is_part_of_another() -> None:
    assert redact("a=hunter2 b=hunter22 c=hunter", {"hunter2", "hunter22", ""}) == f"a={MASK} b={MASK} c=hunter"
