"""What counts as a change, and that two set-ups never work at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from toolchain.stamps import Stamp, Stamps, exclusive, fingerprint


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    root = tmp_path / "recipe"
    (root / "internal").mkdir(parents=True)
    (root / "main.go").write_text("package main\n")
    (root / "internal" / "a.go").write_text("package a\n")
    return root


def test_a_changed_added_renamed_or_executable_file_is_a_change(sources: Path) -> None:
    seen = {fingerprint(sources)}
    (sources / "main.go").write_text("package main // x\n")
    seen.add(fingerprint(sources))
    (sources / "run.sh").write_text("#!/bin/sh\n")
    seen.add(fingerprint(sources))
    (sources / "run.sh").chmod(0o755)
    seen.add(fingerprint(sources))
    (sources / "internal" / "a.go").rename(sources / "internal" / "b.go")
    seen.add(fingerprint(sources))
    assert len(seen) == 5


def test_tests_and_a_binary_beside_the_sources_are_no_change(sources: Path) -> None:
    before = fingerprint(sources)
    (sources / "main_test.go").write_text("package main\n")
    (sources / "testdata").mkdir()
    (sources / "testdata" / "x").write_text("x")
    (sources / "recipe").write_text("a binary")
    (sources / ".gitignore").write_text("recipe\n")
    assert fingerprint(sources) == before


def test_a_version_is_part_of_the_fingerprint(sources: Path) -> None:
    assert fingerprint("1.0", sources) != fingerprint("1.1", sources)


def test_a_stamp_comes_back_as_it_was(tmp_path: Path) -> None:
    stamp = Stamp(key="k", how="stand-in", path="/p", version="1")
    Stamps(tmp_path / "new").put("x", stamp)
    assert Stamps(tmp_path / "new").get("x") == stamp


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "k"}', '{"key": "k", "how": "found", "unknown": 1}'])
def test_a_damaged_stamp_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    assert Stamps(tmp_path).get("x") is None


def test_a_second_set_up_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with exclusive(tmp_path / "lock", waiting.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(tmp_path / "lock", lambda: order.append("the first waited")):
        thread.start()
        assert waiting.wait(5)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
