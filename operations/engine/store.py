"""Objects of the state backend, which the engine keeps in a directory or in an S3 bucket."""

from __future__ import annotations

import datetime as dt
import glob
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from operations.errors import OperationError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An object as a listing shows it.

    Attributes:
        changed: When it was last written.
        version: Another one whenever it was written since.
    """

    changed: dt.datetime
    version: str


class Store(Protocol):
    """Where the engine keeps states and locks.

    Each method raises OperationError where the backend does not answer, or refuses.
    """

    def list(self, prefix: str) -> Mapping[str, Listed]:
        """What there is of each key that starts with a prefix."""
        ...

    def read(self, key: str) -> bytes | None:
        """Content of an object; None where there is none."""
        ...

    def write(self, key: str, content: bytes) -> None:
        """Make an object, or put another in its place, at once."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; none there is fine."""
        ...

    def address(self, key: str) -> str:
        """Where a person finds an object."""
        ...


def store_of(url: str) -> Store:
    """The store behind a backend's address.

    Raises:
        OperationError: Its kind is neither of the two.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FileStore(Path(parts.netloc + parts.path).expanduser())
    if parts.scheme == "s3":
        return ObjectStore(parts.netloc, parts.path.strip("/"), dict(parse_qsl(parts.query)))
    raise OperationError(
        f"The state backend {parts.scheme}:// keeps no locks that this command could take or show: set "
        "PULUMI_BACKEND_URL to file:///DIRECTORY or s3://BUCKET."
    )


class FileStore:
    """A directory.

    Args:
        root: The directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, prefix: str) -> Mapping[str, Listed]:
        folder, _, start = prefix.rpartition("/")
        below = self._root / folder

        def paths() -> list[Path]:
            return sorted(below.glob(f"{glob.escape(start)}*") if start else below.rglob("*"))

        found = {}
        for path in _told(paths, self._root):
            try:
                if path.is_file():
                    found[path.relative_to(self._root).as_posix()] = _listed(path.stat())
            except FileNotFoundError:
                # Removed meanwhile.
                continue
        return found

    def read(self, key: str) -> bytes | None:
        path = self._root / key
        try:
            return _told(path.read_bytes, path)
        except FileNotFoundError:
            return None

    def write(self, key: str, content: bytes) -> None:
        path = self._root / key
        # Not beside it: whatever is in a folder of locks is taken for one.
        fresh = self._root / ".pulumi" / f".new-{uuid.uuid4()}"

        def replace() -> None:
            for folder in (fresh.parent, path.parent):
                folder.mkdir(parents=True, exist_ok=True)
            try:
                fresh.write_bytes(content)
                fresh.replace(path)
                _attributes(path).unlink(missing_ok=True)
            finally:
                fresh.unlink(missing_ok=True)

        _told(replace, path)

    def delete(self, key: str) -> None:
        path = self._root / key

        def remove() -> None:
            for one in (path, _attributes(path)):
                one.unlink(missing_ok=True)

        _told(remove, path)

    def address(self, key: str) -> str:
        return f"file://{self._root / key}"


def _listed(status: os.stat_result) -> Listed:
    # A copy that is put back keeps the time of its content, and never that of its inode.
    return Listed(
        changed=dt.datetime.fromtimestamp(status.st_mtime, dt.UTC),
        version=f"{status.st_ino}-{status.st_size}-{status.st_ctime_ns}",
    )


def _attributes(path: Path) -> Path:
    """What the engine keeps beside a file of its own, such as its digest."""
    return path.with_name(f"{path.name}.attrs")


def _told(run: Callable[[], T], path: Path) -> T:
    try:
        return run()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise OperationError(f"The state backend cannot be used: {path}: {error.strerror or error}.") from error


class ObjectStore:
    """A folder of an S3 bucket.

    Args:
        bucket: Its name.
        folder: Path in it; empty: all of it.
        options: The rest of the backend's address.
    """

    def __init__(self, bucket: str, folder: str, options: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._folder = f"{folder}/" if folder else ""
        self._options = options

    def list(self, prefix: str) -> Mapping[str, Listed]:
        def pages() -> dict[str, Listed]:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._folder}{prefix}"
            )
            rows = [row for page in pages for row in page.get("Contents") or []]
            return {
                row["Key"].removeprefix(self._folder): Listed(
                    changed=row["LastModified"], version=f"{row['ETag']} {row['LastModified'].isoformat()}"
                )
                for row in rows
            }

        return self._told(pages)

    def read(self, key: str) -> bytes | None:
        def body() -> bytes | None:
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=f"{self._folder}{key}")
            except self._client.exceptions.NoSuchKey:
                return None
            content: bytes = found["Body"].read()
            return content

        return self._told(body)

    def write(self, key: str, content: bytes) -> None:
        self._told(lambda: self._client.put_object(Bucket=self._bucket, Key=f"{self._folder}{key}", Body=content))

    def delete(self, key: str) -> None:
        self._told(lambda: self._client.delete_object(Bucket=self._bucket, Key=f"{self._folder}{key}"))

    def address(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._folder}{key}"

    @cached_property
    def _client(self) -> Any:
        # Takes long to import, which only they pay who need it.
        from botocore.session import Session

        options = self._options
        endpoint = options.get("endpoint", "")
        if endpoint and "://" not in endpoint:
            endpoint = f"{'http' if options.get('disableSSL') == 'true' else 'https'}://{endpoint}"
        session = Session(profile=options.get("profile"))
        return session.create_client("s3", region_name=options.get("region"), endpoint_url=endpoint or None)

    def _told(self, run: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return run()
        except (BotoCoreError, ClientError) as error:
            raise OperationError(f"The state backend s3://{self._bucket} cannot be used ({error}).") from error
