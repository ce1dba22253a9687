"""Read the statements of a filing: rows by label, columns by year and by the length of the period; pure.

A statement fills its page, so all rows of the page are its rows. Columns are where numbers end; a column's year is the one printed
over it, matched from left to right, so that a title over the first column is not taken for its heading.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from statistics import median
from typing import NamedTuple

from pipeline.embedded.answers.amounts import Amount, amounts
from pipeline.embedded.answers.filings import known, plain_label
from pipeline.embedded.answers.grid import stated
from pipeline.embedded.answers.layout import Row, Segment, hull, lay_out, printed_rows, segment_of
from pipeline.embedded.answers.values import is_empty, is_measure, numbers_in
from pipeline.embedded.reading import Reading, Rect

_YEAR = re.compile(r"(?:FY)?\s?((?:19|20)\d\d)[,.*)]?(?:\(\w\))?", re.IGNORECASE)
_PERIOD = re.compile(r"\b(three|six|nine|twelve|13|26|39|52|53)[ -](?:months?|weeks?)|\b(quarters?|years?|fiscal)\b", re.IGNORECASE)
_MONTHS = {"three": 3, "13": 3, "quarter": 3, "six": 6, "26": 6, "nine": 9, "39": 9}
_TITLE_ROWS = 12
_TYPICAL = 3
_MOST_COLUMNS = 6


class Column(NamedTuple):
    """A column of numbers that end at `right`; `months` is the length of its period, 0 for a balance or where it is not said."""

    right: float
    year: int
    months: int


class Value(NamedTuple):
    """A number of a row, in the column of `year`."""

    amount: Amount
    text: str
    year: int
    months: int
    rect: Rect


class StatementRow(NamedTuple):
    """A row: its label as printed, the heading it stands under, and its numbers."""

    label: str
    section: str
    values: tuple[Value, ...]
    rect: Rect


class Statement(NamedTuple):
    """The statement on a page. `fit` (0 to 1) says how surely the page is the statement, and not one that discusses it."""

    kind: str
    fit: float
    rows: tuple[StatementRow, ...]
    scale: int
    currency: str | None


@lru_cache(maxsize=1024)
def statements(reading: Reading) -> tuple[Statement, ...]:
    """Return the statements that a page may hold, none for most pages."""
    rows = printed_rows(reading)
    head = " ".join(s.text for row in rows[:_TITLE_ROWS] for s in row.segments)
    labels = [plain_label(row.segments[0].text) for row in rows if len(row.segments) > 1 or not is_measure(row.segments[0])]
    found: list[Statement] = []
    for kind in known().kinds:
        typical = sum(any(pattern.fullmatch(label) for label in labels) for pattern in kind.rows)
        is_titled = bool(kind.title.search(head))
        if typical >= _TYPICAL and (is_titled or typical > _TYPICAL):
            fit = min(1.0, 0.09 * typical + 0.25 * is_titled)
            found.append(Statement(kind.name, fit, rows_of(reading), *page_scale(reading, head)))
    return tuple(found)


@lru_cache(maxsize=1024)
def rows_of(reading: Reading) -> tuple[StatementRow, ...]:
    """Return the rows of the page that have a number in a column with a year."""
    rows, height = printed_rows(reading), lay_out(reading).height
    parts = [(row, *_parted(row)) for row in rows]
    columns = _columns(rows, height, [number for _, _, numbers in parts for number in numbers])
    return tuple(_rows(parts, columns, height)) if columns else ()


def page_scale(reading: Reading, head: str = "") -> tuple[int, str | None]:
    """Return the factor and the currency that are stated in the head of a page, or else first on it."""
    return stated(head, " ".join(s.text for row in printed_rows(reading) for s in row.segments))


def _parted(row: Row) -> tuple[str, list[Segment]]:
    """Return the label of a row and its numbers."""
    label = [s.text for s in row.segments if not is_measure(s) and not is_empty(s)]
    numbers = [part for s in row.segments if is_measure(s) and not _YEAR.fullmatch(s.text) for part in _numbers(s)]
    return (label[0] if label else ""), numbers


def _numbers(segment: Segment) -> list[Segment]:
    return [segment_of([word]) for word in segment.words] if numbers_in(segment) else [segment]


def _rows(parts: list[tuple[Row, str, list[Segment]]], columns: list[Column], height: float) -> Iterator[StatementRow]:
    section, before = "", ""
    for row, label, numbers in parts:
        values = tuple(value for number in numbers if (value := _value(number, columns, height)))
        if label and not numbers:
            is_open = bool(before) and label[:1].islower()
            before = f"{before} {label}" if is_open else label
            section = label if label[:1].isupper() and not is_open else section
            continue
        if values and (label or before):
            whole = f"{before} {label}" if before and (label[:1].islower() or not label) else label
            yield StatementRow(whole, section, values, row.rect)
        before = ""


def _value(number: Segment, columns: list[Column], height: float) -> Value | None:
    amount = next(iter(amounts(number.text)), None)
    column = min(columns, key=lambda one: abs(one.right - _right(number)))
    if amount is None or not column.year or abs(column.right - _right(number)) > 2.5 * height:
        return None
    return Value(amount, number.text, column.year, column.months, number.rect)


def _right(number: Segment) -> float:
    """Return where the digits end: a closing parenthesis or a percent sign stands outside of the column."""
    width = (number.rect.x1 - number.rect.x0) / max(1, len(number.text))
    return number.rect.x1 - width * (len(number.text) - len(number.text.rstrip(" )%")))


def _columns(rows: Sequence[Row], height: float, numbers: list[Segment]) -> list[Column]:
    """Return the columns with the years over them; none where years and columns cannot be matched one to one."""
    rights = _clusters(sorted(map(_right, numbers)), 2.0 * height)
    for row in rows:
        years = [(word.rect, int(found[1])) for s in row.segments for word in s.words if (found := _YEAR.fullmatch(word.text))]
        if len(years) >= 2 or (len(years) == 1 and len(rights) == 1):
            return _matched(rows[: rows.index(row) + 1], height, years, rights)
    return []


def _matched(over: Sequence[Row], height: float, years: list[tuple[Rect, int]], rights: list[float]) -> list[Column]:
    """Give each column of numbers the nearest year, if every year gets one."""
    if len(years) > _MOST_COLUMNS:
        return []
    found: list[Column] = []
    for rect, year in sorted(years):
        near = min(rights, key=lambda right: abs(right - rect.x1), default=None)
        if near is None or abs(near - rect.x1) > 9 * height or any(column.right == near for column in found):
            return []
        found.append(Column(near, year, _months(over, rect)))
    return found


def _months(rows: Sequence[Row], rect: Rect) -> int:
    """Return the length of the period named nearest over a column."""
    over: list[tuple[float, int]] = []
    for segment in (segment for row in rows for segment in row.segments if len(segment.words) <= 8):
        if found := _PERIOD.search(segment.text):
            middle = (segment.rect.x0 + segment.rect.x1) / 2
            months = _MONTHS.get((found[1] or found[2]).lower().removesuffix("s"), 12)
            over.append((abs(middle - (rect.x0 + rect.x1) / 2), months))
    return min(over)[1] if over else 0


def _clusters(places: list[float], reach: float) -> list[float]:
    """Return the middles of runs of places that lie close together, of the runs with at least three."""
    groups: list[list[float]] = []
    for place in places:
        if groups and place - groups[-1][-1] <= reach:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [median(group) for group in groups if len(group) >= 3]


def row_words(row: StatementRow, value: Value) -> tuple[Rect, str]:
    """Return the box and the words from the label to a value: what proves it."""
    texts = [one.text for one in row.values if one.rect.x0 <= value.rect.x0]
    return hull([Rect(row.rect.x0, row.rect.y0, row.rect.x0 + 1, row.rect.y1), value.rect]), " ".join([row.label, *texts])
