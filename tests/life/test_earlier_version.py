"""A preview that an earlier version has made goes on with this one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operations.engine.answers import EARLIER_PASSWORD, PASSWORDS
from stacks.names import slug_of, stack_of
from tests.equipment.checkout import ok
from tests.equipment.docker import service_ids
from tests.equipment.previews import Ground
from tests.equipment.state import passwords
from toolchain.versions import PLUGINS

pytestmark = pytest.mark.engine

_PROVIDER_ID = "7a3c9e52-7d3e-4c0b-9d7e-6f1c2b3a4d5e"


def test_passwords_that_had_a_resource_each_stay_and_nothing_is_made_anew(ground: Ground) -> None:
    branch = ground.branch("earlier")
    stack = stack_of(slug_of(branch))
    ground.deploy(branch)
    generated, containers = passwords(ground.clone, branch), service_ids(ground.engine, branch)
    _as_before(ground, stack)

    ok(ground.clone.preview("update", branch, "--commit", "0123abc"))

    assert passwords(ground.clone, branch) == generated
    assert service_ids(ground.engine, branch) == containers
    assert EARLIER_PASSWORD not in ok(ground.clone.pulumi("stack", "export", "--stack", stack)).stdout
    ok(ground.clone.preview("destroy", branch))


def _as_before(ground: Ground, stack: str) -> None:
    """Give the preview's state the resources that versions before 1.2 kept passwords in."""
    file = ground.clone.data / "earlier.json"
    done = ok(ground.clone.pulumi("stack", "export", "--show-secrets", "--stack", stack))
    # Passwords are not to be in what tests keep of a run.
    ground.clone.transcript.pop()
    state = json.loads(done.stdout)
    rows: list[dict[str, Any]] = state["deployment"]["resources"]
    (kept,) = (row for row in rows if row["type"] == PASSWORDS)
    earlier = _one_each(kept)
    place = rows.index(kept)
    rows[place : place + 1] = earlier
    text = json.dumps(state).replace(kept["urn"], earlier[-1]["urn"])
    file.write_text(text, encoding="utf-8")
    ok(ground.clone.pulumi("stack", "import", "--stack", stack, "--file", str(file)))
    file.unlink()


def _one_each(kept: dict[str, Any]) -> list[dict[str, Any]]:
    """A provider, and a resource for each password."""
    (version,) = (plugin.version for plugin in PLUGINS if plugin.name == "random")
    head, _, name = kept["urn"].rpartition("::")
    start = head.split("::preview:")[0]
    provider = f"{start}::pulumi:providers:random::default"
    settings = {"version": version}
    whole = kept["outputs"]["output"]
    own = {
        secret.replace("_", "-"): {"length": 32, "result": {**whole, "plaintext": json.dumps(value)}}
        for secret, value in json.loads(whole["plaintext"]).items()
    }
    return [
        {
            "urn": provider,
            "custom": True,
            "id": _PROVIDER_ID,
            "type": "pulumi:providers:random",
            "inputs": settings,
            "outputs": settings,
        },
        *(
            {
                "urn": f"{head.replace(PASSWORDS, EARLIER_PASSWORD)}::{name.removesuffix('passwords')}{secret}",
                "custom": True,
                "id": "none",
                "type": EARLIER_PASSWORD,
                "inputs": {"length": 32},
                "outputs": {**outputs, "id": "none"},
                "parent": kept["parent"],
                "provider": f"{provider}::{_PROVIDER_ID}",
            }
            for secret, outputs in own.items()
        ),
    ]
