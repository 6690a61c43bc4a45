"""A file's text, and what a JSON file says, within limits that keep any file from doing harm."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any, NoReturn

from stacks.configuration.faults import UnusableError

LARGEST = 20 * 1024 * 1024
"""Bytes that a file may have."""

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_NO_NUMBER = re.compile(r'"(?:\\.|[^"\\])*"|(NaN|-?Infinity)')


def text_of(path: Path) -> str:
    """A regular file's text, with a byte-order mark where it has one.

    Raises:
        UnusableError: It is none, is too large, cannot be read, or is not UTF-8.
    """
    try:
        # Neither a pipe nor a device is waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnusableError(f"cannot be read ({error.strerror}).") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnusableError("must be a regular file.")
        if found.st_size > LARGEST:
            raise UnusableError(f"is larger than {LARGEST // 1024**2} MB.")
        try:
            content = file.read(LARGEST)
        except OSError as error:
            raise UnusableError(f"cannot be read ({error.strerror}).") from None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnusableError(f"not valid text (not UTF-8: {error.reason}).", line) from None
    if "\0" in text:
        raise UnusableError("not valid text (it has a NUL character).", text.count("\n", 0, text.index("\0")) + 1)
    return text


def without_mark(text: str) -> str:
    """The text without its byte-order mark."""
    return text.removeprefix(_MARK)


def json_of(text: str) -> Any:
    """What a JSON text says; numbers are only near.

    Raises:
        UnusableError: It is not JSON as Grafana reads it.
    """
    try:
        return json.loads(without_mark(text), parse_constant=_refuse_constant, parse_int=float)
    except json.JSONDecodeError as error:
        raise UnusableError(f"not valid JSON ({error.msg}).", error.lineno) from None
    except RecursionError:
        raise UnusableError("is nested too deeply.") from None
    except _NotANumberError as error:
        first = next((found for found in _NO_NUMBER.finditer(text) if found[1]), None)
        line = text.count("\n", 0, first.start()) + 1 if first else None
        raise UnusableError(f"not valid JSON ({error} is no number in JSON).", line) from None


class _NotANumberError(Exception):
    pass


def _refuse_constant(name: str) -> NoReturn:
    raise _NotANumberError(name)
