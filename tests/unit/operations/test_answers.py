"""What the engine is asked for of a stack's passwords, in whatever way its state holds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operations.engine.answers import EARLIER_PASSWORD, PASSWORDS, Answers
from operations.engine.process import EngineProcess, Said


def row(kind: str, name: str, outputs: dict[str, Any]) -> dict[str, Any]:
    """A resource as the engine exports it with its secrets in plain."""
    return {
        "urn": f"urn:pulumi:preview-x::pgai-preview::preview:secrets:PreviewSecrets${kind}::{name}",
        "type": kind,
        "outputs": {key: {"plaintext": json.dumps(value)} for key, value in outputs.items()},
    }


def answers(monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any]) -> Answers:
    process = EngineProcess("3.220.0")
    said = Said(code=0, stdout=json.dumps({"deployment": {"resources": rows}}), stderr="")
    monkeypatch.setattr(process, "run", lambda *_: said)
    return Answers(process, "/")


def test_every_password_of_a_preview_is_known_to_whoever_hides_them(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = row(PASSWORDS, "x-secrets-passwords", {"output": {"sink_postgres": "a", "target_postgres": "b"}})
    own = row(EARLIER_PASSWORD, "x-secrets-sink-grafana", {"result": "c"})
    assert answers(monkeypatch, kept, own).secrets("preview-x") == {"a", "b", "c"}
    assert answers(monkeypatch).secrets("preview-x") == set()


def test_passwords_that_have_a_resource_each_are_told_by_the_names_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    # A slug may have in it what the names have.
    rows = [
        row(EARLIER_PASSWORD, "of-secrets-x-secrets-sink-grafana", {"result": "c"}),
        row(EARLIER_PASSWORD, "of-secrets-x-secrets-target-workload", {"result": "d"}),
        # Its update died before it was made.
        row(EARLIER_PASSWORD, "of-secrets-x-secrets-sink-backend", {}),
        row(PASSWORDS, "of-secrets-x-secrets-passwords", {"output": {"sink_postgres": "a"}}),
    ]
    assert answers(monkeypatch, *rows).earlier_passwords("preview-x") == {"sink_grafana": "c", "target_workload": "d"}
