"""One base, one preview, and two parties: each has a checkout and a data directory of its own, on one backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from operations.engine.store import store_of
from stacks.names import slug_of, stack_of
from tests.equipment.checkout import Clone
from tests.equipment.local_base import bring_up, standing_local_base
from tests.equipment.previews import Ground
from tests.equipment.s3 import bucket_on_loopback
from tests.parties.stage import Stage


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """States are in a directory; where it matters, in S3 too."""
    backends = ["file", "s3"] if metafunc.definition.get_closest_marker("both_backends") else ["file"]
    metafunc.parametrize("backend", backends, indirect=True, scope="package")


@pytest.fixture(scope="package")
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Variables of the parties that lead to states that both reach."""
    root = tmp_path_factory.mktemp("backend")
    (root / "passphrase").write_text("correct horse battery staple", encoding="utf-8")
    shared = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(root / "passphrase")}
    if request.param == "file":
        (root / "state").mkdir()
        yield {**shared, "PULUMI_BACKEND_URL": f"file://{root / 'state'}"}
        return
    with pytest.MonkeyPatch.context() as environment, bucket_on_loopback() as bucket:
        for name, value in bucket.credentials.items():
            environment.setenv(name, value)
        yield {**shared, **bucket.credentials, "PULUMI_BACKEND_URL": bucket.url}


@pytest.fixture(scope="package")
def ours(
    backend: Mapping[str, str], token: str, engine: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """The party whose machine has the base."""
    with standing_local_base(engine, tmp_path_factory.mktemp("ours"), f"{token}p", backend, maxPreviews=2) as base:
        bring_up(base.home)
        yield Ground(base.home, engine, f"{token}p")


@pytest.fixture(scope="package")
def theirs(ours: Ground, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The other one, which shares nothing but the backend, its passphrase and the machine of the base."""
    root: Path = tmp_path_factory.mktemp("theirs")
    clone = ours.clone.another(root, maxPreviews=2)
    clone.data = root / "data"
    return clone


@pytest.fixture(scope="package")
def stage(ours: Ground, theirs: Clone, backend: Mapping[str, str]) -> Iterator[Stage]:
    """Both parties, and a branch for whose preview they meet."""
    branch, other = ours.branch("one"), f"{ours.token}_one"
    assert slug_of(branch) == slug_of(other)
    store = store_of(backend["PULUMI_BACKEND_URL"])
    yield Stage(ours, theirs, branch, other, stack_of(slug_of(branch)), store, {})
    ours.clone.preview("destroy", branch)
