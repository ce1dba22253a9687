"""Typed values out of printed text, pure: what "(1,234)", "12.5 %", "$1.2 million" or "30 June 2023" say as numbers and dates.

The number stays as printed: parentheses make it negative, a percent sign changes its kind and not its value, and a scale stays beside it.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from dateutil import parser as dateutil_parser

ValueKind = Literal["number", "percent", "currency", "date", "text", "empty"]

_CURRENCIES = {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "CHF": "CHF",
    "USD": "USD",
    "EUR": "EUR",
    "GBP": "GBP",
}
_SCALES = {
    "thousand": 1e3,
    "thousands": 1e3,
    "k": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "m": 1e6,
    "mn": 1e6,
    "billion": 1e9,
    "billions": 1e9,
    "bn": 1e9,
    "b": 1e9,
    "trillion": 1e12,
}
_SPACES = "\u00a0\u2007\u2009\u202f"
_MINUSES = "\u2212\u2013\u2014\u2012"

# Groups of three by comma, point, space or apostrophe; or no groups; then a decimal part.
_NUMBER = r"(?:\d{1,3}(?:[ ,.'’]\d{3})+(?!\d)|\d+)?(?:[.,]\d+)?"
_PRINTED = re.compile(
    rf"""^(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<currency>US\$|[$€£¥₹]|CHF|USD|EUR|GBP)?\s*(?P<open2>\()?\s*(?P<sign2>[-+])?\s*
    (?P<number>{_NUMBER})\s*(?P<percent>%)?\s*(?P<close>\))?\s*(?P<percent2>%)?\s*
    (?P<scale>thousands?|millions?|billions?|trillion|bn|mn|[kKmMbB])?\s*(?P<currency2>[$€£¥₹]|CHF|USD|EUR|GBP)?\s*$""",
    re.VERBOSE,
)
# A footnote mark after a number: superscripts, (1), [a], * and daggers.
_FOOTNOTE_MARK = re.compile(r"(?<=[\d%)])\s*(?:[\u00b9\u00b2\u00b3\u2070-\u2079*†‡§]+|\((?:\d|[a-z])\)|\[\w\])+\s*$")
_MONTH = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
_DATE = re.compile(r"^(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4}|.*\b\d{1,2}\b.*\b\d{4}\b.*)$")


class TypedValue(NamedTuple):
    """What a text says."""

    kind: ValueKind
    number: float | None = None
    day: date | None = None
    unit: str | None = None
    scale: float | None = None
    exact: Decimal | None = None
    """The number to the last printed digit."""


def typed(text: str) -> TypedValue:
    """Return the value of a cell's, a label's or an answer's text; a lone dash is empty, as in printed tables."""
    plain = _plain(text)
    if plain in {"", "-", "--", ".", "..", "…"}:
        return TypedValue("empty")
    if number := _number(plain):
        return number
    if day := _date(plain):
        return TypedValue("date", day=day)
    return TypedValue("text")


def number_of(text: str) -> float | None:
    """Return the number that a text is, None if it is something else."""
    return typed(text).number


def _plain(text: str) -> str:
    for space in _SPACES:
        text = text.replace(space, " ")
    for minus in _MINUSES:
        text = text.replace(minus, "-")
    return " ".join(text.split())


def _number(text: str) -> TypedValue | None:
    match = _PRINTED.match(text) or _PRINTED.match(_FOOTNOTE_MARK.sub("", text))
    if not match or not any(digit.isdigit() for digit in match["number"]):
        return None
    opened, closed = match["open"] or match["open2"], match["close"]
    if bool(closed) and not opened:
        return None
    exact = _as_decimal(match["number"])
    if opened or "-" in (match["sign"], match["sign2"]):
        exact = -exact
    value = float(exact)
    currency = match["currency"] or match["currency2"]
    scale = _SCALES.get((match["scale"] or "").lower())
    if match["percent"] or match["percent2"]:
        return TypedValue("percent", value, unit="%", scale=scale, exact=exact)
    if currency:
        return TypedValue("currency", value, unit=_CURRENCIES[currency], scale=scale, exact=exact)
    return TypedValue("number", value, scale=scale, exact=exact)


def _as_decimal(digits: str) -> Decimal:
    """A single separator before exactly three digits groups them; any other last separator is the decimal one."""
    marks = [mark for mark in digits if not mark.isdigit()]
    if not marks:
        return Decimal(digits)
    last = marks[-1]
    tail = digits.rsplit(last, 1)[1]
    is_grouping = last in " '’" or marks.count(last) > 1 or (last == "," and len(tail) == 3 and digits[0] != "0")
    whole, _, fraction = (digits, "", "") if is_grouping else digits.rpartition(last)
    return Decimal(re.sub(r"\D", "", whole) + "." + fraction if whole else "0." + fraction)


def _date(text: str) -> date | None:
    """Only a whole date counts: dateutil would fill a missing day or year from today."""
    if len(text) > 40 or not _DATE.match(text) or not (_MONTH.search(text) or re.match(r"^[\d./-]+$", text)):
        return None
    try:
        return dateutil_parser.parse(text, dayfirst="." in text).date()
    except (ValueError, OverflowError):
        return None
