"""Pictures of dashboards; the browser itself is driven in ``tests/engine``."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.errors import OperationError
from operations.machine.entrance import Entrance
from operations.verify.pictures import Site, browser, small, take

ONE = {"uid": "one", "panels": [{"gridPos": {"y": 40, "h": 10}}, {"title": "without a place"}]}


def stand_in(directory: Path, script: str) -> str:
    """Not a browser: a script in its place."""
    program = directory / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_without_a_browser_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperationError, match=r"Pictures need Chromium.*install it, or leave --screenshots away"):
        browser()


def test_a_picture_that_was_not_taken_is_not_counted_even_where_an_old_one_lies(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "exit 1")
    (tmp_path / "one.png").write_bytes(b"old")
    assert take(program, "https://a.localhost", [ONE], tmp_path, trust_anything=True) == {}
    assert not (tmp_path / "one.png").exists()


def test_certificates_and_a_proxy_are_passed_over_only_where_asked(tmp_path: Path) -> None:
    program = stand_in(tmp_path, f'echo "$@" > {tmp_path}/said')
    for trust_anything in (True, False):
        take(program, "https://a.localhost", [ONE], tmp_path, trust_anything=trust_anything)
        said = (tmp_path / "said").read_text(encoding="utf-8").split()
        assert ("--ignore-certificate-errors" in said) is trust_anything
        assert ("--no-proxy-server" in said) is trust_anything
        assert said[-1] == "https://a.localhost/d/one"
        assert "--window-size=1600,2030" in said, "the picture is as high as the dashboard"


def test_a_dashboards_id_cannot_lead_out_of_the_directory(tmp_path: Path) -> None:
    program = stand_in(tmp_path, 'for one; do case $one in --screenshot=*) : > "${one#--screenshot=}";; esac; done')
    taken = take(program, "https://a.localhost", [{"uid": "../../x"}], tmp_path / "in", trust_anything=True)
    picture = taken["../../x"]
    assert picture.resolve().parent == (tmp_path / "in").resolve()


def gives_up_once(tmp_path: Path, first: int) -> str:
    """Not a browser: its first picture has so many bytes, where it takes one at all; the next ones are whole."""
    made = f"head -c $([ -e {tmp_path}/before ] && echo 30000 || echo {first}) /dev/zero"
    save = 'for one; do case $one in --screenshot=*) picture="${one#--screenshot=}";; esac; done'
    return stand_in(
        tmp_path, f'{save}; {made} > "$picture"; [ -s "$picture" ] || rm "$picture"; touch {tmp_path}/before'
    )


@pytest.mark.parametrize("first", [0, 1000], ids=["no picture", "a blank one"])
def test_a_page_that_was_given_up_is_taken_again(tmp_path: Path, first: int) -> None:
    program = gives_up_once(tmp_path, first)
    picture = take(program, "https://a.localhost", [ONE], tmp_path / "in", trust_anything=True)["one"]
    assert picture.stat().st_size == 30_000


@pytest.mark.parametrize("first", [0, 1000], ids=["no picture", "a blank one"])
def test_the_small_picture_of_a_page_that_was_given_up_is_taken_again(tmp_path: Path, first: int) -> None:
    entrance = Entrance(address="127.0.0.1", port=443, http_port=80, certified=False)
    site = Site(branch="one", url="https://a.localhost", entrance=entrance)
    assert len(small(gives_up_once(tmp_path, first), site)) == 30_000
