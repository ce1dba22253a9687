"""Where numbers stand in rows on a page, pure: the text layer's lines in, bands of the page out.

A table or chart can only be located by the survey. Before it, this is what tells how much there will be to read: rows that hold a number
beside other text, and how far down they follow each other. How far the guess is from what runs read is in docs/scale.md.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.document import NumberBand

# A number as tables and axes print it, or the dash that stands for one.
_NUMBER = re.compile(r"[(\-–+]?\s?[$€£¥]?\s?\d[\d,.\s]*[%)]*|[—–-]")
MOST_GAP = 3.0
"""Row heights between two rows of a band: a section heading may stand between them."""
FEWEST_ROWS = 3


class Line(NamedTuple):
    """A run of text without a wide gap: in a table, a cell. Edges in parts of the upright page."""

    text: str
    y0: float
    y1: float


class _Row(NamedTuple):
    y0: float
    y1: float
    n_cells: int
    has_number: bool


def number_bands(lines: Iterable[Line]) -> tuple[NumberBand, ...]:
    """Return the bands of the page in which rows of numbers follow each other, from top to bottom."""
    bands: list[list[_Row]] = []
    for row in _rows(sorted(lines, key=lambda line: (line.y0 + line.y1) / 2)):
        if not (row.has_number and row.n_cells > 1):
            continue
        if bands and row.y0 - bands[-1][-1].y1 <= MOST_GAP * (row.y1 - row.y0):
            bands[-1].append(row)
        else:
            bands.append([row])
    found = [_band(rows) for rows in bands if len(rows) >= FEWEST_ROWS]
    return tuple(band for band in found if 0 <= band.y0 < band.y1 <= 1)  # text may lie outside the page


def _rows(lines: Sequence[Line]) -> Iterable[_Row]:
    row: list[Line] = []
    for line in lines:
        if row and (line.y0 + line.y1) / 2 > row[0].y1:
            yield _row(row)
            row = []
        row.append(line)
    if row:
        yield _row(row)


def _row(cells: Sequence[Line]) -> _Row:
    numbers = any(_NUMBER.fullmatch(cell.text) for cell in cells)
    return _Row(min(cell.y0 for cell in cells), max(cell.y1 for cell in cells), len(cells), numbers)


def _band(rows: Sequence[_Row]) -> NumberBand:
    top, bottom = max(0.0, rows[0].y0), min(1.0, max(row.y1 for row in rows))
    return NumberBand(round(top, 4), round(bottom, 4), sum(row.n_cells for row in rows))
