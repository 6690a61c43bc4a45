"""State in S3, as production keeps it: the whole life of a preview against a stand-in for the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.equipment import runbook
from tests.equipment.checkout import Clone
from tests.equipment.docker import remains
from tests.equipment.s3 import Bucket, bucket_on_loopback, only_with_a_key
from tests.equipment.state import unpacked

pytestmark = pytest.mark.engine

# What the engine keeps of stacks that are gone.
KEPT = re.compile(r"\.pulumi/(meta\.yaml|history/.+|backups/.+|stacks/.+\.bak)|pgai-preview/known-1\.json\.gz")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with bucket_on_loopback() as made:
        yield made


def contents(bucket: Bucket) -> dict[str, str]:
    """Key → content of every object."""
    return {each.key: unpacked(each.get()["Body"].read()).decode() for each in bucket.objects.objects.all()}


def lose_and_restore(bucket: Bucket, clone: Clone) -> None:
    """The runbook's export and restore, with this base's name, and everything in the bucket lost in between."""
    lines = runbook.commands("Keep the state, and restore it").replace("base", "local").splitlines()
    for index, line in enumerate(lines):
        if index == 1:
            bucket.objects.objects.all().delete()
        done = clone.shell(line)
        assert done.code == 0, done.text
    done = clone.pulumi("up", "--skip-preview", "--stack", "local", "--expect-no-changes")
    assert done.code == 0, done.text


@pytest.fixture
def clone(bucket: Bucket, engine: Any, token: str, tmp_path: Path) -> Iterator[Clone]:
    """An operator's clone whose state is in the bucket; what it has made is gone afterwards."""
    clone = Clone.make(tmp_path, f"{token}s3")
    (tmp_path / "passphrase").write_text("correct horse battery staple", encoding="utf-8")
    clone.extra.update(
        bucket.credentials, PULUMI_BACKEND_URL=bucket.url, PULUMI_CONFIG_PASSPHRASE_FILE=str(tmp_path / "passphrase"),
        PULUMI_SKIP_CONFIRMATIONS="true",
    )  # fmt: skip
    for done in (clone.preview("setup"), clone.pulumi("stack", "init", "local")):
        assert done.code == 0, done.text
    try:
        yield clone
    finally:
        clone.preview("destroy", f"{token}s3/in-a-bucket")
        ended = [clone.pulumi("destroy", "--skip-preview", "--stack", "local"), clone.pulumi("stack", "rm", "local")]
        assert [done.code for done in ended] == [0, 0], ended
        assert [key for key in contents(bucket) if not KEPT.fullmatch(key)] == []
        assert not remains(engine, f"{token}s3")


def test_a_preview_lives_and_ends_with_its_state_in_s3(bucket: Bucket, clone: Clone, token: str) -> None:
    branch = f"{token}s3/in-a-bucket"
    done = clone.pulumi("up", "--skip-preview", "--stack", "local")
    assert done.code == 0, done.text
    lose_and_restore(bucket, clone)
    done = clone.preview("deploy", branch)
    assert done.code == 0, done.text
    with only_with_a_key(bucket):
        refused = clone.preview("list")
    assert refused.code == 1
    (said,) = refused.stderr.strip().splitlines()
    assert said.startswith(f"Error: The state backend s3://{bucket.name} cannot be used (")
    (row,) = clone.json("list", "--json")
    assert (row["branch"], row["health"]) == (branch, "7/7 healthy")
    passwords = [entry["password"] for entry in clone.json("credentials", branch, "--json").values()]
    state = contents(bucket)
    (of_preview,) = [state[key] for key in state if re.fullmatch(r"\.pulumi/stacks/.+-in-a-bucket\.json\.gz", key)]
    assert "ciphertext" in of_preview
    assert passwords
    for key, text in state.items():
        assert not [password for password in passwords if password in text], key
    done = clone.preview("destroy", branch)
    assert done.code == 0, done.text
    assert clone.json("list", "--json") == []
