"""Many stacks without containers, and how long the command takes with them.

The stacks are small stand-ins (a generated password and the outputs of a preview): what is measured is this command and
the engine, not containers.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from bench.own_base import own_clone
from operations.engine.answers import PASSWORDS
from operations.engine.store import store_of
from stacks.names import stack_of
from stacks.outputs import BaseOutputs
from stacks.paths import APPLICATION
from stacks.settings import PROJECT
from tests.equipment.checkout import Clone, ok
from tests.equipment.s3 import bucket_on_loopback

_PATTERN = "bench-00000"
_REFUSED = 3
EXPIRED = 20
"""Stacks that have expired, of however many there are."""


@dataclass(frozen=True)
class Timed:
    """A command, run over and over with so many stacks.

    Attributes:
        command: What was typed.
        stacks: How many stacks there were.
        seconds: Wall time of each run.
    """

    command: str
    stacks: int
    seconds: tuple[float, ...]


LIST = "`./preview list`"
REAP = "`./preview reap --dry-run`"


def timed_commands(counts: list[int], runs: int, backend: str) -> Iterator[Timed]:
    """Time list and a dry reap with each number of stacks, then a refused deploy and a reap of what has expired.

    Args:
        counts: Numbers of stacks.
        runs: How often each command runs.
        backend: Where the states are: ``file``, or ``s3``, a server of that protocol on loopback.
    """
    with ExitStack() as stack:
        extra: dict[str, str] = {}
        if backend == "s3":
            bucket = stack.enter_context(bucket_on_loopback())
            extra = {**bucket.credentials, "PULUMI_BACKEND_URL": bucket.url, "PULUMI_CONFIG_PASSPHRASE": "bench"}
            os.environ.update(bucket.credentials)
        clone = stack.enter_context(own_clone(extra))
        stacks = _ManyStacks(clone)
        stacks.make_base()
        stacks.make_pattern()
        for count in sorted(counts):
            stacks.fill(count, expired=EXPIRED)
            for name, command in {LIST: ("list", "--json"), REAP: ("reap", "--dry-run", "--json")}.items():
                yield Timed(name, count, tuple(ok(clone.preview(*command)).seconds for _ in range(runs)))
        refused = tuple(_refused(clone) for _ in range(runs))
        yield Timed("`./preview deploy`, refused", count, refused)
        stacks.fill(EXPIRED, expired=EXPIRED)
        seconds = ok(clone.preview("reap", "--json")).seconds
        yield Timed(f"`./preview reap` of {EXPIRED} expired, two at once", max(count, EXPIRED), (seconds,))


def _refused(clone: Clone) -> float:
    done = clone.preview("deploy", "bench/refused")
    assert done.code == _REFUSED, done.text
    return done.seconds


class _ManyStacks:
    """A state with many stacks."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._data = clone.data / APPLICATION
        self._store = store_of(clone.extra.get("PULUMI_BACKEND_URL", f"file://{self._data}/state"))

    def make_base(self) -> None:
        """A base stack that has the outputs of one, and nothing else; it asks for more disk than there is."""
        outputs = BaseOutputs(
            kind="local", docker_host="unix:///var/run/docker.sock", host_directory=str(self._data / "host"),
            edge_network="bench-no-such-network", domain="localhost", scheme="https", port=8443, max_previews=2,
            min_free_disk_gb=900_000, min_available_memory_gb=0, address="127.0.0.1",
        )  # fmt: skip
        self._make("local", outputs.model_dump(), [])

    def make_pattern(self) -> None:
        """The preview stack that all others are copies of."""
        outputs = {
            "branch": _PATTERN, "slug": _PATTERN, "commit": "0123abcd", "url": "https://x.localhost", "base": "local",
            "created_at": "2020-01-01T00:00:00Z", "deployed_at": "2020-01-01T00:00:00Z",
            "expires_at": "2020-01-04T00:00:00Z",
        }  # fmt: skip
        urn = f"urn:pulumi:{stack_of(_PATTERN)}::{PROJECT}::"
        self._make(
            stack_of(_PATTERN),
            outputs,
            [
                {"urn": f"{urn}{PASSWORDS}::passwords", "custom": True, "id": "7a3c9e52-7d3e-4c0b-9d7e-6f1c2b3a4d5e",
                 "type": PASSWORDS, "inputs": {"input": "x" * 32}, "outputs": {"input": "x" * 32, "output": "x" * 32}},
            ],
        )  # fmt: skip

    def _make(self, stack: str, outputs: Mapping[str, object], resources: list[dict[str, object]]) -> None:
        ok(self._clone.pulumi("stack", "init", stack))
        file = self._data / "state.json"
        ok(self._clone.pulumi("stack", "export", "--stack", stack, "--file", str(file)))
        state = json.loads(file.read_text(encoding="utf-8"))
        root: dict[str, object] = {
            "urn": f"urn:pulumi:{stack}::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-{stack}",
            "custom": False,
        }
        state["deployment"]["resources"] = [
            {**root, "type": "pulumi:pulumi:Stack", "outputs": dict(outputs)},
            *resources,
        ]
        file.write_text(json.dumps(state), encoding="utf-8")
        ok(self._clone.pulumi("stack", "import", "--stack", stack, "--file", str(file)))

    def fill(self, count: int, *, expired: int) -> None:
        """Copies of the pattern, so many in all; the first of them expired."""
        content = self._store.read(_key(_PATTERN))
        assert content
        pattern = gzip.decompress(content).decode()
        for number in range(1, count):
            text = pattern.replace(_PATTERN, f"bench-{number:05}")
            if number >= expired:
                text = text.replace("2020-01-04T00:00:00Z", "2099-01-01T00:00:00Z")
            self._store.write(_key(f"bench-{number:05}"), gzip.compress(text.encode()))


def _key(slug: str) -> str:
    return f".pulumi/stacks/{PROJECT}/{stack_of(slug)}.json.gz"
