"""The verdict on what a run has left behind."""

from __future__ import annotations

from bench.leaks import leaked, sentence

START = {"containers": frozenset({"edge"}), "volumes": frozenset({"old", "older"}), "slots": frozenset[str]()}


def test_what_is_as_before_or_went_away_is_no_leak() -> None:
    leaks = leaked(START, {**START, "volumes": frozenset({"old"})})
    assert leaks == {}
    assert sentence(leaks).startswith("Nothing leaked")


def test_the_verdict_names_what_is_new_and_nothing_else() -> None:
    end = {"containers": frozenset({"edge"}), "volumes": frozenset({"old", "new"}), "slots": frozenset({"b-2", "a-1"})}
    assert sentence(leaked(START, end)) == "Leaked: 1 volumes (new); 2 slots (a-1, b-2)."


def test_something_new_in_the_place_of_something_gone_is_a_leak_though_the_number_is_the_same() -> None:
    assert leaked(START, {**START, "containers": frozenset({"other"})}) == {"containers": ["other"]}


def test_of_many_only_some_are_named() -> None:
    text = sentence(leaked(START, {"slots": frozenset(f"s{number}" for number in range(7))}))
    assert text == "Leaked: 7 slots (s0, s1, s2, s3, s4 and 2 more)."
