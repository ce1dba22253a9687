"""What is printed around a table and what it says about the numbers: title, footnotes, unit, scale and currency."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.embedded.reading import Line, Rect
from pipeline.embedded.tables.grid import overlap

_SCALES = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "mio": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}
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
    edge, block = table.y0, []
    for line in sorted(lines, key=lambda line: -line.rect.y1):
        if line.rect.y1 > table.y0 + 0.5 * height or not _beside(line, table):
            continue
        if edge - line.rect.y1 > 1.6 * height or len(block) == 4:
            break
        block.append(line)
        edge = line.rect.y0
    read = _joined_rows(block)
    subtitles = [text for text in read if _is_subtitle(text)]
    titles = [text for text in read if text not in subtitles]
    return " ".join(titles[-2:]) if _is_title(titles[-2:]) else "", " ".join(subtitles)


def _is_title(texts: Sequence[str]) -> bool:
    text = " ".join(texts)
    return bool(text) and len(text) < 200 and not (text.endswith(".") and len(text) > 100)


def _is_subtitle(text: str) -> bool:
    bare = text.strip()
    return bare.startswith("(") and bare.endswith(")") or (len(bare) < 60 and scale_of(bare) is not None)


def _below(lines: Sequence[Line], table: Rect, height: float) -> tuple[str, ...]:
    edge, notes = table.y1, []
    rows = sorted((line for line in lines if line.rect.y0 > table.y1 - 0.5 * height and _beside(line, table)), key=lambda line: line.rect.y0)
    for row in _rows(rows):
        if row[0].rect.y0 - edge > 1.6 * height:
            break
        text = " ".join(line.text for line in row)
        if _FOOTNOTE.match(text):
            notes.append(text)
        elif notes:
            notes[-1] = f"{notes[-1]} {text}"
        else:
            break
        edge = max(line.rect.y1 for line in row)
    return tuple(notes)


def _joined_rows(lines: Sequence[Line]) -> list[str]:
    return [" ".join(line.text for line in row) for row in _rows(sorted(lines, key=lambda line: line.rect.y0))]


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
