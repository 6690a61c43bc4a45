"""Who waits for what to be healthy."""

from __future__ import annotations

from tests.equipment.recording import Declared
from tests.policy.declared import SLUG, containers


def test_what_has_a_health_check_is_waited_for_in_a_base(of_base: list[Declared]) -> None:
    for name, inputs in containers(of_base).items():
        assert bool(inputs.get("healthcheck")) == bool(inputs.get("wait")), name
        assert not inputs.get("wait") or inputs["waitTimeout"] == 60, name


def test_in_a_preview_one_script_waits_for_all(of_preview: list[Declared]) -> None:
    commands = {one.name: one.inputs for one in of_preview if one.type.endswith(":Command")}
    assert not any(inputs.get("wait") for inputs in containers(of_preview).values()), "that takes whole seconds"
    assert commands[f"{SLUG}-good"]["environment"]["SECONDS_UNTIL_WELL"] == "120", "Grafana may take so long"
