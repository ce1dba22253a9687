"""Numbers in answers, pure: their values as printed, and what is said beside them of scale, currency and percent."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_SCALES: Mapping[str, float] = MappingProxyType(
    {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9, "trillion": 1e12}
)
_CURRENCIES: Mapping[str, str] = MappingProxyType({"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"})
_CODE = "USD|EUR|GBP|JPY|CHF|CAD|AUD|CNY|INR"
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_NUMBER = re.compile(
    rf"""(?<![\w.,])(?P<open>\()?\s?(?P<sign>-)?\s?(?P<currency>US\$|[$€£¥]|(?:{_CODE})(?=\s?[\d.]))?\s?(?P<sign2>-)?\s?(?P<open2>\()?
    (?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?![\d,]*\d)|\d+(?:\.\d+)?|\.\d+)(?P<close>\s?\))?
    \s?(?P<percent>%|per\s?cent\b|percentage\spoints?\b)?
    (?:\s?(?P<scale>thousand|million|billion|trillion|bn|mn|[kmb])s?\b)?(?:\s?(?P<code>{_CODE})\b)?""",
    re.VERBOSE | re.IGNORECASE,
)
_UNIT_SCALE = re.compile(r"\b(thousand|million|billion|trillion|bn|mn)s?\b", re.IGNORECASE)
_UNIT_CURRENCY = re.compile(rf"\b({_CODE})\b|(US\$|[$€£¥])")
_PERCENT = re.compile(r"%|\bper\s?cent|\bpercentage point", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")


class Quantity(NamedTuple):
    """A number: `value` as printed, the `scale` stated beside it (0: none is), its currency ("" if none is), and its decimals."""

    value: float
    scale: float
    currency: str
    is_percent: bool
    decimals: int
    is_year: bool

    @property
    def full(self) -> float:
        """The number times the scale that is stated."""
        return self.value * (self.scale or 1.0)


def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the numbers printed in `text`, left to right. Parentheses around a number make it negative."""
    return tuple(_quantity(found) for found in _NUMBER.finditer(_DASHES.sub("-", text)))


def telling(text: str) -> tuple[Quantity, ...]:
    """Return the numbers in `text` that are not years; the years where there are no others."""
    found = quantities(text)
    return tuple(one for one in found if not one.is_year) or found


def with_unit(number: Quantity, unit: str | None) -> Quantity:
    """Return `number` with what a unit such as "USD million" or "%" adds to what stands beside it."""
    stated, money = _UNIT_SCALE.search(unit or ""), _UNIT_CURRENCY.search(unit or "")
    return number._replace(
        scale=number.scale or (_SCALES[stated[1].lower()] if stated else 0.0),
        currency=number.currency or (_code(money[1] or money[2]) if money else ""),
        is_percent=number.is_percent or bool(_PERCENT.search(unit or "")),
    )


def bare(value: float) -> Quantity:
    """Return a bare number."""
    return Quantity(value, 0.0, "", is_percent=False, decimals=_decimals(repr(value)), is_year=False)


def _quantity(found: re.Match[str]) -> Quantity:
    digits = found["digits"].replace(",", "")
    is_bracketed = bool((found["open"] or found["open2"]) and found["close"])
    is_negative = is_bracketed or bool(found["sign"] or found["sign2"])
    symbol = found["currency"] or found["code"] or ""
    says_more = bool(symbol or found["percent"] or found["scale"])
    return Quantity(
        value=-float(digits) if is_negative else float(digits),
        scale=_SCALES.get((found["scale"] or "").lower(), 0.0),
        currency=_code(symbol) if symbol else "",
        is_percent=bool(found["percent"]),
        decimals=_decimals(digits),
        is_year=bool(_YEAR.fullmatch(found["digits"])) and not says_more,
    )


def _code(symbol: str) -> str:
    return _CURRENCIES.get(symbol.upper(), symbol.upper())


def _decimals(digits: str) -> int:
    return len(digits.partition(".")[2].rstrip("0")) if "e" not in digits else 0
