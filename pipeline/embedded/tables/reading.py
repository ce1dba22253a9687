"""One table read from the images of its parts."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.reading import Rect
from pipeline.embedded.tables.breaks import kind_after_break
from pipeline.embedded.tables.grid import GridCell
from pipeline.embedded.tables.meaning import n_header_rows, n_label_columns, n_repeated_headers, row_kinds
from pipeline.embedded.tables.notes import currency_of, notes_around, scale_of, unit_of
from pipeline.embedded.tables.parts import aligned
from pipeline.embedded.tables.skew import turned
from pipeline.embedded.tables.structure import PartGrid, read_part
from schemas.extraction import ModelBox, ReadCell, ReadRow, RowKind, TableReading


class TablePart(NamedTuple):
    """A crop (height, width, 3; RGB) with a margin around the table, and where in it, in pixels, the table was located."""

    image: NDArray[np.uint8]
    box: Rect


def read_table(parts: Sequence[TablePart]) -> TableReading:
    """Return the table that `parts` show, its rows in the order of the images."""
    read = [read_part(part.image, part.box) for part in parts]
    grids = [part._replace(grid=grid) for part, grid in zip(read, aligned([part.grid for part in read]), strict=True)]
    first = grids[0].grid
    headers = n_header_rows(first)
    headings = [" ".join(cell.text for cell in row if cell.text) for row in first.rows()[:headers]]
    rows = tuple(_over_breaks([_rows(part, i, headers, headings) for i, part in enumerate(grids)]))
    around = [notes_around(part.lines, part.rect) for part in grids]
    stated = " ".join([*around[0][:2], *headings])
    amounts = " ".join(cell.text for cell in first.cells)
    return TableReading(
        title=around[0].title or None,
        footnotes=tuple(note for notes in around for note in notes.footnotes),
        unit=unit_of(stated),
        scale=scale_of(stated),
        currency=currency_of(stated) or currency_of(amounts),
        n_cols=max(part.grid.n_cols for part in grids),
        n_row_header_cols=n_label_columns(first, headers),
        n_rows=len(rows),
        rows=rows,
    )


def _rows(part: PartGrid, index: int, headers: int, headings: Sequence[str]) -> list[ReadRow]:
    repeated = headers if index == 0 else n_repeated_headers(part.grid, headings)
    kinds = row_kinds(part.grid, repeated)
    return [
        ReadRow(image=index + 1, kind=_repeated(kind, index), cells=tuple(_cell(cell, part) for cell in cells))
        for kind, cells in zip(kinds, part.grid.rows(), strict=True)
    ]


def _over_breaks(parts: Sequence[Sequence[ReadRow]]) -> Iterator[ReadRow]:
    """Yield the rows of all parts; the first of a later one may be the rest of the row before, or print a running total again."""
    before: ReadRow | None = None
    for rows in parts:
        first = next((number for number, row in enumerate(rows) if row.kind not in {"header", "repeated_header"}), len(rows))
        yield from rows[:first]
        for number, row in enumerate(rows[first:]):
            kind = kind_after_break(row, before) if before and number == 0 else row.kind
            yield row.model_copy(update={"kind": kind})
        before = rows[-1] if rows else before


def _repeated(kind: RowKind, index: int) -> RowKind:
    return "repeated_header" if kind == "header" and index else kind


def _cell(cell: GridCell, part: PartGrid) -> ReadCell:
    return ReadCell(text=cell.text, row_span=cell.row_span, col_span=cell.col_span, box=_model_box(cell.rect, part))


def _model_box(upright: Rect, part: PartGrid) -> ModelBox:
    rect = turned(upright, part.angle, part.width, part.height)
    box = (rect.x0 / part.width, rect.y0 / part.height, rect.x1 / part.width, rect.y1 / part.height)
    return tuple(min(max(round(1000 * side), 0), 1000) for side in box)
