"""The page of all previews and those at names of previews that do not answer, as readers get them."""

from __future__ import annotations

import json

import httpx
import pytest

from operations.happening import Happening
from operations.machine.access import Machine, machine_of
from operations.review.record import Links
from operations.review.writer import writes
from stacks.names import PreviewName, slug_of
from stacks.outputs import BaseOutputs
from tests.engine.world import World
from tests.equipment.axe.reader import Reader
from tests.equipment.checkout import ARTIFACTS, ok

pytestmark = pytest.mark.engine

ENDED = "ended/<img/src=x>&@LEFT@"


@pytest.fixture(scope="module")
def machine(world: World) -> Machine:
    outputs = ok(world.clone.pulumi("stack", "output", "--json", "--stack", "local")).stdout
    return machine_of(BaseOutputs.of("local", json.loads(outputs)))


@pytest.fixture(scope="module")
def ended(machine: Machine) -> PreviewName:
    """A preview that was there once, as the machine has been told."""
    name = PreviewName(ENDED)
    project = "https://gitlab.example/group/project"
    gone = Happening(what="gone", name=name, machine=machine, by="reap", commit="6063e25", why="branch is gone")
    writes(Links(project=project))(gone)
    return name


@pytest.fixture(scope="module")
def reader(world: World, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("reader"), get(world, "previews", "/previews.css").text)


def get(world: World, host: str, path: str = "/") -> httpx.Response:
    """What a name below the local domain answers."""
    port = world.clone.ports["httpsPort"]
    headers = {"Host": f"{host}.localhost:{port}"}
    return httpx.get(f"https://127.0.0.1:{port}{path}", headers=headers, verify=False, timeout=30)


def test_the_page_of_all_previews_shows_both_and_asks_nobody_else(world: World) -> None:
    page = get(world, "previews")
    assert page.status_code == 200
    for branch in (world.first, world.second):
        assert branch in page.text
        assert f'href="{world.url(branch)}"' in page.text
    assert page.text.count("7 of 7 services") >= 2
    assert "slots free" in page.text
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_a_name_whose_preview_is_gone_says_so_and_how_to_start_it_again(world: World, ended: PreviewName) -> None:
    answer = get(world, f"preview-{ended.slug}", "/d/some-dashboard?from=now-30m")
    assert answer.status_code == 404
    assert "by <bdi>reap</bdi> (branch is gone)." in answer.text
    assert "./preview deploy " in answer.text
    assert "https://gitlab.example/group/project/-/pipelines?ref=ended%2F" in answer.text
    assert "<img" not in answer.text
    assert get(world, f"PREVIEW-{ended.slug.upper()}").text == answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_a_name_that_never_was_says_how_to_make_a_preview_and_any_other_nothing(world: World) -> None:
    answer = get(world, "preview-nobody-deployed-this")
    assert answer.status_code == 404
    assert "./preview deploy BRANCH" in answer.text
    assert f'href="https://previews.localhost:{world.clone.ports["httpsPort"]}"' in answer.text
    for host in ("other", "preview-", "preview-..%2f..%2findex", "preview-a.b", "x.previews"):
        answer = get(world, host)
        assert answer.status_code == 404, host
        assert b"preview" not in answer.content, host
    assert get(world, "previews", "/../gone/index.html").status_code == 404


def test_the_machine_keeps_a_record_of_each_preview_and_what_happened(world: World) -> None:
    path = world.clone.data / f"pgai-preview/host/previews/{slug_of(world.second)}/preview.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    (row,) = [row for row in world.clone.json("list", "--json") if row["branch"] == world.second]
    assert {name: record[name] for name in ("branch", "slug", "url", "commit", "base", "expires_at")} == {
        name: row[name] for name in ("branch", "slug", "url", "commit", "base", "expires_at")
    }
    assert record["state"] == "live"
    happened = world.clone.json("history", world.second, "--json")
    assert [one["what"] for one in reversed(happened)][:2] == ["deploying", "live"]
    assert {one["by"] for one in happened} == {record["deployed_by"]}


@pytest.mark.parametrize(("name", "dark", "width"), [("all", False, 1280), ("all", True, 500), ("gone", True, 500)])
def test_nothing_keeps_anybody_from_reading(
    world: World, ended: PreviewName, reader: Reader, name: str, dark: bool, width: int
) -> None:
    page = get(world, {"all": "previews", "gone": f"preview-{ended.slug}"}[name]).text
    reader.require_accessible(page, dark=dark, width=width)
    picture = f"previews-{name}-{'dark' if dark else 'light'}-{width}.png"
    reader.picture(page, ARTIFACTS / picture, dark=dark, width=width)


def test_nor_what_names_that_never_were_say(world: World, reader: Reader) -> None:
    reader.require_accessible(get(world, "preview-nobody-deployed-this").text)
