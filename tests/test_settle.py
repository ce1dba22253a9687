"""An answer counts as its operands give it, in the kind that was asked for."""

from typing import Any

import pytest

from pipeline.settle import settle
from schemas.errors import Incomputable
from schemas.extraction import AnswerReading, Operand


def reading(**more: Any) -> AnswerReading:
    return AnswerReading(is_answerable=True, **more)


def pair(**more: Any) -> tuple[Operand, ...]:
    return tuple(
        Operand(doc=1, page=1, quote=f"sales {text}", text=text, label=label, **more) for text, label in (("500", "2023"), ("400", "2022"))
    )


def test_a_computed_number_stands_against_the_model_s_own_and_says_so() -> None:
    settled = settle(reading(operation="difference", operands=pair(unit="USD"), number=150, text="150", confidence=0.9, rationale="150."))
    assert (settled.number, settled.text, settled.unit, settled.kind) == (100, "100", "USD", "currency")
    assert settled.rationale == ("500 (2023) \u2212 400 (2022) = 100 (USD). The model itself gave 150, which its operands do not bear out.")
    assert settled.confidence == 0.45


def test_where_both_agree_the_model_s_words_and_confidence_stay() -> None:
    told = reading(operation="percent_change", operands=pair(), number=25, text="25 percent", confidence=0.9, rationale="Sales grew.")
    settled = settle(told)
    assert (settled.number, settled.text, settled.unit, settled.confidence) == (25, "25 percent", "%", 0.9)
    assert settled.rationale == "(500 (2023) \u2212 400 (2022)) / 400 = 25.0 %. Sales grew."


def test_the_number_keeps_all_digits_and_the_text_does_not() -> None:
    settled = settle(reading(operation="ratio", operands=tuple(reversed(pair())), kind="number"))
    assert (settled.number, settled.text) == (0.8, "0.8")
    third = [operand.model_copy(update={"text": text}) for operand, text in zip(pair(), ("1", "3"), strict=True)]
    settled = settle(reading(operation="ratio", operands=tuple(third)))
    assert (settled.number, settled.text) == (pytest.approx(1 / 3, abs=1e-15), "0.3333")


def test_a_comparison_answers_with_the_name_or_with_the_number_as_asked() -> None:
    told = reading(operation="maximum", operands=pair(unit="USD"))
    assert (settle(told).text, settle(told).number, settle(told).kind) == ("2023", None, "text")
    assert (settle(told, "currency").text, settle(told, "currency").number, settle(told, "currency").unit) == ("500", 500, "USD")
    assert settle(told, "date").kind == "date"


def test_yes_or_no_is_computed_too() -> None:
    settled = settle(reading(operation="exceeds", operands=pair(), text="No", kind="boolean", confidence=1.0))
    assert (settled.text, settled.kind, settled.confidence) == ("yes", "boolean", 0.5)


def test_items_are_counted() -> None:
    settled = settle(reading(operation="count", items=("Oslo", "Bergen"), number=3, confidence=1.0))
    assert (settled.number, settled.items, settled.confidence) == (2, ("Oslo", "Bergen"), 0.5)
    with pytest.raises(Incomputable, match="lists none"):
        settle(reading(operation="count", number=3))


def test_a_ratio_asked_for_in_percent_is_a_share() -> None:
    assert settle(reading(operation="ratio", operands=pair()), "percent").number == 125


@pytest.mark.parametrize(
    ("number", "value", "unit"), [(100, 100, "USD million"), (0.0001, 0.0001, "USD million"), (None, 100, "USD million")]
)
def test_operands_without_a_scale_are_in_the_scale_of_the_answer_unless_it_was_converted(
    number: float | None, value: float, unit: str
) -> None:
    settled = settle(reading(operation="difference", operands=pair(), number=number, unit="USD million"))
    assert (settled.number, settled.unit) == (value, unit)


@pytest.mark.parametrize(
    ("told", "wanted", "expected"),
    [
        ({"text": "$1.2 million"}, "currency", {"number": 1.2, "unit": "USD million", "kind": "currency"}),
        ({"text": "7.5 %"}, "percent", {"number": 7.5, "unit": "%"}),
        ({"number": 41200, "unit": "$ in thousands", "kind": "currency"}, None, {"text": "41,200", "unit": "USD thousand"}),
        ({"text": "45", "unit": "kg", "kind": "number"}, None, {"number": 45, "unit": "kg"}),
        ({"text": "Yes, it did."}, "boolean", {"text": "yes", "kind": "boolean"}),
        ({"text": "Oslo; Bergen"}, "list", {"items": ("Oslo", "Bergen"), "kind": "list"}),
        ({"items": ("Oslo", "Bergen"), "kind": "list"}, None, {"text": "Oslo, Bergen"}),
        ({"text": "May 4, 2023", "kind": "text"}, "date", {"text": "May 4, 2023", "kind": "date", "number": None}),
    ],
)
def test_an_answer_is_of_the_kind_that_was_asked_for(told: dict[str, Any], wanted: Any, expected: dict[str, Any]) -> None:
    settled = settle(reading(**told), wanted)
    assert {name: getattr(settled, name) for name in expected} == expected


def test_what_is_not_answerable_says_nothing_but_why() -> None:
    told = AnswerReading(is_answerable=False, text="not reported", kind="number", number=0, rationale="No 2018 figure.")
    assert settle(told, "number") == AnswerReading(is_answerable=False, rationale="No 2018 figure.")
    assert not settle(reading(rationale="It is there, somewhere.")).is_answerable
