"""What operations and the timer show on a machine: the page of all previews, and one for each name."""

from __future__ import annotations

import subprocess
from html.parser import HTMLParser

import pytest

from components.services import SERVICES
from operations.machine.local import LocalMachine
from operations.review.record import Links, Record, record_agreed
from stacks.outputs import Node, PreviewOutputs
from tests.unit.review.board import Board

BRANCH = "feature/add-metrics"
SLUG = "feature-add-metrics"
HOSTILE = [
    "feature/<script>alert(1)</script>",
    "a/\"'onmouseover='alert(1)'&amp;`id`$(id)",
    "x/@WELL@-@LEFT@-@ALL@",
    "x/|s;&-|';touch${IFS}gone;'",
    "ü/\u202etxt.exe",
    "x/-->\u0130<!--",
]


class Text(HTMLParser):
    """Text and elements of a page as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def running(slug: str, *, well: int = 7) -> list[str]:
    """What Docker says of a preview's containers."""
    status = ["Up 3 minutes (healthy)"] * well + ["Up 2 minutes (unhealthy)"] * (7 - well)
    services = [f"{slug} {one.key} running {said}" for one, said in zip(SERVICES, status, strict=True)]
    return [*services, f"{slug} target-init exited Exited (0) 3 minutes ago", f"{slug} secrets created Created"]


def test_on_a_cluster_services_count_wherever_they_run(board: Board) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH)
    board.directory("asleep")
    board.hear("asleep", "asleep")
    keys = [one.key for one in SERVICES]
    board.cluster(
        *((f"p-{key}", f"{0 if key == 'sink' else 1}/1", SLUG) for key in keys),
        *((f"q-{key}", "0/0", "asleep") for key in keys),
        ("gone-sink", "1/1", ""),
    )
    # The base says what it is; whoever writes later, does not.
    board.refresh(LIMIT="2", RUNTIME="services")
    board.refresh()
    shown = " ".join(Text(board.index()).text.split())
    for words in ("6 of 7 services", "0 of 7 services", "1 of 2 slots free"):
        assert words in shown, words
    assert (board.page / "used").read_text(encoding="ascii") == "1 of 2\n"


def test_a_base_without_previews_says_how_to_make_one(board: Board) -> None:
    shown = Text(board.index()).text
    assert "No preview is up" in shown
    assert "./preview deploy BRANCH" in shown
    assert "2 of 2 slots free" in shown


def test_the_page_shows_what_a_reviewer_wants_to_know(board: Board) -> None:
    board.directory(BRANCH)
    board.docker(*running(SLUG))
    links = Links(project="https://git.example/p", merge_request="https://git.example/p/-/merge_requests/7")
    board.hear("live", BRANCH, links=links)
    page = board.index()
    shown = " ".join(Text(page).text.split())
    for words in (
        BRANCH,
        "live",
        "6063e25",
        "jane",
        "7 of 7 services",
        "1 December 2036, 14:05 UTC (in ",
        "1 of 2 slots",
    ):
        assert words in shown, words
    assert f'href="https://preview-{SLUG}.localhost:8443"' in page
    assert 'href="https://git.example/p/-/merge_requests/7"' in page
    assert "@" not in page, "a place that nobody has filled"
    assert (board.page / "used").read_text(encoding="ascii") == "1 of 2\n"


def test_the_timer_finds_out_what_has_become_unwell(board: Board) -> None:
    board.directory(BRANCH)
    board.docker(*running(SLUG))
    board.hear("live", BRANCH)
    board.docker(*running(SLUG, well=5))
    board.refresh()
    assert "5 of 7 services" in Text(board.index()).text
    assert '"bar w5"' in board.index()
    assert "label=pgai.preview.base=traefik-public" in (board.root / "asked").read_text(encoding="utf-8")


def test_a_sleeping_preview_keeps_its_place_on_the_page_and_frees_its_slot(board: Board) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH)
    board.docker(*[f"{SLUG} {one.key} exited Exited (0) 1 second ago" for one in SERVICES])
    board.hear("asleep", BRANCH, by="joe")
    shown = Text(board.index()).text
    assert "asleep" in shown
    assert "0 of 7 services" in shown
    assert "2 of 2 slots free" in shown
    own = Text(board.own(BRANCH)).text
    assert "is asleep" in own
    assert "its data are kept" in own
    assert "28 November 2026, 14:05 UTC by joe" in own
    assert f"./preview wake {BRANCH}" in own
    board.hear("live", BRANCH, by="somebody else")
    record = Record.read((board.root / f"previews/{SLUG}/preview.json").read_text(encoding="utf-8"))
    assert record
    assert (record.state, record.deployed_by) == ("live", "jane"), "to wake is not to deploy"


def test_a_preview_that_sleeps_on_a_cluster_says_that_its_data_begin_anew(board: Board) -> None:
    board.directory(BRANCH)
    nodes = (Node(name="node-1", docker_host="unix:///run/node-1.sock"),)
    Board(board.root, LocalMachine(board.machine.base.model_copy(update={"nodes": nodes}))).hear("asleep", BRANCH)
    assert "its data begin anew when it wakes" in " ".join(Text(board.own(BRANCH)).text.split())


def test_a_preview_that_is_gone_says_when_by_what_and_how_to_start_it_again(board: Board) -> None:
    directory = board.directory(BRANCH)
    board.hear(
        "live", BRANCH, links=Links(project="https://git.example/p", pipeline="https://git.example/p/-/pipelines/9")
    )
    subprocess.run(["rm", "-r", directory], check=True)
    board.hear("gone", BRANCH, by="reap", why="branch is gone")
    page = board.own(BRANCH)
    shown = " ".join(Text(page).text.split())
    assert "The preview of feature/add-metrics is gone" in shown
    assert "It ended on 28 November 2026, 14:05 UTC by reap (branch is gone)." in shown
    assert f"./preview deploy {BRANCH}" in shown
    assert 'href="https://git.example/p/-/pipelines?ref=feature%2Fadd-metrics"' in page
    assert 'href="https://previews.localhost:8443"' in page
    assert BRANCH not in board.index()
    assert not directory.exists(), "its slot stays free"


def test_what_takes_the_slug_afterwards_starts_anew(board: Board) -> None:
    board.hear("failed", BRANCH, why="The container grafana: killed: out of memory (256 MiB). Nothing was left.")
    assert "killed: out of memory (256 MiB))." in board.own(BRANCH)
    directory = board.directory(BRANCH)
    board.hear("deploying", BRANCH, commit="1")
    assert "is being deployed" in board.own(BRANCH)
    board.hear("live", BRANCH, commit="2")
    record = Record.read((directory / "preview.json").read_text(encoding="utf-8"))
    assert record
    assert (record.state, record.commit, record.trouble) == ("live", "2", "")
    assert record.created_at == record.deployed_at == "2026-11-28T14:05:00Z"


def test_an_update_that_failed_leaves_the_version_that_runs_and_says_why(board: Board) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH, commit="good")
    board.hear("deploying", BRANCH, commit="bad")
    board.hear("rolled back", BRANCH, commit="bad", why="grafana: exit code 1. The last good version runs.")
    shown = Text(board.index()).text
    assert "The last update failed: grafana: exit code 1." in shown
    assert '<p class="badge">rolled back</p>' in board.index()
    assert "good" in shown
    assert "bad" not in shown


def test_what_could_not_be_put_back_is_broken_until_it_is_deployed_again(board: Board) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH, commit="good")
    board.hear("broken", BRANCH, commit="bad", why="grafana: exit code 1. The disk is full.")
    assert '<p class="badge">broken</p>' in board.index()
    own = " ".join(Text(board.own(BRANCH)).text.split())
    assert "is broken" in own
    assert "the version before it could not be put back" in own
    record = Record.read((board.root / f"previews/{SLUG}/preview.json").read_text(encoding="utf-8"))
    assert record
    before = PreviewOutputs(branch=BRANCH, slug=SLUG, base="local", deployed_at="2026-11-28T14:00:00Z")
    assert record_agreed(record, before).state == "broken", "the state knows only what was before"
    assert record_agreed(record, before.model_copy(update={"deployed_at": "2026-11-28T15:00:00Z"})).state == "live"
    board.hear("live", BRANCH, commit="better")
    assert "broken" not in board.index()


def test_a_kept_preview_has_no_end(board: Board) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH)
    board.hear("kept", BRANCH, expires_at="")
    assert "kept, with no end" in Text(board.index()).text
    board.hear("kept", BRANCH, expires_at="2036-12-02T00:00:00Z")
    assert "2 December 2036" in Text(board.index()).text


@pytest.mark.parametrize(("end", "words"), [("2020-01-01T00:00:00Z", "(time is up)"), ("2036-01-01T00:00:00Z", "(in ")])
def test_how_far_the_end_is_away_is_as_of_the_last_refresh(board: Board, end: str, words: str) -> None:
    board.directory(BRANCH)
    board.hear("live", BRANCH, expires_at=end)
    board.refresh()
    assert words in Text(board.index()).text


@pytest.mark.parametrize("branch", HOSTILE)
def test_no_name_becomes_markup_or_a_command(board: Board, branch: str) -> None:
    directory = board.directory(branch)
    board.hear("live", branch, by=f"<b>{branch}", why=f"{branch}</p>")
    board.hear("rolled back", branch, by=f"<b>{branch}", why=f"{branch}</p>")
    plain = {"script", "b", "img", "iframe"}
    for page in (Text(board.index()), Text(board.own(branch))):
        assert not plain & set(page.elements)
        assert not [name for name in page.attributes if name.startswith("on")]
        assert branch.replace("\u202e", "\ufffd") in page.text, "it is shown as it is"
    assert not (board.root / "gone").exists()
    record = Record.read((directory / "preview.json").read_text(encoding="ascii"))
    assert record
    assert record.branch == branch
    (entry,) = [one for one in board.history() if one.what == "live"]
    assert entry.branch == branch


def test_a_preview_made_by_plain_pulumi_is_on_the_page_too(board: Board) -> None:
    board.directory("by-hand/<b>")
    board.docker(*running("by-hand-b"))
    board.refresh()
    shown = Text(board.index())
    assert "by-hand/<b>" in shown.text
    assert "7 of 7" in shown.text
    assert "b" not in shown.elements
