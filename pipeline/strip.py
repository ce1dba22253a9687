"""Lay the rows read of the parts of a table one below the other, pure: what one strip of columns says, on however many pages.

What a page break adds is taken out again, and counted: headings, sections and running totals that are printed again are dropped, the
rest of a row that the break cut is joined to it. A total "carried forward" stays, as a total: it is a sum of the rows above and printed
nowhere else. The same total "brought forward" on the next page is dropped if it repeats the amounts, and stays if it does not.
Positions follow HTML: a cell takes the first free column of its row, and spans cover the ones to the right and below.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from schemas.document import Box
from schemas.extraction import ReadCell, RowKind, TableReading
from schemas.located import Located

_CONTINUED = re.compile(r"\W*\b(?:continued|cont['’]?d|cont)\b\W*$", re.IGNORECASE)


class PartialReading(NamedTuple):
    """One reply about a table: its rows speak of these parts, seen in these crops, in order."""

    reading: TableReading
    parts: Sequence[Located]
    crops: Sequence[Box]


class SeenRow(NamedTuple):
    """A row as read, and where: `part` counts the parts of the strip."""

    kind: RowKind
    cells: tuple[ReadCell, ...]
    part: int
    crop: Box


class PlacedCell(NamedTuple):
    """A cell at its 0-based place in the strip, and the row as which it was read."""

    row: int
    col: int
    cell: ReadCell
    source: SeenRow


class Strip(NamedTuple):
    """The rows of some columns of a table, over all parts that show them."""

    kinds: tuple[RowKind, ...]
    """Of each row."""
    cells: tuple[PlacedCell, ...]
    ranges: tuple[tuple[int, int], ...]
    """The rows, half-open, that each part shows; a row that the page break cut is in two."""
    dropped: tuple[SeenRow, ...]
    n_joined_rows: int
    n_joined_cells: int

    @property
    def n_cols(self) -> int:
        """How many columns there are."""
        return max((at.col + at.cell.col_span for at in self.cells), default=0)

    @property
    def n_header_rows(self) -> int:
        """How many rows at the top are headings."""
        return next((number for number, kind in enumerate(self.kinds) if kind != "header"), len(self.kinds))

    def column(self, col: int) -> dict[int, str]:
        """Return the texts of the cells that begin in a column, by row."""
        return {at.row: at.cell.text for at in self.cells if at.col == col}


def lay(readings: Sequence[PartialReading], parts: Sequence[Located]) -> Strip:
    """Return the strip that `readings`, in order, make of its `parts`."""
    kept, dropped = _sorted_out(_seen(readings, [part.page_no for part in parts]))
    numbers = _numbers(kept)
    cells, n_joined_cells = _folded(_placed(kept), numbers)
    kinds = {number: row.kind for row, number in zip(reversed(kept), reversed(numbers), strict=True)}
    return Strip(
        kinds=tuple(kinds[number] for number in sorted(kinds)),
        cells=cells,
        ranges=_ranges(kept, numbers, len(parts)),
        dropped=tuple(dropped),
        n_joined_rows=len(kept) - len(kinds),
        n_joined_cells=n_joined_cells,
    )


def squashed(text: str) -> str:
    """Return a text as it is compared: without spaces, and in lower case."""
    return "".join(text.split()).casefold()


def _seen(readings: Sequence[PartialReading], pages: Sequence[int]) -> list[SeenRow]:
    """Return all rows with their parts, which never go back: a row cannot stand before the one above it."""
    rows: list[SeenRow] = []
    for reading, shown, crops in readings:
        numbers = [pages.index(part.page_no) for part in shown]
        for row in reading.rows:
            told = numbers[min(len(shown) - 1, max(0, row.image - 1))]
            part = max(told, rows[-1].part if rows else 0)
            rows.append(SeenRow(row.kind, row.cells, part, crops[numbers.index(part)]))
    return rows


def _sorted_out(rows: Sequence[SeenRow]) -> tuple[list[SeenRow], list[SeenRow]]:
    """Return the rows that stay and those that print again what is there."""
    kept: list[SeenRow] = []
    dropped: list[SeenRow] = []
    for row in rows:
        if kept and _is_printed_again(row, kept):
            dropped.append(row)
        else:
            kept.append(row._replace(kind=_own_kind(row, kept)))
    return kept, dropped


def _is_printed_again(row: SeenRow, kept: Sequence[SeenRow]) -> bool:
    is_first = kept[-1].part < row.part
    match row.kind:
        case "repeated_header":
            return True
        case "header":
            return not _is_beside(row, kept[0]) and _key(row) in {
                _key(old) for old in kept if old.kind == "header" and _is_beside(old, kept[0])
            }
        case "section" | "repeated":
            return is_first and (_is_section_in_force(row, kept) or (row.kind == "repeated" and _has_amounts_of(row, kept[-1])))
        case _:
            return False


def _is_beside(row: SeenRow, other: SeenRow) -> bool:
    """Tell whether two rows were seen in the same picture: a part may be shown in two bands."""
    return (row.part, row.crop) == (other.part, other.crop)


def _key(row: SeenRow) -> str:
    return "\x1f".join(squashed(cell.text) for cell in row.cells)


def _is_section_in_force(row: SeenRow, kept: Sequence[SeenRow]) -> bool:
    section = next((old for old in reversed(kept) if old.kind == "section"), None)
    if section is None or len(_texts(row)) != 1:
        return False
    text, old = (squashed(_CONTINUED.sub("", " ".join(_texts(one)))) for one in (row, section))
    return text == old or (row.kind == "repeated" and text.startswith(old))


def _has_amounts_of(row: SeenRow, last: SeenRow) -> bool:
    amounts, old = ([squashed(text) for text in _texts(one)[1:]] for one in (row, last))
    return bool(amounts) and amounts == old


def _texts(row: SeenRow) -> list[str]:
    return [cell.text for cell in row.cells if cell.text.strip()]


def _own_kind(row: SeenRow, kept: Sequence[SeenRow]) -> RowKind:
    """Return the kind of a row that stays: one that repeats nothing is a section or a total, one that continues nothing is data."""
    if row.kind == "repeated":
        return "section" if len(_texts(row)) == 1 else "total"
    if row.kind == "continued" and not _is_rest(row, kept):
        return "data"
    return row.kind


def _is_rest(row: SeenRow, kept: Sequence[SeenRow]) -> bool:
    before = next((old for old in reversed(kept) if old.kind != "continued"), None)
    is_cut = all(old.part < row.part or old.kind == "continued" for old in kept)
    return before is not None and is_cut and before.kind not in {"header", "repeated_header"}


def _numbers(kept: Sequence[SeenRow]) -> list[int]:
    """Return the row of the strip that each row becomes a part of."""
    numbers: list[int] = []
    for row in kept:
        last = numbers[-1] if numbers else -1
        numbers.append(last if row.kind == "continued" else last + 1)
    return numbers


def _placed(rows: Sequence[SeenRow]) -> list[PlacedCell]:
    placed: list[PlacedCell] = []
    taken: set[tuple[int, int]] = set()
    for number, row in enumerate(rows):
        col = 0
        for cell in row.cells:
            while (number, col) in taken:
                col += 1
            down = max(1, min(cell.row_span, len(rows) - number))
            right = max(1, cell.col_span)
            taken.update((number + i, col + j) for i in range(down) for j in range(right))
            spans = cell.model_copy(update={"row_span": down, "col_span": right})
            placed.append(PlacedCell(number, col, spans, row))
            col += right
    return placed


def _folded(placed: Sequence[PlacedCell], numbers: Sequence[int]) -> tuple[tuple[PlacedCell, ...], int]:
    """Return the cells with those of a cut row's rest joined to the ones above them, and how many were."""
    cells: list[PlacedCell] = []
    n_joined = 0
    for at in placed:
        row, end = numbers[at.row], numbers[at.row + at.cell.row_span - 1] + 1
        moved = at._replace(row=row, cell=at.cell.model_copy(update={"row_span": end - row}))
        above = next((i for i, old in enumerate(cells) if at.source.kind == "continued" and _meet(old, moved)), None)
        if above is None:
            cells.append(moved)
        else:
            cells[above] = _joined(cells[above], moved)
            n_joined += 1
    return tuple(cells), n_joined


def _meet(old: PlacedCell, new: PlacedCell) -> bool:
    is_level = old.row <= new.row < old.row + old.cell.row_span
    return is_level and old.col < new.col + new.cell.col_span and new.col < old.col + old.cell.col_span


def _joined(old: PlacedCell, rest: PlacedCell) -> PlacedCell:
    """Return the cell with the text of its rest; one that has text only there is a cell of that page."""
    texts = [text for text in (old.cell.text.strip(), rest.cell.text.strip()) if text]
    if not old.cell.text.strip():
        seen = rest.cell.model_copy(update={"row_span": old.cell.row_span, "col_span": old.cell.col_span})
        return old._replace(cell=seen, source=rest.source._replace(kind=old.source.kind))
    return old._replace(cell=old.cell.model_copy(update={"text": " ".join(texts)}))


def _ranges(kept: Sequence[SeenRow], numbers: Sequence[int], n_parts: int) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for part in range(n_parts):
        shown = [number for row, number in zip(kept, numbers, strict=True) if row.part == part]
        end = ranges[-1][1] if ranges else 0
        ranges.append((shown[0], shown[-1] + 1) if shown else (end, end))
    return tuple(ranges)
