"""A value in a stack's configuration file is what it was given as; the engine reads it in ``tests/standins``."""

from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.engine import stack_file
from operations.engine.workspace import Engine
from stacks.paths import Paths

TEXTS = st.one_of(
    st.from_regex(r"\A[0-9A-Za-z._-]{1,64}\Z"),
    st.from_regex(r"\A[0-9+-]?[0-9_]{0,4}[.eExob:-]?[0-9a-f_]{1,5}\Z"),
    st.sampled_from(["yes", "no", "on", "off", "true", "null", "~", "", "2026-01-02", "=", "<<", ".inf", ".NaN"]),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@given(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_is_written_in_quotes_and_read_as_it_was_given(tmp_path: Path, values: dict[str, str]) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    stack_file.write(file, {"config": values})
    scalars = [one for one in yaml.scan(file.read_text("utf-8")) if isinstance(one, yaml.ScalarToken)]
    assert [one.style for one in scalars] == ['"'] * (1 + 2 * len(values)), "YAML 1.2 reads what is quoted as text"
    assert stack_file.read(file) == {"config": values}


def test_numbers_truth_values_and_mappings_become_text(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    stack_file.write(file, {"config": {"hours": 24, "on": True, "images": {"sink": "08"}, "list": [1, False]}})
    assert stack_file.read(file)["config"] == {
        "hours": "24",
        "on": "true",
        "images": {"sink": "08"},
        "list": ["1", "false"],
    }


def engine_at(checkout: Path) -> Engine:
    paths = Paths(cache=checkout / "cache", data=checkout / "data", checkout=checkout)
    return Engine(paths, "3.220.0", print)


def test_moving_the_end_keeps_images_secrets_and_what_an_operator_wrote(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.preview-a.yaml"
    config = {
        "pgai-preview:commit": "1234e56",
        "pgai-preview:images": {"backend": "backend:08"},
        "other:token": {"secure": "v1:abc"},
        "pgai-preview:ttlHours": "24",
    }
    rest = {"encryptionsalt": "v1:x", "secretsprovider": "passphrase"}
    file.write_text(yaml.safe_dump({"config": {**config, "pgai-preview:ttlHours": 24}, **rest}), encoding="utf-8")
    engine_at(tmp_path).reconfigure("preview-a", {"expiresAt": "2026-01-02T00:00:00Z"})
    expected = {**config, "pgai-preview:expiresAt": "2026-01-02T00:00:00Z"}
    assert stack_file.read(file) == {"config": expected, **rest}


def test_a_deploy_writes_only_what_it_names_and_keeps_the_salt(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.preview-a.yaml"
    file.write_text("config:\n  pgai-preview:images: {backend: x}\nencryptionsalt: v1:x\n", encoding="utf-8")
    engine_at(tmp_path).configure("preview-a", {"branch": "08", "expiresAt": "", "images": {}})
    assert stack_file.read(file) == {"config": {"pgai-preview:branch": "08"}, "encryptionsalt": "v1:x"}


def test_a_checkout_without_the_stack_s_file_gets_none(tmp_path: Path) -> None:
    engine_at(tmp_path).reconfigure("preview-a", {"expiresAt": "2026-01-02T00:00:00Z"})
    assert not (tmp_path / "Pulumi.preview-a.yaml").exists()
