"""What is known of stacks already, kept beside their states: of those that nobody has written since, no state is read.

A state is half a megabyte of text, and there may be hundreds. This is a cache, and the state decides: what is known of
a stack counts only for the very version of its state that the backend lists. It is kept in the backend and not on a
machine of previews: whoever can change it can change the states too.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from operations.engine.snapshot import Snapshot
from operations.engine.store import Store
from operations.errors import OperationError
from stacks.settings import PROJECT

# Another number whenever a state is read in another way: what an older program has understood counts no more.
KEY = f"{PROJECT}/known-1.json.gz"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a stack.

    Attributes:
        version: Version of the state that says so.
        snapshot: What it says, without secrets.
    """

    version: str
    snapshot: Snapshot


_ALL = TypeAdapter(dict[str, Known])


def recall(store: Store) -> Mapping[str, Known]:
    """What is known, by the state's key; nothing where it was never kept, is damaged, or cannot be read."""
    try:
        content = store.read(KEY)
        return _ALL.validate_json(gzip.decompress(content)) if content else {}
    except (OperationError, OSError, EOFError, zlib.error, ValidationError):
        return {}


def remember(store: Store, known: Mapping[str, Known]) -> None:
    """Keep what is known. Where that cannot be written, states are read again the next time; nothing else is lost."""
    with suppress(OperationError):
        store.write(KEY, gzip.compress(_ALL.dump_json(dict(known)), compresslevel=1))
