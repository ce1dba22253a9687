"""Join what was read of one table, pure: parts on several pages and continued replies become one logical table.

Nothing is lost: rows in = rows out + repeated headers dropped, and every row keeps the page it came from. Positions follow HTML: a cell
takes the first free column of its row, and spans cover the ones to the right and below.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from schemas.document import Box, box_of_thousandths
from schemas.extraction import ReadCell, RowKind, TableReading
from schemas.located import ChartSite, Located, SurveyedPage, TableSite
from schemas.result import Cell, CellKind, Fragment, Table

PATH = " › "


class PartialReading(NamedTuple):
    """One reply about a table: its rows speak of these parts, seen in these crops, in order."""

    reading: TableReading
    parts: Sequence[Located]
    crops: Sequence[Box]


class _Row(NamedTuple):
    kind: RowKind
    cells: tuple[ReadCell, ...]
    part: Located
    crop: Box


class _Placed(NamedTuple):
    row: int
    col: int
    source: _Row
    cell: ReadCell


def sites(pages: Iterable[SurveyedPage]) -> tuple[tuple[TableSite, ...], tuple[ChartSite, ...]]:
    """Return the logical tables and the charts of surveyed pages, in reading order.

    The first table of a page that continues the last one of the page before becomes a part of it.
    """
    tables: list[TableSite] = []
    charts: list[ChartSite] = []
    for page in sorted(pages, key=lambda page: (page.doc_id, page.page_no)):
        for number, table in enumerate(page.tables):
            if number == 0 and table.continues and tables and _ends_just_before(tables[-1], page):
                tables[-1] = tables[-1].model_copy(update={"parts": (*tables[-1].parts, table)})
            else:
                tables.append(TableSite(doc_id=page.doc_id, parts=(table,)))
        charts += [ChartSite(doc_id=page.doc_id, place=chart) for chart in page.charts]
    return tuple(tables), tuple(charts)


def merge(site: TableSite, ordinal: int, readings: Sequence[PartialReading]) -> Table:
    """Return the logical table of all replies about one site, in order; the first tells title, unit and scale."""
    first = readings[0].reading
    rows, dropped = _without_repeated_headers([row for reading in readings for row in _rows(reading)])
    placed = _placed([row.cells for row in rows], rows)
    n_cols = max((at.col + at.cell.col_span for at in placed), default=0)
    n_header_rows = next((number for number, row in enumerate(rows) if row.kind != "header"), len(rows))
    cells = _with_paths([_cell(at, first.n_row_header_cols) for at in placed], len(rows), n_header_rows)
    return Table(
        doc_id=site.doc_id,
        ordinal=ordinal,
        title=first.title or site.parts[0].title,
        caption=first.caption,
        footnotes=tuple(dict.fromkeys(note for reading in readings for note in reading.reading.footnotes)),
        unit=first.unit,
        scale=first.scale,
        currency=first.currency,
        n_rows=len(rows),
        n_cols=n_cols,
        n_header_rows=n_header_rows,
        cells=cells,
        fragments=_fragments(site.parts, rows, n_cols, {part.page_no for part in dropped}),
        merge_direction="rows" if len(site.parts) > 1 else "none",
        is_truncated=_is_short(readings),
        n_dropped_rows=len(dropped),
    )


def next_row(readings: Sequence[TableReading]) -> int | None:
    """Return the row to continue from, None if the promised number of rows is there or the last reply brought none."""
    have = readings[-1].first_row + len(readings[-1].rows)
    return have if readings[-1].rows and have < readings[0].n_rows else None


def _ends_just_before(table: TableSite, page: SurveyedPage) -> bool:
    return table.doc_id == page.doc_id and table.parts[-1].page_no == page.page_no - 1


def _is_short(readings: Sequence[PartialReading]) -> bool:
    return any(
        next_row([reading.reading for reading in same]) is not None
        or sum(len(reading.reading.rows) for reading in same) < same[0].reading.n_rows
        for same in ([*group] for _, group in groupby(readings, key=lambda reading: tuple(reading.parts)))
    )


def _rows(partial: PartialReading) -> list[_Row]:
    last = len(partial.parts) - 1
    numbers = [min(last, max(0, row.image - 1)) for row in partial.reading.rows]
    return [
        _Row(row.kind, row.cells, partial.parts[number], partial.crops[number])
        for row, number in zip(partial.reading.rows, numbers, strict=True)
    ]


def _without_repeated_headers(rows: Sequence[_Row]) -> tuple[list[_Row], list[Located]]:
    """Drop header rows after the first part's; the parts they stood on are returned, one for each."""
    kept: list[_Row] = []
    dropped: list[Located] = []
    headers = {_key(row) for row in rows if row.kind == "header" and row.part == rows[0].part}
    for row in rows:
        repeats = row.kind == "repeated_header" or (row.kind == "header" and row.part != rows[0].part and _key(row) in headers)
        if repeats and kept:
            dropped.append(row.part)
        else:
            kept.append(row)
    return kept, dropped


def _key(row: _Row) -> str:
    return "\x1f".join("".join(cell.text.split()).casefold() for cell in row.cells)


def _placed(grid: Sequence[tuple[ReadCell, ...]], rows: Sequence[_Row]) -> list[_Placed]:
    placed: list[_Placed] = []
    taken: set[tuple[int, int]] = set()
    for number, cells in enumerate(grid):
        col = 0
        for cell in cells:
            while (number, col) in taken:
                col += 1
            down = max(1, min(cell.row_span, len(grid) - number))
            right = max(1, cell.col_span)
            taken.update((number + i, col + j) for i in range(down) for j in range(right))
            spans = cell.model_copy(update={"row_span": down, "col_span": right})
            placed.append(_Placed(number, col, rows[number], spans))
            col += right
    return placed


def _cell(at: _Placed, n_row_header_cols: int) -> Cell:
    box = box_of_thousandths(at.cell.box)
    return Cell(
        row=at.row,
        col=at.col,
        row_span=at.cell.row_span,
        col_span=at.cell.col_span,
        kind=_kind(at.source, at.col, n_row_header_cols),
        text=at.cell.text.strip(),
        page_no=at.source.part.page_no,
        box=box.within(at.source.crop) if box else None,
    )


def _kind(row: _Row, col: int, n_row_header_cols: int) -> CellKind:
    match row.kind:
        case "header" | "repeated_header":
            return "column_header"
        case "section" | "total":
            return row.kind
        case _:
            return "row_header" if col < n_row_header_cols else "data"


def _with_paths(cells: Sequence[Cell], n_rows: int, n_header_rows: int) -> tuple[Cell, ...]:
    """Give every cell below the headings the labels that lead to it: its section and row label, and its column's headings."""
    row_paths = _row_paths(cells, n_rows, n_header_rows)
    col_paths = _col_paths(cells, n_header_rows)
    return tuple(
        cell
        if cell.row < n_header_rows
        else cell.model_copy(update={"row_path": row_paths[cell.row], "col_path": col_paths.get(cell.col, "")})
        for cell in cells
    )


def _row_paths(cells: Sequence[Cell], n_rows: int, n_header_rows: int) -> list[str]:
    labels: list[list[str]] = [[] for _ in range(n_rows)]
    sections: dict[int, str] = {}
    for cell in cells:
        if cell.row < n_header_rows or not cell.text:
            continue
        if cell.kind == "section":
            sections[cell.row] = " ".join(filter(None, (sections.get(cell.row), cell.text)))
        elif cell.kind == "row_header" or (cell.kind == "total" and cell.col == 0):
            for row in range(cell.row, cell.row + cell.row_span):
                labels[row].append(cell.text)
    section, paths = "", []
    for row in range(n_rows):
        section = sections.get(row, section)
        paths.append(PATH.join(filter(None, [section, *labels[row]])))
    return paths


def _col_paths(cells: Sequence[Cell], n_header_rows: int) -> dict[int, str]:
    headings: dict[int, list[str]] = {}
    for cell in cells:
        if cell.row < n_header_rows and cell.text:
            for col in range(cell.col, cell.col + cell.col_span):
                headings.setdefault(col, []).append(cell.text)
    return {col: PATH.join(dict.fromkeys(texts)) for col, texts in headings.items()}


def _fragments(parts: Sequence[Located], rows: Sequence[_Row], n_cols: int, repeated: set[int]) -> tuple[Fragment, ...]:
    fragments = []
    start = 0
    for part in parts:
        end = start + sum(row.part is part or row.part == part for row in rows)
        fragments.append(
            Fragment(
                page_no=part.page_no,
                box=part.box,
                row_start=start,
                row_end=end,
                col_start=0,
                col_end=n_cols,
                has_repeated_header=part.page_no in repeated,
            )
        )
        start = end
    return tuple(fragments)
