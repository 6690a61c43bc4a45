"""Who holds stacks at the moment, and since when."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from operations.engine.locks import Holder
from operations.engine.workspace import Engine
from operations.errors import OperationError
from stacks.settings import PROJECT

_LOCKS = f".pulumi/locks/organization/{PROJECT}/"


@dataclass(frozen=True, kw_only=True)
class Held:
    """A stack that is held.

    Attributes:
        stack: The stack.
        holder: Who holds it.
    """

    stack: str
    holder: Holder

    def as_dict(self) -> dict[str, str | int]:
        """The same, for JSON."""
        return {"stack": self.stack, **asdict(self.holder)}


def held(engine: Engine, stack: str = "") -> list[Held]:
    """Who holds a stack.

    Args:
        engine: Knows the locks of this command on this machine.
        stack: The stack; empty: all.

    Raises:
        OperationError: The engine's locks, which its backend keeps as files, cannot be read.
    """
    found = [*engine.holders(), *_of_backend()]
    chosen = [Held(stack=name, holder=holder) for name, holder in found if stack in ("", name)]
    return sorted(chosen, key=lambda one: (one.stack, one.holder.since))


def _of_backend() -> Iterator[tuple[str, Holder]]:
    """The engine's own locks; its command shows them only to who tries to change a stack."""
    url = os.environ["PULUMI_BACKEND_URL"]
    parts = urlsplit(url)
    if parts.scheme == "file":
        files = _files(Path(parts.path))
    elif parts.scheme == "s3":
        files = _objects(parts.netloc, parts.path.strip("/"), dict(parse_qsl(parts.query)))
    else:
        raise OperationError(
            f"The locks of the backend {parts.scheme}:// cannot be shown: they are the objects below {_LOCKS} in it."
        )
    for name, text in files:
        try:
            lock = json.loads(text)
            yield (
                name.split("/")[0],
                Holder(user=lock["username"], host=lock["hostname"], pid=lock["pid"], since=lock["timestamp"]),
            )
        except (ValueError, TypeError, KeyError):
            # Half written, or of an engine that writes them in another way.
            continue


def _files(root: Path) -> Iterator[tuple[str, str]]:
    for path in (root / _LOCKS).glob("*/*.json"):
        try:
            yield path.relative_to(root / _LOCKS).as_posix(), path.read_text(encoding="utf-8")
        except FileNotFoundError:
            # Given back meanwhile.
            continue


def _objects(bucket: str, folder: str, options: dict[str, str]) -> Iterator[tuple[str, str]]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    prefix = f"{folder}/{_LOCKS}" if folder else _LOCKS
    endpoint = options.get("endpoint", "")
    if endpoint and "://" not in endpoint:
        endpoint = f"{'http' if options.get('disableSSL') == 'true' else 'https'}://{endpoint}"
    try:
        client = boto3.client("s3", region_name=options.get("region"), endpoint_url=endpoint or None)
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for row in page.get("Contents") or []:
                body = client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
                yield row["Key"].removeprefix(prefix), body.decode("utf-8", "replace")
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"The locks in the backend s3://{bucket} cannot be read ({error}).") from error
