"""Values on a page with the words that say what they are: row label, section above it, column heading, table title."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from pipeline.embedded.answers.amounts import CURRENCIES, Amount, amounts, years
from pipeline.embedded.answers.layout import Layout, Row, Segment, hull, lay_out, segment_of
from pipeline.embedded.answers.marks import Mark, marks
from pipeline.embedded.answers.values import CELL_WORDS, PROSE_WORDS, is_bare, is_data, is_empty, is_measure, is_prose, numbers_in
from pipeline.embedded.reading import Reading, Rect

_SCALE = re.compile(
    r"(?:\bin\s|[$€£]|\bUSD\s|\bEUR\s|\bGBP\s|\()\s?(?P<word>thousand|million|billion)s?\b|(?P<short>[$€£]\s?(?:000s?|m|bn|k)\b)",
    re.IGNORECASE,
)
_FACTORS = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "0": 1_000, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_CODE = re.compile(r"\b(USD|EUR|GBP|JPY|CHF|CAD|AUD|SEK|NOK|DKK|CNY|INR)\b|([$€£¥])|\b(dollar|euro)s?\b", re.IGNORECASE)


class Cell(NamedTuple):
    """A value and its context. `amount` is None where the value is words; `row` counts the rows of the page from the top.

    `period` is the heading of the nearest column to the left that names a year, where the value's own does not;
    `stub` is the first segment of the row and `label` the nearest words to the left of the value; `scale` and `currency` are
    what the table's head states.
    """

    text: str
    amount: Amount | None
    rect: Rect
    row_rect: Rect
    row_text: str
    label: str
    stub: str
    section: str
    header: str
    period: str
    title: str
    scale: int
    currency: str | None
    block: int
    row: int
    source: Literal["text", "table", "chart"]


class _Block(NamedTuple):
    """Consecutive rows under one set of headings; `first` is the number of the first of `rows` on the page."""

    number: int
    first: int
    title: str
    headers: tuple[Row, ...]
    rows: tuple[Row, ...]


class Field(NamedTuple):
    """One segment of a table row with the heading over it."""

    text: str
    header: str
    rect: Rect


class Record(NamedTuple):
    """A table row of at least two segments, with what stands above it."""

    fields: tuple[Field, ...]
    section: str
    title: str
    block: int
    row: int


@lru_cache(maxsize=1024)
def records(reading: Reading) -> tuple[Record, ...]:
    """Return the rows of a page's tables as records, from top to bottom; words and numbers alike."""
    return tuple(record for block in _blocks(lay_out(reading)) for record in _block_records(block))


def _block_records(block: _Block) -> Iterator[Record]:
    section = ""
    for number, row in enumerate(block.rows):
        if len(row.segments) < 2 or is_prose(row):
            section = row.segments[0].text if not is_prose(row) else ""
            continue
        filled = [segment for segment in row.segments if not is_empty(segment)]
        fields = tuple(Field(s.text, _header(block, number, s, s.rect.x0 - 1), s.rect) for s in filled)
        yield Record(fields, section, block.title, block.number, block.first + number)


@lru_cache(maxsize=1024)
def cells(reading: Reading) -> tuple[Cell, ...]:
    """Return the values of a page's tables and printed chart labels, from top to bottom."""
    layout = lay_out(reading)
    charts = [region.rect for region in reading.regions if region.kind in {"chart", "picture"}]
    notes = " ".join(segment.text for row in layout.rows for segment in row.segments if len(segment.words) < PROSE_WORDS)
    marked = [_marked(mark, notes) for mark in marks(layout)]
    placed = {cell.rect for cell in marked}
    found = [cell for block in _blocks(layout) for cell in _block_cells(block, notes) if cell.rect not in placed] + marked
    return tuple(cell._replace(source="chart") if any(_holds(chart, cell.rect) for chart in charts) else cell for cell in found)


def _marked(mark: Mark, notes: str) -> Cell:
    scale, currency = stated(mark.title, notes)
    number, rect = mark.number, hull([mark.number.rect, mark.category.rect])
    name = mark.category.text
    return Cell(
        text=number.text,
        amount=amounts(number.text)[0],
        rect=number.rect,
        row_rect=rect,
        row_text=number.text,
        label=name,
        stub=name,
        section="",
        header="",
        period="",
        title=mark.title,
        scale=scale,
        currency=currency,
        block=0,
        row=mark.row,
        source="chart",
    )


def _holds(outer: Rect, inner: Rect) -> bool:
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return outer.x0 <= x <= outer.x1 and outer.y0 <= y <= outer.y1


def _blocks(layout: Layout) -> Iterator[_Block]:
    """Cut the page where prose stands, where a wide gap is, and where new column headings follow data."""
    headers: tuple[Row, ...] = ()
    cuts = [0, *(i for i in range(1, len(layout.rows)) if _starts_block(layout, i)), len(layout.rows)]
    for number, (start, end) in enumerate(pairwise(cuts), start=1):
        rows = layout.rows[start:end]
        lead = next((i for i, row in enumerate(rows) if is_data(row)), 0)
        own, title = _heads(layout, start, start + lead)
        headers = own or headers
        yield _Block(number, start + lead, title, headers, rows[lead:])


def _starts_block(layout: Layout, at: int) -> bool:
    row, above = layout.rows[at], layout.rows[at - 1]
    if is_prose(row) != is_prose(above) or row.rect.y0 - above.rect.y1 > 3.5 * layout.height:
        return True
    is_aligned = is_data(above) and abs(row.rect.x0 - above.rect.x0) < layout.height
    return _is_heading(row) and not _is_heading(above) and not is_aligned


def _is_heading(row: Row) -> bool:
    """True for words side by side without a value: column headings, or a row of a table of words."""
    return len(row.segments) >= 2 and not is_data(row) and not is_prose(row) and not is_empty(row.segments[-1])


def _heads(layout: Layout, start: int, end: int) -> tuple[tuple[Row, ...], str]:
    """Return the rows of column headings right above row `end` and the words above the table."""
    top = end
    while top > max(0, end - 6) and not is_prose(layout.rows[top - 1]) and not is_data(layout.rows[top - 1]):
        top -= 1
    above = layout.rows[max(0, min(start, top - 2)) : end]
    return tuple(layout.rows[top:end]), " ".join(segment.text for row in above[-8:] for segment in row.segments)


def _block_cells(block: _Block, notes: str) -> Iterator[Cell]:
    note = " ".join([block.title, *(s.text for row in block.headers for s in row.segments)])
    scale, currency = stated(note, notes)
    sections: list[Segment] = []
    for number, row in enumerate(block.rows, start=block.first):
        if len(row.segments) == 1 and not is_measure(row.segments[0]):
            sections = [*[s for s in sections if s.rect.x0 < row.rect.x0 - 2][-2:], row.segments[0]]
            continue
        section = " ".join(s.text for s in sections if s.rect.x0 <= row.rect.x0 + 4) + _quarter(note, row.segments[0].text)
        period = ""
        for label, cell in _values(row):
            left = max((s.rect.x1 for s in row.segments if s.rect.x1 <= cell.rect.x0), default=0.0)
            header = _header(block, number - block.first, cell, left)
            period = header if years(header) else period
            amount = next(iter(amounts(cell.text)), None) if is_measure(cell) else None
            yield Cell(
                text=cell.text,
                amount=amount,
                rect=cell.rect,
                row_rect=hull([label.rect, cell.rect]) if label else cell.rect,
                row_text=_between(row, label, cell),
                label=label.text if label else "",
                stub=row.segments[0].text,
                section=section,
                header=header,
                period="" if years(header) else period,
                title=block.title,
                scale=scale,
                currency=currency,
                block=block.number,
                row=number,
                source="table",
            )


def _quarter(note: str, label: str) -> str:
    """Name the quarter where a table by quarters prints the days on which they end."""
    month = re.match(r"(Mar|Jun|Sep|Dec)", label)
    return f" Q{'MJSD'.index(month[0][0]) + 1}" if month and "quarter" in note.lower() else ""


def _values(row: Row) -> Iterator[tuple[Segment | None, Segment]]:
    """Pair each value of a row with the nearest words to its left."""
    label: Segment | None = None
    for at, segment in enumerate(row.segments):
        if is_empty(segment):
            continue
        if not (is_bare(segment) if at == 0 else is_measure(segment)):
            if label is not None and len(segment.words) <= CELL_WORDS and len(row.segments[0].words) <= CELL_WORDS:
                yield row.segments[0], segment
            label = segment
            continue
        for part in _numbers(segment):
            yield label, part
        if at == 0:
            label = segment


def _numbers(segment: Segment) -> list[Segment]:
    """Cut "1,234 1,100" into two: numbers side by side without words."""
    if numbers_in(segment):
        return [segment_of([word]) for word in segment.words]
    return [segment]


def _between(row: Row, label: Segment | None, cell: Segment) -> str:
    start = label.rect.x0 if label else cell.rect.x0
    return " ".join(s.text for s in row.segments if start <= s.rect.x0 <= cell.rect.x0)


def _header(block: _Block, at: int, cell: Segment, left: float) -> str:
    """Join the headings over `cell`; `left` is where the words before it in its row end."""
    text_rows = [row for row in block.rows[:1] if at > 0 and not is_data(row)]
    over = (heading for row in (*block.headers, *text_rows) for heading in _over(row, cell, left))
    return " ".join(heading.text for heading in over if len(heading.words) <= CELL_WORDS)


def _over(row: Row, cell: Segment, left: float) -> list[Segment]:
    """Return the segments of a heading row that overlap `cell` from side to side, else the nearest one in its column."""
    if len(row.segments) == 1 and row.rect.x0 < left and not years(row.segments[0].text):
        return []  # a title
    over = [s for s in row.segments if min(s.rect.x1, cell.rect.x1) > max(s.rect.x0, cell.rect.x0)]
    column = [s for s in row.segments if left < s.rect.x0 and s.rect.x1 < cell.rect.x1]
    return over or column[-1:]


def stated(*notes: str) -> tuple[int, str | None]:
    """Return the factor and the currency that the nearest of `notes` states."""
    found = next((match for note in notes if (match := _SCALE.search(note))), None)
    key = (found["word"] or found["short"].strip("$€£ ")[0]).lower() if found else ""
    code = next((match for note in notes if (match := _CODE.search(note))), None)
    currency = (code[1] or CURRENCIES.get(code[2] or "") or {"dollar": "USD", "euro": "EUR"}.get((code[3] or "").lower())) if code else None
    return _FACTORS.get(key, 1), currency.upper() if currency else None
