"""What numbers count, pure: units, currencies and scales as they are stated in words, and numbers that stand among words."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from pipeline.values import TypedValue, typed

SCALES: Mapping[str, Decimal] = MappingProxyType(
    {"thousand": Decimal(10) ** 3, "million": Decimal(10) ** 6, "billion": Decimal(10) ** 9, "trillion": Decimal(10) ** 12}
)
PERCENT = "%"

_ONE = Decimal(1)
_CURRENCY = re.compile(
    "(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|SGD|HKD|SEK|NOK|DKK|CNY|INR|KRW|BRL|MXN|ZAR|PLN|CZK|HUF|TRY|ILS|TWD|THB|IDR|AED|SAR)(?: |$)"
)
_SIGNS = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "dollar": "USD", "us dollar": "USD", "euro": "EUR"}
_SIGNS |= {"u.s. dollar": "USD", "pound sterling": "GBP", "percent": PERCENT, "per cent": PERCENT, "percentage": PERCENT, "pct": PERCENT}
_SIGNS |= {"percentage point": PERCENT, "pp": PERCENT}
# One sign is printed for several currencies: there the stated code is the better witness.
_SHARED = {"USD": frozenset({"CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD"}), "JPY": frozenset({"CNY"})}
_SCALE_WORD = re.compile(
    r"\b(?:in )?(thousand|million|billion|trillion)s?\b(?: of)?|\b(?:in )?(mn|bn)\b|(?<=[$€£])\s?(m|k|bn|'?000)(?:\b|'?s\b)", re.IGNORECASE
)
_SHORT = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "000": "thousand", "'000": "thousand"}
_PER = re.compile(r"\bper\b|/")
_BRACKETED = re.compile(r"^\((.*)\)$")
_SOLE_NUMBER = re.compile(r"[(+\-\u2212\u2013]*\s?(?:US\$|[$€£¥₹])?\s?\(?\d[\d.,'’\u00a0\u2009\u202f]*(?<=\d)\)?\s?%?\)?")


class Unit(NamedTuple):
    """What a number counts, and in how many: ("USD", 1000). A name of None is not known, or a pure number."""

    name: str | None
    scale: Decimal = _ONE

    def __str__(self) -> str:
        word = next((word for word, scale in SCALES.items() if scale == self.scale), None)
        parts = (self.name, word) if is_currency(self.name) else (word, self.name)
        return " ".join(filter(None, parts))


def unit_of(stated: str | None) -> Unit:
    """Return the unit that words such as "USD million", "$ in thousands" or "kg" name."""
    stated = " ".join((stated or "").split())
    found = _SCALE_WORD.search(stated)
    if found is None or _PER.search(stated[: found.start()]):
        return Unit(_name(stated))
    word = next(filter(None, found.groups())).lower()
    rest = " ".join(_SCALE_WORD.sub(" ", stated).split())
    return Unit(_name(rest), SCALES[_SHORT.get(word, word)])


def is_currency(name: str | None) -> bool:
    """Tell whether a unit's name is a currency, or an amount of one per something."""
    return bool(name and _CURRENCY.match(name))


def number_in(text: str) -> TypedValue | None:
    """Return the value of a text that is a number, or that holds exactly one among words; None for any other."""
    value = typed(text)
    if value.exact is None and len(found := _SOLE_NUMBER.findall(text)) == 1:
        scale = unit_of(text).scale
        value = typed(found[0].strip())._replace(scale=float(scale) if scale > 1 else None)
    return value if value.exact is not None else None


def witnessed(printed: str | None, stated: str | None) -> str | None:
    """Return the unit by what is printed with the number, or else by what the model states."""
    if printed is None or (stated and (stated.split(" ")[0] == printed or stated.split(" ")[0] in _SHARED.get(printed, ()))):
        return stated
    return printed


def _name(rest: str) -> str | None:
    rest = _BRACKETED.sub(r"\1", rest).removeprefix("in ").strip()
    singular = rest.casefold().removesuffix("s")
    if singular in _SIGNS or rest.casefold() in _SIGNS:
        return _SIGNS.get(singular) or _SIGNS[rest.casefold()]
    first, _, more = rest.partition(" ")
    if is_currency(first.upper()):
        return f"{first.upper()} {more}".strip()
    return rest or None
