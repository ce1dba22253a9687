"""Formulas of several steps are computed exactly and never run as code."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.arithmetic import compute
from pipeline.formula import Sized, evaluate
from schemas.errors import Incomputable
from schemas.extraction import Operand

AMOUNTS = st.decimals(min_value=1, max_value=10**9, places=2)


def operand(text: str, scale: float | None = None, unit: str | None = "USD") -> Operand:
    return Operand(doc=1, page=1, quote=text, text=text, scale=scale, unit=unit, label=f"line {text}")


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_formula_is_computed_in_exact_decimals(a: Decimal, b: Decimal, c: Decimal) -> None:
    names = {"a": a, "b": b, "c": c}
    assert evaluate("a - (b + c)", names) == Sized(a - (b + c), 1)
    assert evaluate("2 * a / ((b + c) / 2)", names) == Sized(2 * a / ((b + c) / 2), 0)
    assert evaluate("-a + b + c", names).value == b + c - a


@pytest.mark.parametrize(
    "formula",
    ["", "a +", "a ** b", "a + 1 + b", "a / (b - b)", "a.real + b", "f(a, b)", "__import__('os') + a + b", "a", "a + b" * 80, "[a, b]"],
)
def test_what_is_no_formula_of_all_operands_is_refused(formula: str) -> None:
    with pytest.raises(Incomputable):
        evaluate(formula, {"a": Decimal(2), "b": Decimal(3)})


def test_operands_of_different_scales_are_brought_together_and_shown() -> None:
    result = compute("formula", [operand("6.0", 1e9), operand("1,100", 1e6), operand("900", 1e6)], "number", None, "a / ((b + c) / 2)")
    assert (result.kind, result.value, result.unit) == ("number", Decimal(6), None)
    assert result.formula.startswith("6.0 billion (line 6.0) / ((1,100 million (line 1,100)")


def test_a_fraction_is_a_percentage_where_one_is_wanted_and_an_amount_keeps_its_unit() -> None:
    share = compute("formula", [operand("20"), operand("30"), operand("200")], "percent", None, "(a + b) / c")
    assert (share.text, share.unit) == ("25.0 %", "%")
    capital = compute("formula", [operand("1,200", 1e6), operand("800", 1e6)], "number", None, "a - b")
    assert (capital.text, capital.unit) == ("400", "USD million")


def test_unlike_units_and_squares_are_refused() -> None:
    with pytest.raises(Incomputable, match="different units"):
        compute("formula", [operand("5"), operand("7", unit="EUR")], "number", None, "a + b")
    with pytest.raises(Incomputable, match="neither"):
        compute("formula", [operand("5"), operand("7")], "number", None, "a * b")
