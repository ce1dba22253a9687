"""Grids made fit to read: no empty rows or columns, no column of bare currency signs, no title among the rows."""

import re

from pipeline.embedded.tables.grid import Grid, GridCell, hull

_LEADING = re.compile(r"(?:US\$|CA\$|A\$|[$€£¥]|\(|[-–—−]|\(\s*[$€£¥]|[$€£¥]\s*\()")
_TRAILING = re.compile(r"(?:\)|%|\)\s*%|%\s*\)|[*†‡]+)")

_DASHES = frozenset("-–—−")


def tidied(grid: Grid) -> Grid:
    """Return `grid` without empty rows and columns, signs in columns of their own joined to their numbers."""
    joined = without_empty(grid)
    for col in reversed(range(joined.n_cols - 1)):
        if _is_all(joined, col, _LEADING) or _is_all(joined, col + 1, _TRAILING):
            joined = joined_columns(joined, col)
    return joined


def without_empty(grid: Grid) -> Grid:
    """Return `grid` without the rows and columns in which no cell has text."""
    rows = {cell.row for cell in grid.cells if cell.text}
    cols = {cell.col for cell in grid.cells if cell.text}
    return _kept(grid, rows, cols)


def without_empty_rows(grid: Grid, count: int) -> Grid:
    """Return `grid` without those of its first `count` rows in which no cell with text begins."""
    begun = {cell.row for cell in grid.cells if cell.text}
    return _kept(grid, {row for row in range(grid.n_rows) if row >= count or row in begun}, set(range(grid.n_cols)))


def without_rows(grid: Grid, count: int) -> Grid:
    """Return `grid` without its first `count` rows; a cell that spans into the rest keeps its rest."""
    return _kept(grid, set(range(count, grid.n_rows)), set(range(grid.n_cols)))


def without_last_row(grid: Grid) -> Grid:
    """Return `grid` without its last row."""
    return _kept(grid, set(range(grid.n_rows - 1)), set(range(grid.n_cols)))


def _kept(grid: Grid, rows: set[int], cols: set[int]) -> Grid:
    row_at, col_at = _numbering(rows, grid.n_rows), _numbering(cols, grid.n_cols)
    cells = []
    for cell in grid.cells:
        row, row_end = row_at[cell.row], row_at[cell.row + cell.row_span]
        col, col_end = col_at[cell.col], col_at[cell.col + cell.col_span]
        if row_end > row and col_end > col:
            cells.append(cell._replace(row=row, col=col, row_span=row_end - row, col_span=col_end - col))
    return Grid(len(rows), len(cols), tuple(cells))


def _numbering(kept: set[int], size: int) -> list[int]:
    """Return for each old position, and the end, how many kept positions are before it."""
    return [sum(other < place for other in kept) for place in range(size + 1)]


def _is_all(grid: Grid, col: int, pattern: re.Pattern[str]) -> bool:
    """Whether a column holds, below its headings, nothing but signs of `pattern`, and not dashes alone."""
    cells = sorted(cell for cell in grid.cells if cell.col == col and cell.col_span == 1 and cell.text)
    signs = [bool(pattern.fullmatch(cell.text)) for cell in cells]
    is_below = sum(signs) > 0.5 * len(signs) and all(signs[signs.index(True) :])
    return is_below and any(cell.text not in _DASHES for cell, is_sign in zip(cells, signs, strict=True) if is_sign)


def joined_columns(grid: Grid, col: int) -> Grid:
    """Return `grid` with column `col` and the one after it made one."""
    cells: list[GridCell] = []
    left = {cell.row: cell for cell in grid.cells if cell.col + cell.col_span == col + 1}
    for cell in grid.cells:
        if cell.col <= col < cell.col + cell.col_span - 1:
            cells.append(cell._replace(col_span=cell.col_span - 1))
        elif cell.col == col + 1:
            cells.append(_merged(left.pop(cell.row, cell), cell))
        elif cell.col > col + 1:
            cells.append(cell._replace(col=cell.col - 1))
        elif cell.col + cell.col_span != col + 1:
            cells.append(cell)
    return Grid(grid.n_rows, grid.n_cols - 1, tuple(cells + [cell for cell in left.values() if cell.text]))


def _merged(left: GridCell, right: GridCell) -> GridCell:
    if left is right:
        return right._replace(col=right.col - 1)
    return right._replace(
        col=left.col,
        col_span=left.col_span + right.col_span - 1,
        rect=hull((left.rect, right.rect)),
        text=_spliced(left.text, right.text),
    )


def _spliced(left: str, right: str) -> str:
    return left + right if not left or not right or _LEADING.fullmatch(left) or _TRAILING.fullmatch(right) else f"{left} {right}"
