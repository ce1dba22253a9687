"""Dates as time axes print them: "Jan 2012", "2012 Q1", "2012-01", "Jan"."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = "|".join(_MONTHS)
_FORMS = (
    ("month_year", re.compile(rf"(?P<month>{_NAMES})[a-z]*[.]?,?(?: of)?[\s'’-]*(?P<year>\d{{4}}|\d{{2}})", re.IGNORECASE)),
    ("year_month", re.compile(rf"(?P<year>\d{{4}})[\s-]*(?P<month>{_NAMES})[a-z]*", re.IGNORECASE)),
    ("iso", re.compile(r"(?P<year>\d{4})[-/](?P<number>0[1-9]|1[0-2])(?:[-/](?P<day>[0-3]\d))?")),
    ("number_year", re.compile(r"(?P<number>0?[1-9]|1[0-2])/(?P<year>\d{4})")),
    ("quarter_year", re.compile(r"Q(?P<quarter>[1-4])[\s'’-]*(?P<year>\d{4}|\d{2})", re.IGNORECASE)),
    ("year_quarter", re.compile(r"(?P<year>\d{4})[\s-]*Q(?P<quarter>[1-4])", re.IGNORECASE)),
    ("quarter_first", re.compile(r"(?P<quarter>[1-4])Q[\s'\u2019]*(?P<year>\d{4}|\d{2})", re.IGNORECASE)),
    ("short_year", re.compile(r"['\u2019\u2018.:,](?P<year>\d{2})[*]?")),
    ("year", re.compile(r"(?P<year>1[89]\d\d|20\d\d|21\d\d)[*]?")),
    ("month", re.compile(rf"(?P<month>{_NAMES})[a-z]{{0,6}}[.]?", re.IGNORECASE)),
)
_MONTHS_A_STEP = {"year": 12, "short_year": 12, "quarter_first": 3, "quarter_year": 3, "year_quarter": 3}


class Moment(NamedTuple):
    """A printed date as months since year 0; `form` is the way it is printed."""

    months: float
    form: str


def parse_moment(text: str) -> Moment | None:
    """Return the date that `text` is, or None if it is anything else."""
    for form, pattern in _FORMS:
        match = pattern.fullmatch(text.strip())
        if match:
            return Moment(_months(match.groupdict()), form)
    return None


def _months(parts: dict[str, str | None]) -> float:
    year = int(parts.get("year") or 0)
    year += 0 if year >= 100 or not parts.get("year") else (2000 if year < 70 else 1900)
    month = _MONTHS.index((parts["month"] or "")[:3].lower()) if parts.get("month") else 0
    month += int(parts.get("number") or 1) - 1 + 3 * (int(parts.get("quarter") or 1) - 1)
    return 12 * year + month + (int(parts.get("day") or 1) - 1) / 31


def unwrapped(moments: Sequence[Moment]) -> list[Moment]:
    """Return the moments with twelve months added where month names start again."""
    turns, result = 0, list[Moment]()
    for moment in moments:
        months = moment.months + 12 * turns
        if moment.form == "month" and result and months <= result[-1].months:
            turns, months = turns + 1, months + 12
        result.append(moment._replace(months=months))
    return result


def moment_text(months: float, form: str) -> str:
    """Return a date between two printed ones in their form; months between printed years as "2012-03"."""
    whole = round(months)
    year, month = divmod(whole, 12)
    name = _MONTHS[month].capitalize()
    if form in {"year", "short_year"}:
        return str(year) if month == 0 else f"{year}-{month + 1:02d}"
    texts = {
        "month_year": f"{name} {year}",
        "year_month": f"{year} {name}",
        "number_year": f"{month + 1:02d}/{year}",
        "quarter_year": f"Q{month // 3 + 1} {year}",
        "year_quarter": f"{year} Q{month // 3 + 1}",
        "quarter_first": f"{month // 3 + 1}Q {year}",
        "month": name,
    }
    return texts.get(form, f"{year}-{month + 1:02d}")


def step_of(form: str) -> int:
    """Return how many months one label of this form stands for."""
    return _MONTHS_A_STEP.get(form, 1)
