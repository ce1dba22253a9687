"""What is printed around a table and what it says about the numbers: title, footnotes, unit, scale and currency."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.embedded.reading import Line, Rect
from pipeline.embedded.tables.grid import overlap

_SCALES = {
    "hundred": 100.0,
    "thousand": 1e3,
    "million": 1e6,
    "mio": 1e6,
    "mn": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "trillion": 1e12,
}
_SCALE = re.compile(
    r"\bin\s+(?:\S+\s+){0,3}?(hundred|thousand|million|billion|trillion|mio|mn|bn)s?\b"
    r"|[($€£¥]\s*(?:US\$|\$|€|£|¥|[A-Z]{3})?\s*(?:in\s+)?(thousand|million|billion|trillion|mio|mn|bn|000)s?\b",
    re.IGNORECASE,
)
_NOUGHTS = re.compile(r"(?:\$|€|£|¥|US\$|[A-Z]{3}|in)\s*['’]?000s?\b(?!,)")
_CURRENCIES = {
    r"US\$|\bUSD\b|\bU\.?S\.?\s+dollars?|\$|\bdollars?\b": "USD",
    r"€|\bEUR\b|\beuros?\b": "EUR",
    r"£|\bGBP\b|\bpounds? sterling\b": "GBP",
    r"¥|\bJPY\b|\byen\b": "JPY",
    r"\bCHF\b|\bSwiss francs?\b": "CHF",
    r"₹|\bINR\b|\brupees?\b": "INR",
    r"\bCNY\b|\bRMB\b|\byuan\b": "CNY",
    r"\bCA\$|\bCAD\b": "CAD",
    r"\bA\$|\bAUD\b": "AUD",
}
_UNIT = re.compile(r"\((?:in|unit:?|units:?)\s+([^)\d]{1,30})\)|\b(?:unit|units):\s*(\S[^,;)]{0,30})", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\s*(?:[*†‡§¹²³⁴⁵⁶⁷⁸⁹]|\(?[1-9][0-9]?\)|\(?[a-z]\)|note\b|notes\b|source\b|[1-9][0-9]?\s+[A-Z])", re.IGNORECASE)


_TABLE = re.compile(r"\s*(?:table|tab\.|tabelle|tableau|exhibit|schedule)\s", re.IGNORECASE)
_STATED = re.compile(r"(?:in|amounts?|dollars?|euros?|figures?|values?|expressed|all|USD|EUR|GBP)\b|[$€£¥]", re.IGNORECASE)
_NEAR, _TIGHT = 1.6, 0.5
"""Widest gap above a table to its title, and between two lines of one note, in line heights."""
_CONTINUES = 0.3
"""Widest gap between two lines of a footnote, in line heights; the next paragraph is farther away."""
_MOST_LINES = 3
_LONGEST_TITLE = 250


class Notes(NamedTuple):
    """What is printed around a table, verbatim."""

    title: str
    subtitle: str
    footnotes: tuple[str, ...]


def notes_around(lines: Sequence[Line], table: Rect) -> Notes:
    """Return the title above `table` and the notes below it, among the `lines` of the same image."""
    height = _line_height(lines)
    title, subtitle = _above(lines, table, height)
    return Notes(title, subtitle, _below(lines, table, height))


def is_caption(text: str) -> bool:
    """Whether `text` can only be a title or the line under one: "Table 2. ...", "(in thousands)"."""
    return bool(_TABLE.match(text)) or _is_subtitle(text)


def is_footnote(text: str) -> bool:
    """Whether `text` begins as a note below a table does: with a mark, "(1)" or "Note"."""
    return bool(_FOOTNOTE.match(text))


def scale_of(text: str) -> float | None:
    """Return the factor that `text` states: 1000.0 for "(in thousands)"; None where it states none."""
    found = _SCALE.search(text)
    if found:
        word = (found.group(1) or found.group(2)).lower()
        return _SCALES.get(word, 1e3)
    return 1e3 if _NOUGHTS.search(text) else None


def currency_of(text: str) -> str | None:
    """Return the ISO code of the currency that `text` names; None where it names none or several."""
    found = {code for pattern, code in _CURRENCIES.items() if re.search(pattern, text)}
    return found.pop() if len(found) == 1 else None


def unit_of(text: str) -> str | None:
    """Return the unit, not a currency and not a scale, that `text` states as "(in kg)" or "Unit: kg"."""
    for found in _UNIT.finditer(text):
        unit = (found.group(1) or found.group(2)).strip()
        if scale_of(f"in {unit}") is None and currency_of(unit) is None:
            return unit
    return None


def _above(lines: Sequence[Line], table: Rect, height: float) -> tuple[str, str]:
    """Return the title and the line under it that states scale or unit: the nearest lines above the table."""
    edge, titles, subtitles = table.y0, list[str](), list[str]()
    above = [line for line in lines if line.rect.y1 <= table.y0 + 0.5 * height and _beside(line, table)]
    for row in reversed(_rows(sorted(above, key=lambda line: line.rect.y0))):
        text = " ".join(line.text for line in row)
        gap = edge - max(line.rect.y1 for line in row)
        if gap > (_NEAR if not titles else _TIGHT) * height or len(titles) == _MOST_LINES:
            break
        if not titles and _is_subtitle(text):
            subtitles.insert(0, text)
        elif titles and (text.endswith(".") or _is_whole(titles[0])):
            break
        else:
            titles.insert(0, text)
        edge = min(line.rect.y0 for line in row)
    return " ".join(titles) if _is_title(titles) else "", " ".join(subtitles)


def _is_whole(text: str) -> bool:
    """Whether a line begins like a title, not like the second line of one."""
    return bool(_TABLE.match(text)) or text[:1].isupper()


def _is_title(texts: Sequence[str]) -> bool:
    text = " ".join(texts)
    return bool(text) and len(text) <= _LONGEST_TITLE


def _is_subtitle(text: str) -> bool:
    bare = text.strip()
    return (bare.startswith("(") and bare.endswith(")")) or (bool(_STATED.match(bare)) and scale_of(bare) is not None)


def _below(lines: Sequence[Line], table: Rect, height: float) -> tuple[str, ...]:
    edge, notes = table.y1, list[str]()
    below = [line for line in lines if line.rect.y0 > table.y1 - 0.5 * height and _beside(line, table)]
    for row in _rows(sorted(below, key=lambda line: line.rect.y0)):
        text = " ".join(line.text for line in row)
        gap = min(line.rect.y0 for line in row) - edge
        if _FOOTNOTE.match(text) and gap < _NEAR * height:
            notes.append(text)
        elif notes and gap < _CONTINUES * height:
            notes[-1] = f"{notes[-1]} {text}"
        else:
            break
        edge = max(line.rect.y1 for line in row)
    return tuple(notes)


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for line in lines:
        if rows and overlap((rows[-1][0].rect.y0, rows[-1][0].rect.y1), (line.rect.y0, line.rect.y1)) > 0.5 * (line.rect.y1 - line.rect.y0):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.rect.x0) for row in rows]


def _beside(line: Line, table: Rect) -> bool:
    return overlap((line.rect.x0, line.rect.x1), (table.x0, table.x1)) > 0.3 * (line.rect.x1 - line.rect.x0)


def _line_height(lines: Sequence[Line]) -> float:
    heights = sorted(line.rect.y1 - line.rect.y0 for line in lines)
    return heights[len(heights) // 2] if heights else 1.0
