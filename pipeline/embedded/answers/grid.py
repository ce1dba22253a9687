"""Values on a page with the words that say what they are: row label, section above it, column heading, table title."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from pipeline.embedded.answers.amounts import CURRENCIES, Amount, amounts, years
from pipeline.embedded.answers.layout import Layout, Row, Segment, hull, lay_out, segment_of
from pipeline.embedded.reading import Reading, Rect

_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)(?:[a-z]{3,6})?\.?"
_PERIOD = re.compile(
    rf"(?:(?:fy|cy)?\s?(?:19|20)\d\d|fy\s?['\u2019]?\d\d|q[1-4]|h[12]|{_MONTHS}(?:\s\d{{1,2}})?|[,./\-\u2013\s]|ended|years?|fiscal|months?"
    r"|(?:three|six|nine|twelve|as of|at)|\*|\(\w\))+",
    re.IGNORECASE,
)
_MEASURE = re.compile(r"[(\-\u2212\u2013+~<>≤≥±]*\s?(?:US)?[$€£¥]?\s?[(\-\u2212]?[.\d]")
_EMPTY = re.compile(r"(?:[$€£]\s?)?(?:[-\u2013\u2014\u2212*]|n/?a|nil)+|[$€£¥%)]", re.IGNORECASE)
_MARK = re.compile(r"[(\[](?:\w{1,2}|000['\u2019]?s)[)\]]|[*†‡§]+")
_SCALE = re.compile(
    r"(?:\bin\s|[$€£]|\bUSD\s|\bEUR\s|\bGBP\s|\()\s?(?P<word>thousand|million|billion)s?\b|(?P<short>[$€£]\s?(?:000s?|m|bn|k)\b)", re.IGNORECASE
)
_FACTORS = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "0": 1_000, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_CODE = re.compile(r"\b(USD|EUR|GBP|JPY|CHF|CAD|AUD|SEK|NOK|DKK|CNY|INR)\b|([$€£¥])|\b(dollar|euro)s?\b", re.IGNORECASE)
_PROSE_WORDS = 13
_CELL_WORDS = 9


class Cell(NamedTuple):
    """A value and its context. `amount` is None where the value is words; `row` counts the rows of the page from the top.

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


@lru_cache(maxsize=1024)
def cells(reading: Reading) -> tuple[Cell, ...]:
    """Return the values of a page's tables and printed chart labels, from top to bottom."""
    layout = lay_out(reading)
    charts = [region.rect for region in reading.regions if region.kind in {"chart", "picture"}]
    notes = " ".join(segment.text for row in layout.rows for segment in row.segments if len(segment.words) < _PROSE_WORDS)
    found = [cell for block in _blocks(layout) for cell in _block_cells(block, notes)]
    found += _bar_labels(layout, notes)
    return tuple(cell._replace(source="chart") if any(_holds(chart, cell.rect) for chart in charts) else cell for cell in found)


def _holds(outer: Rect, inner: Rect) -> bool:
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return outer.x0 <= x <= outer.x1 and outer.y0 <= y <= outer.y1


def is_measure(segment: Segment) -> bool:
    """True if `segment` is a number with at most a unit, and not a year or other period."""
    is_short = len(segment.words) <= 5 and _MEASURE.match(segment.text)
    return bool(is_short and not _PERIOD.fullmatch(segment.text) and amounts(segment.text))


def _is_bare(segment: Segment) -> bool:
    return is_measure(segment) and not any(word.text[:1].isalpha() or word.text[-1:].isalpha() for word in segment.words)


def _is_data(row: Row) -> bool:
    first, *others = row.segments
    return (_is_bare(first) or any(is_measure(segment) for segment in others)) and not _is_prose(row)


def _is_prose(row: Row) -> bool:
    return any(len(segment.words) >= _PROSE_WORDS for segment in row.segments)


def _blocks(layout: Layout) -> Iterator[_Block]:
    """Cut the page where prose stands, where a wide gap is, and where new column headings follow data."""
    number = 0
    headers: tuple[Row, ...] = ()
    cuts = [0, *(i for i in range(1, len(layout.rows)) if _starts_block(layout, i)), len(layout.rows)]
    for start, end in pairwise(cuts):
        rows = layout.rows[start:end]
        lead = next((i for i, row in enumerate(rows) if _is_data(row)), 0)
        own, title = _heads(layout, start, start + lead)
        headers = own or headers
        number += 1
        yield _Block(number, start + lead, title, headers, rows[lead:])


def _starts_block(layout: Layout, at: int) -> bool:
    row, above = layout.rows[at], layout.rows[at - 1]
    if _is_prose(row) != _is_prose(above) or row.rect.y0 - above.rect.y1 > 3.5 * layout.height:
        return True
    return _is_data(above) and not _is_data(row) and len(row.segments) >= 2 and not _EMPTY.fullmatch(row.segments[-1].text)


def _heads(layout: Layout, start: int, end: int) -> tuple[tuple[Row, ...], str]:
    """Return the rows of column headings right above row `end` and the words above the table."""
    top = end
    while top > max(0, end - 6) and not _is_prose(layout.rows[top - 1]) and not _is_data(layout.rows[top - 1]):
        top -= 1
    above = layout.rows[max(0, min(start, top - 2)) : end]
    return tuple(layout.rows[top:end]), " ".join(segment.text for row in above[-8:] for segment in row.segments)


def _block_cells(block: _Block, notes: str) -> Iterator[Cell]:
    note = " ".join([block.title, *(s.text for row in block.headers for s in row.segments)])
    scale, currency = _stated(note, notes)
    sections: list[Segment] = []
    for number, row in enumerate(block.rows, start=block.first):
        if len(row.segments) == 1 and not is_measure(row.segments[0]):
            sections = [s for s in sections if s.rect.x0 < row.rect.x0 - 2][-2:] + [row.segments[0]]
            continue
        section = " ".join(s.text for s in sections if s.rect.x0 <= row.rect.x0 + 4)
        for label, cell in _values(row):
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
                header=_header(block, number - block.first, cell, label.rect.x1 if label else cell.rect.x0),
                title=block.title,
                scale=scale,
                currency=currency,
                block=block.number,
                row=number,
                source="table",
            )


def _values(row: Row) -> Iterator[tuple[Segment | None, Segment]]:
    """Pair each value of a row with the nearest words to its left."""
    label: Segment | None = None
    for at, segment in enumerate(row.segments):
        if _EMPTY.fullmatch(segment.text) or (_MARK.fullmatch(segment.text) and at > 0):
            continue
        if not (_is_bare(segment) if at == 0 else is_measure(segment)):
            if label is not None and len(segment.words) <= _CELL_WORDS and len(row.segments[0].words) <= _CELL_WORDS:
                yield row.segments[0], segment
            label = segment
            continue
        for part in _numbers(segment):
            yield label, part
        if at == 0:
            label = segment


def _numbers(segment: Segment) -> list[Segment]:
    """Cut "1,234 1,100" into two: numbers side by side without words."""
    if len(segment.words) > 1 and all(_MEASURE.match(word.text) for word in segment.words):
        return [segment_of([word]) for word in segment.words]
    return [segment]


def _between(row: Row, label: Segment | None, cell: Segment) -> str:
    start = label.rect.x0 if label else cell.rect.x0
    return " ".join(s.text for s in row.segments if start <= s.rect.x0 <= cell.rect.x0)


def _header(block: _Block, at: int, cell: Segment, left: float) -> str:
    """Join the headings over `cell`; `left` is where the words before it in its row end."""
    text_rows = [row for row in block.rows[:1] if at > 0 and not _is_data(row)]
    over = (heading for row in (*block.headers, *text_rows) for heading in _over(row, cell, left))
    return " ".join(heading.text for heading in over if len(heading.words) <= _CELL_WORDS)


def _over(row: Row, cell: Segment, left: float) -> list[Segment]:
    """Return the segments of a heading row that overlap `cell` from side to side, else the nearest one in its column."""
    if len(row.segments) == 1 and row.rect.x0 < left and not years(row.segments[0].text):
        return []  # a title
    over = [s for s in row.segments if min(s.rect.x1, cell.rect.x1) > max(s.rect.x0, cell.rect.x0)]
    column = [s for s in row.segments if left < s.rect.x0 and s.rect.x1 < cell.rect.x1]
    return over or column[-1:]


def _stated(*notes: str) -> tuple[int, str | None]:
    """Return the factor and the currency that the nearest of `notes` states."""
    found = next((match for note in notes if (match := _SCALE.search(note))), None)
    key = (found["word"] or found["short"].strip("$€£ ")[0]).lower() if found else ""
    code = next((match for note in notes if (match := _CODE.search(note))), None)
    currency = (code[1] or CURRENCIES.get(code[2] or "") or {"dollar": "USD", "euro": "EUR"}.get((code[3] or "").lower())) if code else None
    return _FACTORS.get(key, 1), currency.upper() if currency else None


def _bar_labels(layout: Layout, notes: str) -> Iterator[Cell]:
    """Pair numbers without a label with the category printed below them, as over the bars of a column chart."""
    for at, row in enumerate(layout.rows):
        if len(row.segments) < 3 or any(len(s.words) > 4 or is_measure(s) for s in row.segments):
            continue
        top = next((i for i in range(at, 0, -1) if _is_prose(layout.rows[i])), 0)
        over = [(i, r) for i, r in enumerate(layout.rows[top:at], start=top) if row.rect.y0 - r.rect.y1 < 30 * layout.height]
        title = " ".join(s.text for _, r in over[:4] for s in r.segments if not is_measure(s))
        scale, currency = _stated(title, notes)
        for category, number, level in _columns(row, over):
            amount = amounts(number.text)[0]
            rect = hull([number.rect, category.rect])
            yield Cell(number.text, amount, number.rect, rect, number.text, category.text, category.text, "", "", title, scale, currency, 0, level, "chart")


def _columns(row: Row, over: Sequence[tuple[int, Row]]) -> Iterator[tuple[Segment, Segment, int]]:
    middles = [(s.rect.x0 + s.rect.x1) / 2 for s in row.segments]
    reach = min(b - a for a, b in pairwise(middles)) / 2
    for level, above in over:
        if not all(is_measure(s) for s in above.segments):
            continue
        for number in above.segments:
            middle = (number.rect.x0 + number.rect.x1) / 2
            for category, x in zip(row.segments, middles, strict=True):
                if abs(middle - x) < reach:
                    yield category, number, level
