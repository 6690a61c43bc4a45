"""What went wrong, in the engine's words and without what surrounds them."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import automation

from operations.engine.events import Listener


def said(message: str, urn: str | None = None) -> list[str]:
    """Reasons that a diagnostic of the engine gives."""
    listener = Listener(lambda step: None)
    event: Any = automation.EngineEvent(
        sequence=1,
        timestamp=1,
        diagnostic_event=automation.DiagnosticEvent(message=message, color="never", severity="error", urn=urn),
    )
    listener(event)
    return listener.errors


def test_a_script_that_failed_is_not_printed_before_what_it_said() -> None:
    script = r'running "set -eu\necho \"no \\ room\" >&2\n": Process exited with status 3: There is no room.'
    assert said(script) == ["Process exited with status 3: There is no room."]


def test_of_a_list_of_reasons_each_is_kept_once() -> None:
    text = "1 error occurred:\n\t* creating urn:pulumi:x::y: 1 error occurred:\n\t* the port is taken\n"
    assert said(text) == ["the port is taken"]


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("Service with ID (ymq4kc9rwifb) did not converge after 2m0s", "Service a-sink did not converge after 2m0s"),
        (
            "error on wait for container with ID '88a00602e0da': context deadline exceeded",
            "error on wait for container a-sink: context deadline exceeded",
        ),
    ],
)
def test_what_failed_is_called_by_its_name_rather_than_by_an_id(message: str, sentence: str) -> None:
    urn = "urn:pulumi:preview-a::pgai-preview::preview:x:X$docker:index/service:Service::a-sink"
    assert said(f"1 error occurred:\n\t* {message}\n", urn) == [sentence]
    assert said(message) == [message]
