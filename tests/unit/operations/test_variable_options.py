"""Which values a variable offers, of the answers to its query."""

from __future__ import annotations

import pytest

from operations.verify.options import Option, custom_options, options_of


def values(answers: list[str], expression: str = "", sort: object = 0) -> list[str]:
    return [option.value for option in options_of([Option(answer, answer) for answer in answers], expression, sort)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", ["db-1", "db-20", "DB-3", "other"]),
        ("db-1", ["db-1"]),
        ("db-", []),
        ("/db-/", ["db-1", "db-20"]),
        ("/db-/i", ["db-1", "db-20", "DB-3"]),
        (r"/db-(\d+)/i", ["1", "20", "3"]),
        (r"/(?<value>\d+)/", ["1", "20", "3"]),
        (r"/([a-z])-?/g", ["d", "b", "o", "t", "h", "e", "r"]),
        ("/^(?!db)/", ["DB-3", "other"]),
    ],
)
def test_a_regular_expression_filters_and_cuts_out(expression: str, expected: list[str]) -> None:
    assert values(["db-1", "db-20", "DB-3", "other"], expression) == expected


def test_named_groups_give_value_and_label() -> None:
    found = options_of([Option("x", "id=7 name=seven")], r"/id=(?<value>\d+) name=(?<text>\w+)/", 0)
    assert found == [Option("seven", "7")]


@pytest.mark.parametrize("expression", ["/(/", "/a/x", "(", "/a{99999999999}/", "/(?<1>a)/"])
def test_a_regular_expression_that_is_none_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="not a valid regular expression"):
        values(["a"], expression)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (0, ["b10", "B9", "a2", "none"]),
        (1, ["B9", "a2", "b10", "none"]),
        (2, ["none", "b10", "a2", "B9"]),
        (3, ["none", "a2", "B9", "b10"]),
        (4, ["b10", "B9", "a2", "none"]),
        (5, ["a2", "b10", "B9", "none"]),
        (6, ["none", "B9", "b10", "a2"]),
        (7, ["a2", "B9", "b10", "none"]),
        (8, ["none", "b10", "B9", "a2"]),
        ("nonsense", ["b10", "B9", "a2", "none"]),
        (99, ["b10", "B9", "a2", "none"]),
    ],
)
def test_answers_are_sorted_as_the_dashboard_says(sort: object, expected: list[str]) -> None:
    assert values(["b10", "B9", "a2", "none"], sort=sort) == expected


def test_each_value_is_offered_once() -> None:
    assert values(["a", "b", "a"]) == ["a", "b"]


def test_a_list_of_values_may_have_labels_and_commas() -> None:
    assert custom_options(r"5, 10,Smart : long, a\,b") == [
        Option("5", "5"), Option("10", "10"), Option("Smart", "long"), Option("a,b", "a,b")
    ]  # fmt: skip
