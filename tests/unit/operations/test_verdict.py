"""How many panels have to have data, what is said of the others, and which dashboards have to be there."""

from __future__ import annotations

import pytest

from operations.verify.branch_files import dashboards_in, dashboards_listed
from operations.verify.panels import PanelState
from operations.verify.timing import opening_url
from operations.verify.verdict import enough, panels_filled


def states(filled: int, empty: int, aside: int = 0, uid: str = "foreign") -> list[PanelState]:
    def state(number: int, *, has_data: bool = False, counted: bool = True) -> PanelState:
        reason = "" if has_data else "metric x does not exist" if counted else "needs plugin y"
        return PanelState(uid=uid, dashboard="D", panel=str(number), has_data=has_data, reason=reason, counted=counted)

    return [
        *(state(number, has_data=True) for number in range(filled)),
        *(state(100 + number) for number in range(empty)),
        *(state(200 + number, counted=False) for number in range(aside)),
    ]


@pytest.mark.parametrize(
    ("filled", "empty", "aside", "uid", "ok"),
    [
        (10, 0, 0, "pgai-tables", True),
        (99, 1, 0, "pgai-tables", False),
        (99, 0, 1, "pgai-tables", False),
        (9, 1, 0, "foreign", True),
        (89, 11, 0, "foreign", False),
        (9, 1, 50, "foreign", True),
        (0, 0, 5, "foreign", False),
        (0, 0, 0, "foreign", False),
        (90, 10, 0, "pgai-preview", True),
    ],
)
def test_own_panels_all_have_to_have_data_and_nine_of_ten_of_another_tree(
    filled: int, empty: int, aside: int, uid: str, ok: bool
) -> None:
    panels = states(filled, empty, aside, uid)
    assert enough(panels) is ok
    assert panels_filled(panels).ok is ok


def test_one_own_dashboard_makes_a_tree_the_projects_own() -> None:
    assert not enough([*states(99, 1), *states(1, 0, uid="pgai-activity")])


def test_what_is_empty_is_named_with_its_reason_and_apart_from_what_does_not_count() -> None:
    assert panels_filled(states(1, 2, 1)).detail == (
        "1 of 3 panels have data (33%, at least 90% have to); empty: D / 100, D / 101 (metric x does not exist); "
        "not counted, because a preview has nothing to show there: D / 200 (needs plugin y)"
    )
    assert panels_filled(states(3, 0)).detail == "3 of 3 panels have data"


def test_many_empty_panels_are_cut_to_ten_with_their_reason() -> None:
    assert "D / 109 (metric x does not exist) and 2 more" in panels_filled(states(0, 12)).detail


FILES = {
    "a.json": '{"uid": "a", "title": "First "}',
    "b.json": '{"title": "No id"}',
    "c.json": "broken",
    "d.json": "[7]",
    "e.json": f'{{"uid": "e", "title": "Long", "version": {"9" * 5000}}}',
}


def test_the_files_of_a_branch_say_which_dashboards_there_have_to_be() -> None:
    found = dashboards_in(FILES)
    assert found == {"a": "First", "b.json": "No id", "c.json": "c.json", "d.json": "d.json", "e": "Long"}


def rows(**titles: str) -> list[dict[str, str]]:
    return [{"uid": uid, "title": title} for uid, title in titles.items()]


def test_every_dashboard_of_the_branch_has_to_be_listed() -> None:
    expected = {"a": "First", "b.json": "No id"}
    assert dashboards_listed(expected, rows(a="First", given="No id", more="More")).detail == "2 of 2 are listed"
    missing = dashboards_listed(expected, rows(given="No id"))
    assert missing.ok is False
    assert missing.detail == "1 of 2 are listed; missing: First"
    assert dashboards_listed({}, rows(a="First")).ok


def test_a_dashboard_that_is_still_listed_as_it_was_before_is_found() -> None:
    check = dashboards_listed({"a": "New"}, rows(a="Old"))
    assert check.ok is False
    assert check.detail == "0 of 1 are listed; missing: New (listed as 'Old')"


@pytest.mark.parametrize("url", ["https://preview-a.localhost:8443", "https://preview-a.localhost:8443/"])
def test_a_preview_opens_on_a_range_that_has_data(url: str) -> None:
    assert opening_url(url) == "https://preview-a.localhost:8443/?from=now-30m&to=now"
