import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.charts import Chart, Series, anls, points, rms_f1, same_x

NAMES = st.text("abcdefgh", min_size=4, max_size=9)
VALUES = st.floats(1, 1000)
LISTS = st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=8, unique_by=lambda pair: pair[0]).map(tuple)


def chart(*series: tuple[str, list[tuple[str, float]]], kind="bar", is_printed=False, value_range=(0.0, 100.0)):
    return Chart(kind, tuple(Series(name, tuple(pairs)) for name, pairs in series), value_range, is_printed)


TWO = chart(("Sales", [("North", 10.0), ("South", 20.0)]), ("Costs", [("North", 30.0), ("South", 40.0)]))


# RMS-F1


@given(LISTS, LISTS)
def test_a_chart_agrees_with_itself_and_the_order_of_series_and_points_does_not_matter(first, second):
    truth = Chart("bar", (Series("alpha", first), Series("omega", second)))
    turned = Chart("bar", (Series("omega", second[::-1]), Series("alpha", first[::-1])))
    assert rms_f1(truth, truth).f1 == pytest.approx(1)
    assert rms_f1(truth, turned).f1 == pytest.approx(1)


@given(LISTS, LISTS)
def test_precision_recall_and_f1_stay_within_bounds_and_are_equal_for_as_many_points(first, second):
    one, other = Chart("bar", (Series("", first),)), Chart("bar", (Series("", second),))
    there = rms_f1(one, other)
    assert 0 <= there.precision <= 1
    assert 0 <= there.recall <= 1
    if len(first) == len(second):
        assert there.precision == pytest.approx(there.recall)
    assert (there.f1 == 0) == (there.precision * there.recall == 0)
    assert there.f1 <= max(there.precision, there.recall)


def test_f1_is_the_harmonic_mean_and_not_the_recall():
    half = chart(("Sales", TWO.series[0].points))
    found = rms_f1(TWO, half._replace(series=(Series("Sales", TWO.series[0].points), Series("", ()))))
    assert (found.precision, found.recall) == (1, 0.5)
    assert found.f1 == pytest.approx(2 / 3)


def test_a_value_a_tenth_off_counts_nothing_and_one_closer_counts_by_its_distance():
    truth = chart(("", [("North", 100.0)]))
    assert rms_f1(truth, chart(("", [("North", 95.0)]))).f1 == pytest.approx(0.95)
    assert rms_f1(truth, chart(("", [("North", 90.0)]))).f1 == 0
    assert rms_f1(chart(("", [("North", 0.0)])), chart(("", [("North", 0.0)]))).f1 == 1
    assert rms_f1(chart(("", [("North", 0.0)])), chart(("", [("North", 0.001)]))).f1 == 0


def test_keys_are_compared_as_a_whole_and_half_of_the_letters_is_too_few():
    truth = chart(("", [("abcd", 1.0)]))
    assert rms_f1(truth, chart(("", [("abcx", 1.0)]))).f1 == pytest.approx(3 / 4)
    assert rms_f1(truth, chart(("", [("wxyz", 1.0)]))).f1 == 0
    assert (anls("cat", "cut"), anls("ab", "ax")) == (pytest.approx(2 / 3), 0)


def test_an_only_series_needs_no_name_but_one_of_several_does():
    lone = chart(("whatever", [("North", 10.0), ("South", 20.0)]))
    assert rms_f1(chart(("", lone.series[0].points)), lone).f1 == 1
    unnamed = chart(*(("", list(series.points)) for series in TWO.series))
    assert rms_f1(TWO, unnamed).f1 < 0.7


def test_swapped_series_agree_in_nothing():
    swapped = chart(("Costs", list(TWO.series[0].points)), ("Sales", list(TWO.series[1].points)))
    assert rms_f1(TWO, swapped).f1 == 0


def test_nothing_read_is_no_agreement_and_costs_no_precision():
    assert rms_f1(TWO, chart()) == (1, 0, 0)
    assert rms_f1(chart(), TWO) == (0, 1, 0)
    assert rms_f1(chart(), chart()).f1 == 1


@pytest.mark.parametrize(
    ("first", "second", "are_same"),
    [
        ("2012-01-01", "Jan", True),
        ("2012-01-01", "Jan 2012", True),
        ("2012-02-01", "Jan 2012", False),
        ("2006-04-01", "Q2 2006", True),
        ("2006-04-01", "2006 Q2", True),
        ("2000-01-01", "2000", True),
        ("2000-01-01", "2001", False),
        ("2019", "2018", False),
        ("1,000", "1000", True),
        ("3", "3.0", True),
        ("\u22123", "3", False),
        ("A", "B", None),
        ("1", "Jan", None),
    ],
)
def test_numbers_and_dates_are_the_same_however_they_are_written(first, second, are_same):
    assert same_x(first, second) is are_same
    assert same_x(second, first) is are_same


def test_a_neighboring_year_is_another_key():
    truth = chart(("", [("2018", 10.0), ("2019", 10.0)]), kind="line")
    assert rms_f1(truth, chart(("", [("2017", 10.0), ("2018", 10.0)]))).f1 == pytest.approx(0.5)


def test_points_of_one_x_are_paired_by_their_values():
    cloud = chart(("", [("C", 2.0), ("C", 4.0), ("C", 7.0)]), kind="scatter")
    assert rms_f1(cloud, chart(("", [("C", 7.0), ("C", 2.0), ("C", 4.0)]), kind="scatter")).f1 == pytest.approx(1, abs=1e-3)


def test_a_pie_without_printed_values_is_compared_in_shares():
    truth = chart(("", [("Oats", 4.0), ("Rye", 6.0)]), kind="pie")
    assert rms_f1(truth, chart(("", [("Oats", 40.0), ("Rye", 60.0)]))).f1 == pytest.approx(1)
    assert points(truth, chart(("", [("Oats", 40.0), ("Rye", 60.0)]))).n_right == 2
    assert rms_f1(truth._replace(is_printed=True), chart(("", [("Oats", 40.0), ("Rye", 60.0)]))).f1 == 0


# Points


def test_right_wrong_and_invented_points_are_told_apart():
    found = chart(("Sales", [("North", 10.0), ("South", 26.0), ("West", 5.0)]))
    assert points(chart(("Sales", [("North", 10.0), ("South", 20.0), ("East", 1.0)])), found) == (3, 3, 2, 1, 1, 1)
    assert points(TWO, found).silent == pytest.approx(2 / 3)  # the only one of two series goes by its name


def test_printed_values_must_be_exact_and_others_within_a_fortieth_of_the_axis():
    read = chart(("", [("North", 12.4)]))
    truth = chart(("", [("North", 10.0)]))
    assert points(truth, read).n_right == 1
    assert points(truth._replace(is_printed=True), read).n_right == 0
    assert points(truth._replace(is_printed=True), chart(("", [("North", 10.1)]))).n_right == 1
    assert points(truth._replace(value_range=None), read).n_wrong == 1  # then the axis ends with the truth's values


def test_a_series_of_another_name_is_invented():
    found = chart(("Sales", list(TWO.series[0].points)), ("Taxes", list(TWO.series[1].points)))
    assert points(TWO, found) == (4, 4, 2, 2, 0, 2)


def test_nothing_given_out_is_an_abstention_without_silent_errors():
    counted = points(TWO, chart())
    assert counted.is_abstention
    assert counted.silent == 0


def test_names_differ_if_their_digits_do():
    truth = chart(("", [("Quarter 1", 10.0), ("Quarter 2", 20.0)]))
    assert points(truth, chart(("", [("Quarter 2", 20.0), ("Quarter 3", 10.0)]))) == (2, 2, 1, 1, 0, 1)


def test_names_of_long_words_may_be_misread_by_a_letter_and_short_ones_may_not():
    assert points(chart(("", [("Netherlands", 1.0)])), chart(("", [("Nether1ands", 1.0)]))).n_matched == 0  # a digit more
    assert points(chart(("", [("Netherlands", 1.0)])), chart(("", [("Nctherlands", 1.0)]))).n_matched == 1
    assert points(chart(("", [("A", 1.0)])), chart(("", [("B", 1.0)]))).n_matched == 0


def test_points_of_a_cloud_are_paired_by_their_place():
    truth = chart(("", [("1", 10.0), ("1", 90.0), ("5", 50.0), ("11", 1.0)]), kind="scatter")
    assert points(truth, chart(("", [("1.1", 89.0), ("0.9", 11.0), ("7", 50.0)]))) == (4, 3, 2, 2, 0, 1)


@given(LISTS, LISTS)
def test_every_point_is_counted_once(first, second):
    counted = points(Chart("bar", (Series("", first),)), Chart("bar", (Series("", second),)))
    assert counted.n_right + counted.n_wrong == counted.n_matched
    assert counted.n_matched + counted.n_invented == counted.n_found == len(second)
    assert counted.n_matched <= counted.n_truth == len(first)
    assert not math.isnan(counted.silent)
