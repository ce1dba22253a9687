"""Printed numbers, as exact decimals with what stands around them."""

import re
from decimal import Decimal
from typing import Literal, NamedTuple

AmountKind = Literal["number", "percent", "currency", "year"]

CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_CODES = {"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "SEK", "NOK", "DKK", "CNY", "INR"}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}
_SCALES |= {"bn": 1_000_000_000, "mn": 1_000_000, "m": 1_000_000, "k": 1_000}

_CODE = "|".join(sorted(_CODES))
_NUMBER = re.compile(
    r"(?P<open>\()?(?P<sign>(?<![\w)])[-\u2212\u2013+](?=[\d.$€£¥]))?\s?"
    rf"(?:(?P<cur>US\$|[$€£¥]|\b(?:{_CODE})\b)\s?)?(?P<sign2>[-\u2212](?=\d))?(?P<open2>\()?"
    r"(?<![\w.])(?P<num>\d{1,3}(?:[,\u2009\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?!\.?\d)(?!-[A-Za-z])"
    r"(?P<close>\s?\))?\s?(?P<pct>%|per\s?cent\b|percentage points?\b)?(?P<close2>\))?"
    rf"(?:\s?(?P<scale>thousand|million|billion|trillion|bn|mn|[mkM](?=\b)(?!\w)))?(?:\s(?P<code>{_CODE})\b)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")


class Amount(NamedTuple):
    """A number at `start:end` of its text: `value` as printed (7.5 for "7.5 %"), and the factor and currency printed with it."""

    value: Decimal
    kind: AmountKind
    currency: str | None
    scale: int
    text: str
    start: int
    end: int


def amounts(text: str) -> tuple[Amount, ...]:
    """Return the numbers printed in `text`, left to right."""
    return tuple(_amount(found) for found in _NUMBER.finditer(text))


def _amount(found: re.Match[str]) -> Amount:
    digits = re.sub(r"[,\u2009\u202f]", "", found["num"])
    is_bracketed = bool((found["open"] or found["open2"]) and (found["close"] or found["close2"]))
    sign = found["sign"] or found["sign2"] or ""
    is_negative = is_bracketed or sign in {"-", "\u2212"}
    symbol = (found["cur"] or found["code"] or "").upper()
    currency = CURRENCIES.get(symbol[-1:], symbol or None)
    end = found.end()
    text = found[0].strip().removesuffix(")") if not is_bracketed and found[0].count("(") == 0 else found[0].strip()
    if not is_bracketed:
        text = text.removeprefix("(")
    return Amount(
        value=-Decimal(digits) if is_negative else Decimal(digits),
        kind=_kind(found, currency, sign),
        currency=currency,
        scale=_SCALES.get(word, 1) if len(word := (found["scale"] or "").lower()) > 1 or currency else 1,
        text=text,
        start=found.start(),
        end=end,
    )


def _kind(found: re.Match[str], currency: str | None, sign: str) -> AmountKind:
    if found["pct"]:
        return "percent"
    if currency:
        return "currency"
    is_plain = not (found["open"] and found["close"]) and not sign and not found["scale"]
    return "year" if is_plain and _YEAR.fullmatch(found["num"]) else "number"


def years(text: str) -> tuple[int, ...]:
    """Return the years named in `text`: 2023, FY2023, FY 23 and '23 are all 2023."""
    full = [int(y) for y in re.findall(r"(?<![\d.,$€£])(?:FY|CY|F)?((?:19|20)\d\d)(?![\d%]|[.,]\d)", text, re.IGNORECASE)]
    short = [2000 + int(y) for y in re.findall(r"(?:\bFY\s?['\u2019]?|(?<!\w)['\u2019])(\d\d)\b(?!\d)", text, re.IGNORECASE)]
    return tuple(dict.fromkeys(full + short))


def spoken(value: Decimal) -> str:
    """Return `value` for a reader: thousands grouped, no exponent, no trailing zeros."""
    grouped = f"{value:,f}"
    return grouped.rstrip("0").rstrip(".") if "." in grouped else grouped
