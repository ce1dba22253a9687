"""Numbers as charts print them: "2 094.6", "1,234", "12.5%", "(3.2)", "$1.2B"."""

import re
from typing import NamedTuple

_CURRENCIES = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_MULTIPLIERS = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "t": 1e12, "tn": 1e12}
_SCALE_WORDS = {1e3: "thousand", 1e6: "million", 1e9: "billion", 1e12: "trillion"}
_DASHES = str.maketrans(dict.fromkeys("−–—‐‑", "-") | dict.fromkeys("\xa0\u2009\u202f", " "))
_NUMBER = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<currency>US\$|[$€£¥₹])?\s*(?P<sign2>-)?"
    r"(?P<digits>\d{1,3}(?:[ ,'’]\d{3})+(?:[.]\d+)?|\d+(?:[.,]\d+)?|[.]\d+)"
    r"\s*(?P<suffix>%|k|mn?|bn?|tn?|[€£]|°[CF]?)?\s*(?P<close>\))?(?:[.,]|\s*[-–])?",
    re.IGNORECASE,
)


class Quantity(NamedTuple):
    """One printed number: `number` as printed, `multiplier` 1000 for "k", `unit` such as "%" or "USD"."""

    text: str
    number: float
    multiplier: float = 1.0
    unit: str = ""

    @property
    def value(self) -> float:
        """The number with its multiplier."""
        return self.number * self.multiplier


def parse_quantity(text: str) -> Quantity | None:
    """Return the number that `text` is, or None if it is anything else than one number."""
    match = _NUMBER.fullmatch(text.translate(_DASHES).strip())
    if match is None or (match["open"] is None) != (match["close"] is None):
        return None
    number = float(_plain(match["digits"]))
    is_negative = match["sign"] == "-" or match["sign2"] == "-" or match["open"] is not None
    suffix = (match["suffix"] or "").lower()
    unit = _CURRENCIES.get((match["currency"] or "").upper() or suffix, suffix if suffix[:1] in {"%", "°"} else "")
    return Quantity(text.strip(), -number if is_negative else number, _MULTIPLIERS.get(suffix, 1.0), unit)


def unit_name(unit: str, multiplier: float) -> str | None:
    """Return "USD billion" for ("USD", 1e9), None where there is nothing to say."""
    return " ".join(part for part in (unit, _SCALE_WORDS.get(multiplier, "")) if part) or None


def as_text(value: float) -> str:
    """Return `value` the way an axis would print it."""
    return str(round(value)) if abs(value - round(value)) < 1e-6 * max(1.0, abs(value)) else f"{value:.6g}"


def _plain(digits: str) -> str:
    """Drop the separators of thousands; a comma before one, two or more than three digits is a decimal comma."""
    if re.fullmatch(r"\d+,(\d{1,2}|\d{4,})", digits):
        return digits.replace(",", ".")
    return re.sub(r"[ ,'’]", "", digits)
