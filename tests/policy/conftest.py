"""Everything that bases declare, and previews on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stacks import local as base
from stacks import preview
from tests.equipment.recording import Declared, declare
from tests.policy.declared import BRANCH, SLUG
from tests.policy.production import TOKEN, VM_OUTPUTS, declare_base, hetzner


@pytest.fixture(scope="module")
def of_preview() -> list[Declared]:
    return declare(preview.preview, stack=f"preview-{SLUG}", config={"branch": BRANCH})


@pytest.fixture(scope="module")
def of_base() -> list[Declared]:
    return declare(base.local, stack="local", config={})


@pytest.fixture(scope="module")
def cloudflare_token() -> Iterator[None]:
    """Cloudflare's token, in the environment as an operator has it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
        yield


@pytest.fixture(scope="module")
def of_vm(cloudflare_token: None) -> list[Declared]:
    """Of the production base."""
    return declare_base(hetzner())


@pytest.fixture(scope="module")
def of_preview_on_vm(cloudflare_token: None) -> list[Declared]:
    return declare(preview.preview, stack="preview-feature-a", config={"branch": "feature/a"}, base_outputs=VM_OUTPUTS)
