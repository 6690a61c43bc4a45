"""Configuration: typed, and every fault reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.local_base import file_values
from stacks.preview_settings import PreviewSettings
from stacks.settings import PROJECT, BaseSettings, LocalSettings, ProductionSettings
from stacks.validation import SettingsError, validate

CHECKOUT = Path(__file__).resolve().parents[2]


def faults(model: type[BaseSettings] | type[PreviewSettings], values: Mapping[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        validate(model, values, stack="local")
    return str(refused.value).splitlines()


def test_all_wrong_values_of_a_base_are_reported_at_once() -> None:
    found = faults(
        BaseSettings,
        {"httpPort": "http", "domain": "Not A Domain", "maxPreviews": "0", "bindAddress": "nowhere", "colour": "red"},
    )
    assert len(found) == 5
    for key in ("httpPort", "domain", "maxPreviews", "bindAddress", "colour"):
        assert sum(f"'{key}'" in line for line in found) == 1, key


def test_a_fault_names_the_value_the_rule_and_the_remedy() -> None:
    (line,) = faults(BaseSettings, {"httpsPort": "99999"})
    assert "found '99999'" in line
    assert "less than or equal to 65535" in line
    assert "pulumi config set httpsPort VALUE --stack local" in line


def test_a_preview_without_a_branch_is_refused() -> None:
    (line,) = faults(PreviewSettings, {})
    assert "'branch' of stack 'local' is missing" in line


def test_a_hopeless_branch_is_refused() -> None:
    (line,) = faults(PreviewSettings, {"branch": "///"})
    assert "has no letter or digit" in line
    (line,) = faults(PreviewSettings, {"branch": "feature/a\nb"})
    assert "is none that Git takes" in line


def test_an_image_for_an_unknown_service_is_refused_with_the_known_ones() -> None:
    (line,) = faults(PreviewSettings, {"branch": "a", "images": {"grafna": "x:1"}})
    assert "names no service grafna" in line
    assert "victoriametrics" in line


def test_a_malformed_image_reference_is_refused() -> None:
    (line,) = faults(PreviewSettings, {"branch": "a", "images": {"grafana": "not an image"}})
    assert "must be an image reference" in line


def test_two_equal_ports_are_refused() -> None:
    (line,) = faults(BaseSettings, {"httpPort": "8443"})
    assert "four different ports" in line


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("10.77.0.0", "network of /16 to /24 within 10.0.0.0/8"),
        ("10.77.0.0/25", "network of /16 to /24 within 10.0.0.0/8"),
        ("10.77.0.1/24", "network of /16 to /24 within 10.0.0.0/8"),
        ("172.17.0.0/16", "Docker's own have the other private ranges"),
        ("192.168.1.0/24", "Docker's own have the other private ranges"),
        ("10.201.7.0/24", "must not overlap 10.201.0.0/16, which the networks of previews have"),
        ("fd00::/64", "network of /16 to /24 within 10.0.0.0/8"),
    ],
)
def test_a_private_network_that_others_have_or_that_is_none_is_refused(network: str, reason: str) -> None:
    (line,) = [line for line in faults(ProductionSettings, {"privateNetwork": network}) if "is missing" not in line]
    assert "'privateNetwork'" in line
    assert reason in line


def test_what_is_wrong_with_a_cluster_is_said_with_all_the_rest() -> None:
    found = faults(
        ProductionSettings, {"workers": "-1", "workerType": "huge", "privateNetwork": "mine", "encryptOverlay": "maybe"}
    )
    named = {line.split("'")[1] for line in found}
    assert named == {"workers", "workerType", "privateNetwork", "encryptOverlay", "sshPublicKey", "zoneId"}


def test_the_configuration_that_the_project_ships_is_valid() -> None:
    validate(BaseSettings, file_values(CHECKOUT, "local"), stack="local")


def test_the_production_configuration_lacks_only_what_belongs_to_an_account() -> None:
    with pytest.raises(SettingsError) as refused:
        validate(ProductionSettings, file_values(CHECKOUT, "base"), stack="base")
    lines = str(refused.value).splitlines()
    assert [line.split("'")[1] for line in lines] == ["sshPublicKey", "zoneId"]
    assert all("is missing" in line for line in lines)


def test_the_schema_describes_every_setting_with_the_programs_own_default() -> None:
    schema = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    fields = {**LocalSettings.model_fields, **ProductionSettings.model_fields, **PreviewSettings.model_fields}
    by_alias = {field.alias or name: field for name, field in fields.items()}
    assert set(schema) == set(by_alias) - {"images", "imageIds"}
    for key, entry in schema.items():
        assert entry["description"], key
        default = by_alias[key].default
        if not by_alias[key].is_required():
            assert entry["default"] == ("" if default is None else default), key


def test_configuration_files_hold_only_this_projects_keys() -> None:
    for stack in ("local", "base"):
        content = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
        assert set(content) == {"config"}, "a salt belongs to the passphrase of one machine"
        assert all(key.startswith(f"{PROJECT}:") for key in content["config"])
