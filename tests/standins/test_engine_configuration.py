"""Values that look like numbers, dates or truth values, on their way through the real engine."""

from __future__ import annotations

import json

import pytest

from operations.engine import stack_file
from operations.engine.answers import Answers
from operations.engine.process import EngineProcess
from stacks.settings import PROJECT
from tests.standins.engine import Stack

pytestmark = pytest.mark.engine

VALUES = (
    *("72225e2", "6063e25", "0912345", "1234e56", "08", "1e3", "0o17", "1_000", "0x1f", "017", "1.10", "5"),
    *("yes", "on", "no", "true", "null", "2026-01-02", "1-1-1", "deadbeef", ".5", "1.", "inf", "nan"),
)
PROGRAM = f"""
config = pulumi.Config({PROJECT!r})
for number in range({len(VALUES)}):
    pulumi.export(f"v{{number}}", config.get(f"v{{number}}"))
pulumi.export("images", config.get_object("images"))
"""
IMAGES = {"backend": "backend:1e3", "sink": "1234e56"}


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack with all the values, after an update."""
    stack = Stack.make(tmp_path_factory.mktemp("values"), "import pulumi\n")
    file = stack.directory / "Pulumi.one.yaml"
    values = {f"{PROJECT}:v{number}": value for number, value in enumerate(VALUES)}
    stack_file.write(file, {**stack_file.read(file), "config": {**values, f"{PROJECT}:images": IMAGES}})
    stack.outputs(PROGRAM)
    return stack


def test_the_program_reads_and_records_each_value_as_it_was_given(updated: Stack) -> None:
    outputs = json.loads(updated.pulumi("stack", "output", "--json").stdout)
    assert [outputs[f"v{number}"] for number in range(len(VALUES))] == list(VALUES)
    assert outputs["images"] == IMAGES


def test_the_history_gives_each_value_back_as_it_was_given(updated: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in updated.env.items():
        monkeypatch.setenv(name, value)
    found = dict(Answers(EngineProcess("3.220.0"), str(updated.directory)).last_good_values("one"))
    assert found.pop("images") == IMAGES
    assert list(found.values()) == [VALUES[int(key[1:])] for key in found]
    assert len(found) == len(VALUES)


def test_what_pulumi_config_set_wrote_is_kept_when_another_value_is_changed(updated: Stack) -> None:
    given, file = {f"{PROJECT}:set{number}": value for number, value in enumerate(VALUES)}, "Pulumi.one.yaml"
    pairs = [part for key, value in given.items() for part in ("--plaintext", f"{key}={value}")]
    assert updated.pulumi("config", "set-all", "--stack", "one", *pairs).returncode == 0
    content = stack_file.read(updated.directory / file)
    stack_file.write(updated.directory / file, {**content, "config": {**content["config"], "other:key": "1e3"}})
    found = json.loads(updated.pulumi("config", "--json", "--stack", "one").stdout)
    assert {key: found[key]["value"] for key in given} == given
