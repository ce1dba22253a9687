"""Numbers, scales and dates as they are printed."""

import re
from typing import NamedTuple

from tests.scoring.text import cell_text

NUMBER = re.compile(r"(?P<sign>-\s*)?[$€£]?(?P<open>\()?[$€£]?(?P<inner>-)?(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)")
SCALES = ((r"\b(?:billions?|bn)\b", 1e9), (r"\b(?:millions?|mn)\b", 1e6), (r"\b(?:thousands?)\b", 1e3))
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMES = "|".join(MONTHS)
DATE_FORMS = (
    r"(?P<year>\d{4})-(?P<number>\d{1,2})(?:-(?P<day>\d{1,2}))?\b",
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{NAMES})[a-z]*\.?,? (?P<year>\d{{4}})",
    rf"(?P<month>{NAMES})[a-z]*\.? (?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? )?(?P<year>\d{{4}})",
)


class PrintedDate(NamedTuple):
    """A date; `day` is 0 where only month and year are printed."""

    year: int
    month: int
    day: int


def parse_number(text: str) -> float | None:
    """The first number in the text, negative in parentheses, without its scale; None if there is none."""
    match = NUMBER.search(cell_text(text))
    if match is None:
        return None
    value = float(match["digits"].replace(",", ""))
    return -value if match["sign"] or match["open"] or match["inner"] else value


def parse_scale(text: str) -> float | None:
    """1000 for "in thousands", 1000000 for "million"; None if no scale is named."""
    for pattern, scale in SCALES:
        if re.search(pattern, text.casefold()):
            return scale
    return None


def parse_date(text: str) -> PrintedDate | None:
    """The first date in the text; None if there is none."""
    plain = cell_text(text).casefold()
    for form in DATE_FORMS:
        match = re.search(form, plain)
        if match:
            found = match.groupdict()
            month = int(found["number"]) if found.get("number") else MONTHS.index(found["month"]) + 1
            return PrintedDate(int(found["year"]), month, int(found["day"] or 0))
    return None
