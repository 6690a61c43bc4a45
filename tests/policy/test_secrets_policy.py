"""Where a preview's secrets are, and who can read them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi
import pulumi_docker as docker
import pytest

from components.services import SECRETS, by_key
from operations.engine.answers import PASSWORDS
from stacks import preview
from tests.equipment.recording import Declared, declare
from tests.policy.declared import BRANCH, CARRIER, SLUG, all_containers, containers, plain


def test_no_secret_is_in_an_environment_label_or_argument(of_preview: list[Declared]) -> None:
    for name, inputs in containers(of_preview).items():
        visible = json.dumps(
            [inputs.get("envs"), inputs.get("labels"), inputs.get("command"), inputs.get("entrypoints")]
        )
        assert "generated-" not in visible, name


def test_a_container_can_read_the_secrets_of_its_service_and_no_other(of_preview: list[Declared]) -> None:
    uploads = plain(all_containers(of_preview)[CARRIER]["uploads"])
    on_volume: dict[str, set[str]] = {}
    for upload in uploads:
        _, _, key, secret = upload["file"].split("/")
        on_volume.setdefault(key, set()).add(secret)
    for key, service in by_key().items():
        assert on_volume.get(key, set()) == set(service.secrets)
        inputs = containers(of_preview)[f"preview-{SLUG}-{key}"]
        assert inputs.get("mounts", []) == (
            [
                {
                    "type": "volume",
                    "source": CARRIER,
                    "target": "/run/secrets",
                    "readOnly": True,
                    "volumeOptions": {"subpath": key},
                }
            ]
            if service.secrets
            else []
        )
        assert CARRIER not in [volume.get("volumeName") for volume in inputs.get("volumes") or []], "the whole of it"


def test_the_carrier_of_the_secrets_never_runs_and_reaches_nothing(of_preview: list[Declared]) -> None:
    carrier = all_containers(of_preview)[CARRIER]
    assert carrier["start"] is False
    assert carrier["networkMode"] == "none"
    assert carrier["restart"] == "no"


def test_another_image_of_a_service_leaves_the_carrier_of_the_secrets_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {}

    def container(resource: str, opts: pulumi.ResourceOptions, **given: Any) -> docker.Container:
        kept[resource] = opts.ignore_changes
        return original(resource, opts=opts, **given)

    original = docker.Container
    monkeypatch.setattr(docker, "Container", container)
    declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH})
    assert {name: ignored for name, ignored in kept.items() if ignored} == {f"{SLUG}-secrets-files-carrier": ["image"]}


def passwords_of(declared: list[Declared]) -> Mapping[str, str]:
    (kept,) = (plain(one.inputs["input"]) for one in declared if one.type == PASSWORDS)
    return dict(kept)


def test_every_password_is_generated_for_this_preview(of_preview: list[Declared]) -> None:
    passwords = passwords_of(of_preview)
    assert passwords.keys() == set(SECRETS)
    assert all(re.fullmatch("[A-Za-z0-9]{32}", one) for one in passwords.values())
    another = passwords_of(declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH}))
    assert len({*passwords.values(), *another.values()}) == 2 * len(SECRETS)


def test_a_preview_keeps_the_passwords_that_its_state_holds_in_another_way() -> None:
    earlier = {secret: f"earlier-{secret}" for secret in SECRETS[1:]}
    program = partial(preview.preview, earlier_passwords=earlier)
    passwords = passwords_of(declare(program, stack=f"preview-{SLUG}", config={"branch": BRANCH}))
    assert {secret: passwords[secret] for secret in earlier} == earlier
    assert re.fullmatch("[A-Za-z0-9]{32}", passwords[SECRETS[0]])


def test_a_preview_records_nothing_secret_in_plain(of_preview: list[Declared]) -> None:
    for one in of_preview:
        if one.type.startswith("command:"):
            assert "generated-" not in json.dumps(one.inputs), one.name
