"""Numbers that are computed are exact, whatever scale their operands are printed in, and say how they came about."""

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.arithmetic import Computed, agrees, compute
from pipeline.units import number_in, unit_of
from schemas.errors import Incomputable
from schemas.extraction import Operand, Operation


def operand(text: str, **more: Any) -> Operand:
    return Operand(doc=1, page=1, quote=f"It prints {text}", text=text, **more)


def computed(operation: Operation, *texts: str, **more: Any) -> Computed:
    return compute(operation, [operand(text, **more) for text in texts])


def printed(value: Decimal) -> str:
    return f"({-value:,f})" if value < 0 else f"{value:,f}"


PRINTED = st.decimals(Decimal(-10) ** 12, Decimal(10) ** 12, places=3)
EXACT: dict[Operation, Any] = {
    "difference": lambda a, b: a - b,
    "sum": lambda a, b: a + b,
    "average": lambda a, b: (a + b) / 2,
    "product": lambda a, b: a * b,
    "ratio": lambda a, b: a / b,
    "share": lambda a, b: 100 * a / b,
    "percent_change": lambda a, b: 100 * (a - b) / abs(b),
}


@given(PRINTED, PRINTED.filter(bool), st.sampled_from(sorted(EXACT)))
def test_every_operation_gives_what_fractions_give(a: Decimal, b: Decimal, operation: Operation) -> None:
    exact = EXACT[operation](Fraction(a), Fraction(b))
    value = Fraction(computed(operation, printed(a), printed(b)).value)
    assert abs(value - exact) <= abs(exact) * Fraction(1, 10**50)


@given(st.lists(PRINTED, min_size=2, max_size=12))
def test_a_sum_is_exact_to_the_last_digit(values: list[Decimal]) -> None:
    assert computed("sum", *map(printed, values)).value == sum(values)


@given(PRINTED, PRINTED, st.sampled_from([1.0, 1e3, 1e6, 1e9]), st.sampled_from([1.0, 1e3, 1e6, 1e9]))
def test_a_difference_does_not_depend_on_the_scale_its_operands_are_printed_in(a: Decimal, b: Decimal, first: float, second: float) -> None:
    result = compute("difference", [operand(printed(a), scale=first, unit="USD"), operand(printed(b), scale=second, unit="USD")])
    full = result.value * unit_of(result.unit).scale
    assert full == a * Decimal(first) - b * Decimal(second)


@given(PRINTED, PRINTED)
def test_swapping_the_operands_of_a_difference_changes_only_its_sign(a: Decimal, b: Decimal) -> None:
    assert computed("difference", printed(a), printed(b)).value == -computed("difference", printed(b), printed(a)).value


@given(PRINTED, PRINTED)
def test_comparisons_agree_with_each_other(a: Decimal, b: Decimal) -> None:
    pair = [operand(printed(a), label="a"), operand(printed(b), label="b")]
    largest, smallest, exceeds = (compute(operation, pair).text for operation in ("maximum", "minimum", "exceeds"))
    assert (exceeds == "yes") == (a > b)
    assert (largest, smallest) == (("a and b",) * 2 if a == b else ("a", "b") if a > b else ("b", "a"))


def test_the_formula_shows_the_printed_numbers_and_the_result() -> None:
    pair = [operand("1,234.5", scale=1e6, unit="USD", label="2023"), operand("1,100.0", scale=1e6, unit="USD", label="2022")]
    assert compute("difference", pair).formula == "1,234.5 (2023) \u2212 1,100.0 (2022) = 134.5 (USD million)"
    assert compute("percent_change", pair).formula == "(1,234.5 (2023) \u2212 1,100.0 (2022)) / 1,100.0 = 12.2 %"


def test_thousands_and_millions_are_brought_together_and_shown_as_they_are_printed() -> None:
    result = compute("sum", [operand("1,250,000", scale=1e3, unit="USD"), operand("$4.5 million")])
    assert (result.value, result.unit, result.kind, result.text) == (Decimal("1254.5"), "USD million", "currency", "1,254.5")
    assert result.formula == "1,250,000 thousand + $4.5 million = 1,254.5 (USD million)"


def test_an_amount_is_given_in_the_scale_that_is_asked_for() -> None:
    pair = [operand("41,200", scale=1e3, unit="USD"), operand("38,500", scale=1e3, unit="USD")]
    result = compute("difference", pair, unit="USD million")
    assert (result.value, result.text, result.unit) == (Decimal("2.7"), "2.7", "USD million")


def test_what_is_printed_with_a_number_counts_more_than_what_is_said_of_it() -> None:
    result = compute("sum", [operand("\u20ac5 million", scale=1e3, unit="USD"), operand("\u20ac1 million")])
    assert (result.value, result.unit) == (Decimal(6), "EUR million")
    assert compute("sum", [operand("$5", unit="CAD"), operand("6", unit="CAD")]).unit == "CAD"


def test_a_percentage_is_not_in_thousands() -> None:
    result = compute("difference", [operand("12.5%", scale=1e3), operand("11.0", scale=1e3, unit="percent")])
    assert (result.value, result.kind, result.unit) == (Decimal("1.5"), "percent", "percentage points")


@pytest.mark.parametrize("operation", ["difference", "sum", "average", "share", "ratio", "percent_change", "maximum", "exceeds", "product"])
def test_different_currencies_are_refused(operation: Operation) -> None:
    with pytest.raises(Incomputable, match=r"USD.*EUR"):
        compute(operation, [operand("$5", label="a"), operand("\u20ac4", label="b")])


def test_different_units_are_refused_except_where_one_is_counted_per_the_other() -> None:
    pair = [operand("900", scale=1e3, unit="USD"), operand("45", unit="employees")]
    with pytest.raises(Incomputable, match="different units"):
        compute("sum", pair)
    result = compute("ratio", pair)
    assert (result.value, result.unit, result.kind) == (Decimal(20_000), "USD per employees", "currency")


@pytest.mark.parametrize(
    ("operation", "texts", "message"),
    [
        ("sum", ("many", "5"), "no single number"),
        ("sum", ("5 to 7", "5"), "no single number"),
        ("sum", ("5",), "two or more operands"),
        ("sum", (), "names 0"),
        ("difference", ("5", "4", "3"), "takes two operands, and the answer names 3"),
        ("ratio", ("5", "0"), "zero"),
        ("maximum", ("5", "4"), "no label"),
    ],
)
def test_what_cannot_be_computed_is_refused_and_says_why(operation: Operation, texts: tuple[str, ...], message: str) -> None:
    with pytest.raises(Incomputable, match=message):
        computed(operation, *texts)


@pytest.mark.parametrize(
    ("operation", "texts", "text"),
    [
        ("difference", ("1,234.50", "1,100.00"), "134.50"),
        ("share", ("1", "3"), "33.3 %"),
        ("share", ("1", "150"), "0.667 %"),
        ("percent_change", ("22,345", "100"), "22,245.0 %"),
        ("percent_change", ("90", "100"), "-10.0 %"),
        ("percent_change", ("5", "(10)"), "150.0 %"),
        ("ratio", ("2", "3"), "0.6667"),
        ("ratio", ("900", "600"), "1.5"),
        ("average", ("3,942", "4,317"), "4,129.5"),
        ("product", ("20", "$1,600.00"), "32,000"),
        ("product", ("12.5 %", "$800"), "100"),
        ("sum", ("45 kg", "about 5 kg"), "50"),
    ],
)
def test_results_are_rounded_to_what_their_operands_bear(operation: Operation, texts: tuple[str, ...], text: str) -> None:
    assert computed(operation, *texts).text == text


@given(st.decimals(1, 10**9, places=5), st.integers(0, 5), st.sampled_from([1, -1]))
def test_rounding_is_no_disagreement_and_any_other_number_is(size: Decimal, places: int, sign: int) -> None:
    value = sign * size
    rounded = round(value, places)
    if abs(rounded - value) <= size / 20:
        assert agrees(float(rounded), value)
    assert not agrees(float(value * Decimal("1.06")), value)
    assert not agrees(float(-rounded), value)


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        ("in thousands", "thousand"),
        ("$ in thousands", "USD thousand"),
        ("USD million", "USD million"),
        ("millions of euros", "EUR million"),
        ("thousand tonnes", "thousand tonnes"),
        ("per cent", "%"),
        ("US dollars", "USD"),
        ("kg", "kg"),
        ("kg (dry)", "kg (dry)"),
        ("(US$'000)", "USD thousand"),
        ("USD per thousand tonnes", "USD per thousand tonnes"),
        ("percentage points", "%"),
        ("USD per share", "USD per share"),
        (None, ""),
    ],
)
def test_units_are_named_one_way(stated: str | None, named: str) -> None:
    assert str(unit_of(stated)) == named


def test_a_number_among_words_is_found_and_one_of_two_is_not() -> None:
    found = number_in("about 1,234.5 tonnes")
    assert found is not None
    assert found.exact == Decimal("1234.5")
    assert number_in("between 5 and 7") is None
    shipped = compute("sum", [operand("3 thousand tonnes", unit="tonnes"), operand("500 tonnes", unit="tonnes")])
    assert (shipped.value, shipped.unit) == (Decimal("3.5"), "thousand tonnes")


@pytest.mark.parametrize("scale", [0.0, -1000.0, float("inf"), float("nan")])
def test_a_scale_that_is_none_is_refused(scale: float) -> None:
    with pytest.raises(Incomputable, match="scale"):
        compute("sum", [operand("5", scale=scale), operand("6")])


@given(st.text(max_size=30), st.text(max_size=30), st.none() | st.text(max_size=20), st.sampled_from(sorted(EXACT)))
def test_whatever_a_model_writes_is_computed_or_refused(first: str, second: str, unit: str | None, operation: Operation) -> None:
    with suppress(Incomputable):
        assert compute(operation, [operand(first, unit=unit), operand(second)], unit=unit).value.is_finite()
