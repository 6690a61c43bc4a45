"""What is read out of a stack's state, and that secrets are not."""

from __future__ import annotations

from operations.engine.snapshot import CONTAINER, Snapshot
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


def test_what_had_begun_when_an_update_died_is_named() -> None:
    assert Snapshot.of("preview-a", EXPORT).pending == ("a-target",)


def test_a_stack_that_was_only_just_made_is_empty() -> None:
    snapshot = Snapshot.of("preview-a", {"version": 3, "deployment": {"manifest": {"time": "2026-01-02T03:04:05Z"}}})
    assert snapshot.empty
    assert snapshot.outputs == {}
    assert snapshot.saved_at == "2026-01-02T03:04:05Z"


def test_secrets_are_masked_whole_even_when_one_is_part_of_another() -> None:
    assert redact("a=hunter2 b=hunter22 c=hunter", {"hunter2", "hunter22", ""}) == f"a={MASK} b={MASK} c=hunter"
