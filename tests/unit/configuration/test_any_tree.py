"""Whatever is done to a valid directory, it is taken or refused with reasons; what was taken is taken again."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacks.configuration import Configuration, ConfigurationError, gather, home_of, lacking
from stacks.configuration.connection import UnusableConnectionError, with_own_credentials
from stacks.configuration.faults import UnusableError
from stacks.configuration.ini import without_own
from tests.equipment.foreign import FOREIGN, require
from tests.unit.configuration.trees import DEFAULT

_MANY = 2
"""Entries that are kept of each large file: what is mutated is their shape."""

_NUMBERS: list[Any] = [True, -1, 10**400, 0.5, float("nan"), float("inf")]
_TEXTS: list[Any] = ["", "text", "0042", "${X}", "\x07", "\ud800"]
_LONG = "as many digits as Python refuses to read"
_SHAPES: list[Any] = [None, [], {}, [None], [[]], {"a": None}, {"a": {"b": ["c"]}}, ["x"] * 300]
_PIECES = [
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\t", b'"', b"\r", b": ", b"NaN", b"[" * 5000, b"{a: " * 5000, b"- " * 5000),
    *(b"\n---\n", b"...", b"%YAML 9.9\n", b"&a [*a]", b"<<: [x]\n", b"? [a]\n: b\n", b"!!python/object:os.system x"),
]


@cache
def _base(root: Path) -> Mapping[str, bytes]:
    files = {}
    for path in sorted(require(root).rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".json":
            data = json.loads(content)
            data["panels"] = data.get("panels", [])[:1]
            content = json.dumps(data).encode()
        elif path.name == "metrics.yml":
            data = yaml.safe_load(content)
            data["metrics"] = dict(list(data["metrics"].items())[:_MANY])
            content = yaml.safe_dump(data).encode()
        files[path.relative_to(root).as_posix()] = content
    return files


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Each container with each key of it."""
    found: list[tuple[Any, Any]] = []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else []
    for key, value in items:
        found.append((data, key))
        found += _places(value)
    return found


def _of_shape(path: Path, draw: Callable[..., Any]) -> None:
    """Drop, repeat or replace a value."""
    content = path.read_text(encoding="utf-8")
    try:
        data = json.loads(content) if path.suffix == ".json" else yaml.safe_load(content)
    except (ValueError, yaml.YAMLError):
        return
    places = _places(data)
    if not places:
        return
    container, key = draw(st.sampled_from(places))
    action = draw(st.sampled_from(["drop", "repeat", "replace", "replace", "deepen", "lengthen"]))
    if action == "drop":
        del container[key]
    elif action == "repeat":
        if isinstance(container, list):
            container.append(container[key])
        else:
            container[f"{key}x"] = container[key]
    elif action == "replace":
        container[key] = draw(st.sampled_from(_NUMBERS + _TEXTS + _SHAPES))
    elif action == "lengthen":
        container[key] = _LONG
    else:
        for _ in range(draw(st.sampled_from([3, 70]))):
            container[key] = [container[key]]
    # Repeated values become aliases.
    text = json.dumps(data) if path.suffix == ".json" else yaml.dump(data, allow_unicode=False)
    path.write_text(text.replace(f'"{_LONG}"', "9" * 5000).replace(_LONG, "9" * 5000), encoding="utf-8")


def _of_text(path: Path, draw: Callable[..., Any]) -> None:
    """Put bytes anywhere, or cut."""
    content = path.read_bytes()
    place = draw(st.integers(0, len(content)))
    piece = draw(st.sampled_from(_PIECES) | st.binary(max_size=4))
    end = len(content) if draw(st.booleans()) else draw(st.integers(place, len(content)))
    path.write_bytes(content[:place] + piece + content[end if draw(st.booleans()) else place :])


def _of_file(path: Path, draw: Callable[..., Any]) -> None:
    """Put something else in a file's place."""
    what = draw(st.sampled_from(["nothing", "empty", "pipe", "folder", "huge", "yaml", "bomb", "link"]))
    if what == "empty":
        path.write_bytes(b"")
        return
    if what == "yaml":
        shutil.copyfile(path, path.with_suffix(".yaml"))
        return
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "huge":
        path.touch()
        os.truncate(path, 21 * 1024 * 1024)
    elif what == "bomb":
        rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]" for n in range(30)]
        path.write_text("\n".join(rows), encoding="utf-8")
    elif what == "link":
        path.symlink_to(
            draw(st.sampled_from(["/etc/passwd", "/dev/zero", "..", ".", "../../..", "nothing", path.name]))
        )


@settings(max_examples=50, deadline=10_000, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(data=st.data())
def test_a_directory_is_taken_or_refused_and_never_anything_else(data: st.DataObject) -> None:
    files = _base(data.draw(st.sampled_from([DEFAULT, FOREIGN])))
    with tempfile.TemporaryDirectory() as folder:
        branch, first, second = (Path(folder) / name for name in ("branch", "first", "second"))
        for name, content in files.items():
            (branch / name).parent.mkdir(parents=True, exist_ok=True)
            (branch / name).write_bytes(content)
        for _ in range(data.draw(st.integers(1, 3))):
            known = [path for path in sorted(branch.rglob("*")) if path.is_file() and not path.is_symlink()]
            known = [path for path in known if path.stat().st_size < 10**6]
            if known:
                mutate = data.draw(st.sampled_from([_of_shape, _of_shape, _of_text, _of_file]))
                try:
                    mutate(data.draw(st.sampled_from(known)), data.draw)
                except UnicodeError:
                    continue
        try:
            found = gather(branch, DEFAULT)
        except ConfigurationError:
            return
        assert all(isinstance(note, str) for note in lacking(found.files, []))
        _require_settled(found, first, second)


def _require_settled(found: Configuration, first: Path, second: Path) -> None:
    """What was written is taken once more, and nothing is left to change."""
    found.write(first)
    assert (first / home_of(first)).is_file()
    gather(first, DEFAULT).write(second)
    for path in first.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path


@settings(max_examples=200, deadline=2_000, derandomize=True)
@given(
    text=st.text(max_size=60) | st.from_regex(r"postgres(ql)?://.*", fullmatch=True) | st.from_regex(r"(host|a)\s*=.*")
)
def test_a_connection_string_is_understood_or_refused_and_never_anything_else(text: str) -> None:
    with suppress(UnusableConnectionError):
        own = with_own_credentials(text)
        assert own is None or with_own_credentials(own) == own


_LINES = ["[a]", "b = c", 'd = """', "e : \\", "; f", "[server]", "g="]


@settings(max_examples=200, deadline=2_000, derandomize=True)
@given(lines=st.lists(st.text(max_size=12) | st.sampled_from(_LINES)))
def test_settings_are_understood_or_refused_and_never_anything_else(lines: list[str]) -> None:
    with suppress(UnusableError):
        kept, _ = without_own("\n".join(lines))
        assert without_own(kept) == (kept, ())
