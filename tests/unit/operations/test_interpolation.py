"""How values get into queries: each format, each way to refer to a variable, and what is left to Grafana's server."""

from __future__ import annotations

import pytest

from operations.verify.interpolation import Variable, glob, interpolate, prometheus, references, sql
from operations.verify.panels import intervals

ONE = Variable(name="v", value="a.b")
SEVERAL = Variable(name="v", value=("a.b", "it's"), shown="A + B", quoted=True)
ALL = Variable(name="v", value=("a.b", "it's"), shown="All", everything=True, quoted=True)
INSTEAD = Variable(name="v", value=("a.b",), everything=True, instead=".*", quoted=True)


@pytest.mark.parametrize(
    ("form", "one", "several", "everything", "instead"),
    [
        ("", "a.b", "{a.b,it's}", "{a.b,it's}", ".*"),
        ("raw", "a.b", "a.b,it's", "a.b,it's", ".*"),
        ("csv", "a.b", "a.b,it's", "a.b,it's", ".*"),
        ("pipe", "a.b", "a.b|it's", "a.b|it's", ".*"),
        ("regex", r"a\.b", r"(a\.b|it's)", r"(a\.b|it's)", ".*"),
        ("glob", "a.b", "{a.b,it's}", "{a.b,it's}", ".*"),
        ("json", "a.b", '["a.b","it\'s"]', '["a.b","it\'s"]', ".*"),
        ("singlequote", "'a.b'", r"'a.b','it\'s'", r"'a.b','it\'s'", ".*"),
        ("doublequote", '"a.b"', '"a.b","it\'s"', '"a.b","it\'s"', ".*"),
        ("sqlstring", "'a.b'", "'a.b','it''s'", "'a.b','it''s'", ".*"),
        ("percentencode", "a.b", "%7Ba.b%2Cit%27s%7D", "%7Ba.b%2Cit%27s%7D", ".%2A"),
        ("queryparam", "var-v=a.b", "var-v=a.b&var-v=it%27s", "var-v=%24__all", ".*"),
        ("text", "a.b", "A + B", "All", "All"),
        ("unheard_of", "a.b", "{a.b,it's}", "{a.b,it's}", ".*"),
    ],
)
def test_every_format_writes_values_as_grafana_does(
    form: str, one: str, several: str, everything: str, instead: str
) -> None:
    text = f"${{v:{form}}}" if form else "$v"
    expected = {"one": one, "several": several, "everything": everything, "instead": instead}
    variables = {"one": ONE, "several": SEVERAL, "everything": ALL, "instead": INSTEAD}
    assert {name: interpolate(text, {"v": variable}) for name, variable in variables.items()} == expected


def test_promql_gets_what_a_string_of_a_regular_expression_takes() -> None:
    assert prometheus(ONE) == "a.b"
    assert prometheus(SEVERAL) == r"(a\\.b|it's)"
    assert prometheus(Variable(name="v", value="a.b", quoted=True)) == r"a\\.b"
    assert prometheus(Variable(name="v", value=r"back\slash")) == r"back\\slash"
    assert prometheus(Variable(name="v", value=(), quoted=True)) == "()"


def test_sql_gets_a_value_with_its_quotes_doubled_or_a_list_of_literals() -> None:
    assert sql(Variable(name="v", value="it's")) == "it''s"
    assert sql(Variable(name="v", value="it's", quoted=True)) == "'it''s'"
    assert sql(SEVERAL) == "'a.b','it''s'"


def test_every_way_to_refer_to_a_variable_is_known_at_any_depth() -> None:
    value = {"a": ["$v [[v]] [[v:pipe]] ${v} ${v:csv} ${v.text}", 7, None], "b": "$v_ $vv $1"}
    assert interpolate(value, {"v": ONE}) == {"a": ["a.b a.b a.b a.b a.b a.b", 7, None], "b": "$v_ $vv $1"}
    assert references(value) == {"v", "v_", "vv", "1"}


def test_what_only_grafanas_server_knows_stays() -> None:
    text = "rate(x[$__rate_interval]) $__timeFilter(time) ${__interval}"
    assert interpolate(text, {"v": ONE}, glob) == text


def test_the_range_and_the_step_are_known_to_other_data_sources() -> None:
    known = intervals(20_000, "15s")
    assert (
        interpolate("$__interval $__interval_ms $__rate_interval $__range $__range_s", known)
        == "20s 20000 1m 1800s 1800"
    )
    assert interpolate("$__rate_interval", intervals(120_000, "15s")) == "2m"


def test_a_date_is_written_as_asked() -> None:
    known = {"__from": Variable(name="__from", value="1700000000123")}
    text = "${__from} ${__from:date} ${__from:date:seconds} ${__from:date:iso}"
    assert interpolate(text, known) == "1700000000123 2023-11-14T22:13:20.123Z 1700000000 2023-11-14T22:13:20.123Z"
    assert interpolate("${v:date}", {"v": ONE}) == "NaN"


def test_variables_that_name_each_other_do_not_grow_without_end() -> None:
    text = "x"
    for _ in range(12):
        text = str(interpolate("$v" * 1000, {"v": Variable(name="v", value=text)}))
    assert len(text) < 30_000_000
