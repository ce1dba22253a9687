"""Join what was read of one table, pure: parts on several pages and continued replies become one logical table.

Parts below one another make a strip (`strip`); strips beside one another show further columns of the same rows. Nothing is lost: rows in =
rows out + rows printed again + rests of cut rows, for every strip; columns in = columns out + row labels printed again; and every cell
keeps the page it came from.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

from pipeline.beside import Beside, leveled, stood_beside
from pipeline.strip import PartialReading, PlacedCell, SeenRow, lay
from schemas.document import box_of_thousandths
from schemas.errors import MergeError
from schemas.extraction import TableReading
from schemas.located import ChartSite, Located, SurveyedPage, TableSite
from schemas.result import Cell, CellKind, Fragment, Table

__all__ = ["PartialReading", "merge", "next_row", "numbered", "sites"]

PATH = " › "


def sites(pages: Iterable[SurveyedPage], blank: Collection[int] = ()) -> tuple[tuple[TableSite, ...], tuple[ChartSite, ...]]:
    """Return the logical tables and the charts of surveyed pages, in reading order.

    The first table of a page that continues the last one of the page before becomes a part of it; pages on which nothing is (`blank`, or
    surveyed as such) do not come between them.
    """
    tables: list[TableSite] = []
    charts: list[ChartSite] = []
    empty = {*blank}
    for page in sorted(pages, key=lambda page: (page.doc_id, page.page_no)):
        if page.kind == "blank" and not page.tables:
            empty.add(page.page_no)
        for number, table in enumerate(page.tables):
            goes_on = number == 0 and (table.continues or table.adds_columns)
            if goes_on and tables and _ends_just_before(tables[-1], page, empty):
                tables[-1] = tables[-1].model_copy(update={"parts": (*tables[-1].parts, table)})
            else:
                tables.append(TableSite(doc_id=page.doc_id, parts=(table,)))
        charts += [ChartSite(doc_id=page.doc_id, place=chart) for chart in page.charts]
    return tuple(tables), tuple(charts)


def numbered(tables: Iterable[TableSite]) -> Iterator[tuple[int, TableSite]]:
    """Yield the tables of a document with their ordinals; one that adds columns leaves room for these to be tables of their own."""
    ordinal = 0
    for site in tables:
        yield ordinal, site
        ordinal += len(site.strips)


def merge(site: TableSite, ordinal: int, readings: Sequence[PartialReading]) -> tuple[Table, ...]:
    """Return the logical table of all replies about one site, in order; the first tells title, unit and scale.

    Strips stand beside one another if they have as many rows and, where they print the row labels again, the same ones. One that does not
    is a table of its own: columns beside the wrong rows are worse than two tables.

    Raises:
        MergeError: something that was read would be neither in a table nor counted as left out.
    """
    tables: list[tuple[int, list[Beside]]] = []
    for number, parts in enumerate(site.strips):
        pages = {part.page_no for part in parts}
        mine = [reading for reading in readings if reading.parts[0].page_no in pages]
        strip = Beside(lay(mine, parts), parts, mine)
        beside = stood_beside(tables[-1][1], strip) if tables else None
        if beside:
            tables[-1][1].append(beside)
        else:
            tables.append((ordinal + number, [strip]))
    return tuple(_table(site, first, leveled(strips)) for first, strips in tables)


def next_row(readings: Sequence[TableReading]) -> int | None:
    """Return the row to continue from, None if the promised number of rows is there or the last reply brought none."""
    have = readings[-1].first_row + len(readings[-1].rows)
    return have if readings[-1].rows and have < readings[0].n_rows else None


def _ends_just_before(table: TableSite, page: SurveyedPage, empty: Collection[int]) -> bool:
    between = range(table.parts[-1].page_no + 1, page.page_no)
    return table.doc_id == page.doc_id and table.parts[-1].page_no < page.page_no and all(number in empty for number in between)


def _table(site: TableSite, ordinal: int, strips: Sequence[Beside]) -> Table:
    readings = [reading for beside in strips for reading in beside.readings]
    first = readings[0].reading
    n_rows = max(beside.row + len(beside.strip.kinds) for beside in strips)
    n_header_rows = max(beside.strip.n_header_rows for beside in strips)
    placed = [(at, beside) for beside in strips for at in beside.cells]
    cells = [_cell(at, beside.parts, first.n_row_header_cols if beside is strips[0] else 0) for at, beside in placed]
    table = Table(
        doc_id=site.doc_id,
        ordinal=ordinal,
        title=first.title or strips[0].parts[0].title,
        caption=first.caption,
        footnotes=tuple(dict.fromkeys(note for reading in readings for note in reading.reading.footnotes)),
        unit=first.unit,
        scale=first.scale,
        currency=first.currency,
        n_rows=n_rows,
        n_cols=strips[-1].end_col,
        n_header_rows=n_header_rows,
        cells=_with_paths(sorted(cells, key=lambda cell: (cell.row, cell.col)), n_rows, n_header_rows),
        fragments=tuple(fragment for beside in strips for fragment in _fragments(beside)),
        merge_direction=_direction(strips),
        is_truncated=_is_short(readings),
        n_dropped_rows=sum(len(beside.strip.dropped) for beside in strips),
        n_joined_rows=sum(beside.strip.n_joined_rows for beside in strips),
        n_dropped_cols=sum(beside.n_labels for beside in strips),
    )
    for beside in strips:
        _insist_that_nothing_is_lost(table, beside)
    return table


def _direction(strips: Sequence[Beside]) -> Literal["none", "rows", "columns"]:
    if len(strips) > 1:
        return "columns"
    return "rows" if len(strips[0].parts) > 1 else "none"


def _insist_that_nothing_is_lost(table: Table, beside: Beside) -> None:
    """Compare what was read of a strip with what of it is in the table, and what was left out for a reason."""
    strip, seen = beside.strip, [row for reading in beside.readings for row in reading.reading.rows]
    there = [cell for cell in table.cells if beside.col <= cell.col < beside.end_col]
    n_rows = table.n_rows - beside.row + len(strip.dropped) + strip.n_joined_rows
    n_cells = len(there) + len(beside.again) + strip.n_joined_cells + sum(len(row.cells) for row in strip.dropped)
    n_seen = sum(len(row.cells) for row in seen)
    if (n_rows, n_cells) != (len(seen), n_seen):
        msg = (
            f"joining the table from page {beside.parts[0].page_no} on would lose a part of it: {len(seen)} rows with {n_seen} cells were "
            f"read, {n_rows} with {n_cells} are accounted for; please report this with the document"
        )
        raise MergeError(msg)


def _is_short(readings: Sequence[PartialReading]) -> bool:
    return any(
        next_row([reading.reading for reading in same]) is not None
        or sum(len(reading.reading.rows) for reading in same) < same[0].reading.n_rows
        for same in ([*group] for _, group in groupby(readings, key=lambda reading: tuple(reading.parts)))
    )


def _cell(at: PlacedCell, parts: Sequence[Located], n_row_header_cols: int) -> Cell:
    box = box_of_thousandths(at.cell.box)
    return Cell(
        row=at.row,
        col=at.col,
        row_span=at.cell.row_span,
        col_span=at.cell.col_span,
        kind=_kind(at.source, at.col, n_row_header_cols),
        text=at.cell.text.strip(),
        page_no=parts[at.source.part].page_no,
        box=box.within(at.source.crop) if box else None,
    )


def _kind(row: SeenRow, col: int, n_row_header_cols: int) -> CellKind:
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


def _fragments(beside: Beside) -> Iterator[Fragment]:
    with_header = {row.part for row in beside.strip.dropped if row.kind in {"header", "repeated_header"}}
    for number, (part, (start, end)) in enumerate(zip(beside.parts, beside.strip.ranges, strict=True)):
        yield Fragment(
            page_no=part.page_no,
            box=part.box,
            row_start=beside.row + start,
            row_end=beside.row + end,
            col_start=beside.col,
            col_end=beside.end_col,
            has_repeated_header=number in with_header,
        )
