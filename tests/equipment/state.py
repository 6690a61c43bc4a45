"""What the state backend holds of a preview."""

from __future__ import annotations

import gzip
import json

from operations.engine.answers import PASSWORDS
from stacks.names import slug_of, stack_of
from tests.equipment.checkout import Clone


def unpacked(content: bytes) -> bytes:
    """What a file or object of the state backend holds, compressed or not."""
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def known_resources(clone: Clone, stack: str) -> set[str]:
    """Resources that a stack's state in a directory names."""
    (file,) = (clone.data / "pgai-preview/state/.pulumi/stacks").glob(f"*/{stack}.json.gz")
    latest = json.loads(unpacked(file.read_bytes()))["checkpoint"]["latest"]
    return {row["urn"] for row in latest["resources"]}


def passwords(clone: Clone, branch: str) -> dict[str, str]:
    """Name of a secret → generated password of a preview, as plain Pulumi shows it to whoever has the passphrase."""
    done = clone.pulumi("stack", "export", "--show-secrets", "--stack", stack_of(slug_of(branch)))
    # They must not be in what tests keep of a run.
    clone.transcript.pop()
    rows = json.loads(done.stdout)["deployment"]["resources"]
    (kept,) = (row["outputs"]["output"]["plaintext"] for row in rows if row["type"] == PASSWORDS)
    return dict(json.loads(kept))
