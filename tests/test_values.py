"""Printed text becomes typed values as an accountant would read them."""

from datetime import date

import pytest

from pipeline.values import typed


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("1,234", "number", 1234),
        ("(1,234)", "number", -1234),
        ("−3.5", "number", -3.5),
        ("$ (12)", "currency", -12),
        ("$1,234(1)", "currency", 1234),
        ("€ 3.00", "currency", 3),
        ("12.5 %", "percent", 12.5),
        ("(3.2%)", "percent", -3.2),
        ("2 094.6", "number", 2094.6),
        ("1.234,56", "number", 1234.56),
        ("0,123", "number", 0.123),
        ("12*", "number", 12),
        ("1.234", "number", 1.234),
    ],
)
def test_numbers(text: str, kind: str, number: float) -> None:
    value = typed(text)
    assert (value.kind, value.number) == (kind, number)


@pytest.mark.parametrize("text", ["", "—", "–", "-", " … "])
def test_dashes_are_empty(text: str) -> None:
    assert typed(text).kind == "empty"


@pytest.mark.parametrize("text", ["FY2023", "10-K", "5–7", "n/a", "June 2023", "3)", "Note 4", "1 2 3 go"])
def test_what_only_looks_like_a_number_is_text(text: str) -> None:
    assert typed(text).kind == "text"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("30 June 2023", date(2023, 6, 30)),
        ("Jan 3, 2024", date(2024, 1, 3)),
        ("2023-01-05", date(2023, 1, 5)),
        ("12/31/2023", date(2023, 12, 31)),
        ("31.12.2023", date(2023, 12, 31)),
    ],
)
def test_whole_dates(text: str, day: date) -> None:
    assert typed(text).day == day


def test_scale_words_stay_beside_the_number() -> None:
    value = typed("$1.2 million")
    assert (value.number, value.scale, value.unit) == (1.2, 1e6, "USD")
