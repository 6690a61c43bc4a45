"""What is made of measured numbers."""

from __future__ import annotations

import pytest

from bench.figures import line_through, p95, per_one_ratio, percent, shares, slowdown


def test_a_line_gives_the_constant_and_what_each_one_adds() -> None:
    line = line_through([(10, 3.5), (100, 17.0), (300, 47.0)])
    assert [line.constant, line.slope] == pytest.approx([2.0, 0.15])


def test_a_line_goes_between_points_that_do_not_lie_on_one() -> None:
    line = line_through([(1, 1.0), (2, 3.0), (3, 2.0)])
    assert [line.constant, line.slope] == pytest.approx([1.0, 0.5])


def test_no_line_goes_through_a_single_count() -> None:
    with pytest.raises(ValueError, match="two different counts"):
        line_through([(10, 1.0), (10, 2.0)])


def test_what_costs_more_a_piece_where_there_are_more_has_a_ratio_above_one() -> None:
    assert per_one_ratio((100, 10.0), (300, 30.0)) == pytest.approx(1.0)
    assert per_one_ratio((100, 10.0), (300, 60.0)) == pytest.approx(2.0)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert p95(values[::-1]) == 95.0
    assert p95([4.0, 2.0]) == 4.0


def test_slowing_down_compares_the_last_ten_with_the_first_ten() -> None:
    assert slowdown([1.0] * 10 + [9.0] * 80 + [2.0] * 10) == pytest.approx(2.0)


def test_few_values_are_halved_so_that_first_and_last_do_not_overlap() -> None:
    assert slowdown([1.0, 1.0, 3.0, 3.0]) == pytest.approx(3.0)
    assert slowdown([2.0]) == pytest.approx(1.0)


def test_percentages_are_of_the_whole_and_zero_of_nothing() -> None:
    assert percent(64, 256) == pytest.approx(25.0)
    assert percent(1, 0) == 0.0


def test_a_processor_share_is_of_the_limit_over_the_time_between_two_samples() -> None:
    # A quarter of a processor allows 1.25 s in 5 s.
    assert shares([10.0, 11.25, 11.25], [100.0, 105.0, 115.0], 0.25) == [pytest.approx(100.0), 0.0]
