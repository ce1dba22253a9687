"""Tables as values: one `TableSpec` gives both the drawn table and its truth."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from data.generator.truth import Region, Span, TableTruth

RowKind: TypeAlias = Literal["header", "section", "data", "total", "grand_total"]
Look: TypeAlias = Literal["rules", "ruled", "open", "banded"]


class Cell(NamedTuple):
    """A cell with the number of columns and rows that it covers.

    Only where rules show it does a cell cover several rows: without rules a label stands in the row of its baseline.
    """

    text: str
    col_span: int = 1
    row_span: int = 1


class Row(NamedTuple):
    """The cells of one row, without those that an earlier cell covers."""

    kind: RowKind
    cells: tuple[Cell, ...]


class TableSpec(NamedTuple):
    """A table to draw. `widths` are points; `subtitle` is the line under the title, such as "(in thousands)"."""

    key: str
    title: str
    rows: tuple[Row, ...]
    widths: tuple[float, ...]
    subtitle: str = ""
    look: Look = "rules"
    n_text_cols: int = 1
    wrapped_cols: tuple[int, ...] = (0,)
    scale: int | None = None
    currency: str | None = None
    footnotes: tuple[str, ...] = ()
    has_repeated_header: bool = True
    font_size: float = 8.5
    money_left: bool = False
    """Draw "$" at the left edge of its column, as accountants do."""

    @property
    def n_header_rows(self) -> int:
        """How many rows at the top are column headings."""
        return sum(row.kind == "header" for row in self.rows)


class Placed(NamedTuple):
    """A cell at its 0-based grid position."""

    row: int
    col: int
    cell: Cell


def _row(kind: RowKind, cells: Sequence[str | Cell]) -> Row:
    return Row(kind, tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells))


def head(*cells: str | Cell) -> Row:
    """A row of column headings."""
    return _row("header", cells)


def section(label: str, n_cols: int) -> Row:
    """A heading inside the table: a label and `n_cols` - 1 empty cells."""
    return _row("section", [label, *[""] * (n_cols - 1)])


def data(*cells: str | Cell) -> Row:
    """An ordinary row."""
    return _row("data", cells)


def total(*cells: str | Cell) -> Row:
    """A sum of rows above."""
    return _row("total", cells)


def grand_total(*cells: str | Cell) -> Row:
    """The last sum of a table or of a part of it."""
    return _row("grand_total", cells)


def placed_cells(rows: Sequence[Row]) -> Iterator[Placed]:
    """Each cell at the first free position of its row, as in HTML."""
    taken: set[tuple[int, int]] = set()
    for row_no, row in enumerate(rows):
        col = 0
        for cell in row.cells:
            while (row_no, col) in taken:
                col += 1
            taken |= {(row_no + down, col + right) for down in range(cell.row_span) for right in range(cell.col_span)}
            yield Placed(row_no, col, cell)


def grid(spec: TableSpec) -> list[list[str]]:
    """The text at each grid position; "" where a span covers it."""
    texts = [[""] * len(spec.widths) for _ in spec.rows]
    for place in placed_cells(spec.rows):
        texts[place.row][place.col] = place.cell.text
    return texts


def spans(spec: TableSpec) -> tuple[Span, ...]:
    """The cells that cover more than one position."""
    return tuple(
        Span(row=row, col=col, row_span=cell.row_span, col_span=cell.col_span)
        for row, col, cell in placed_cells(spec.rows)
        if cell.row_span > 1 or cell.col_span > 1
    )


def table_truth(spec: TableSpec, regions: Sequence[Region]) -> TableTruth:
    """What is true of a table that was drawn in these regions."""
    return TableTruth(
        pages=tuple(sorted({region.page for region in regions})),
        title=spec.title,
        n_header_rows=spec.n_header_rows,
        rows=tuple(tuple(row) for row in grid(spec)),
        spans=spans(spec),
        scale=spec.scale,
        currency=spec.currency,
        footnotes=spec.footnotes,
        regions=tuple(regions),
    )
