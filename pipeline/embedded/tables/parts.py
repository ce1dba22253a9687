"""The same columns for all parts of a table, whatever each image alone showed of them."""

from collections.abc import Sequence

from pipeline.embedded.reading import Rect
from pipeline.embedded.tables.grid import Grid, GridCell, column_sides, hull


def aligned(grids: Sequence[Grid]) -> tuple[Grid, ...]:
    """Return `grids` with as many columns each as the one with the most rows, columns matched by their place in the table."""
    model = max(grids, key=lambda grid: grid.n_rows)
    return tuple(grid if grid.n_cols == model.n_cols or not grid.cells else _fitted(grid, model) for grid in grids)


def _fitted(grid: Grid, model: Grid) -> Grid:
    centers = _centers(model)
    target = [min(range(len(centers)), key=lambda i: abs(centers[i] - center)) for center in _centers(grid)]
    placed: dict[tuple[int, int], GridCell] = {}
    for cell in grid.cells:
        col, end = target[cell.col], target[cell.col + cell.col_span - 1] + 1
        moved = cell._replace(col=col, col_span=end - col)
        held = placed.get((cell.row, col))
        placed[cell.row, col] = moved if held is None else _joined(held, moved)
    return Grid(grid.n_rows, model.n_cols, tuple(sorted([*placed.values(), *_gaps(placed, grid.n_rows, model)])))


def _centers(grid: Grid) -> list[float]:
    """Return the middle of each column as a share of the table's width."""
    table = hull(cell.rect for cell in grid.cells)
    return [((x0 + x1) / 2 - table.x0) / max(table.x1 - table.x0, 1.0) for x0, x1 in column_sides(grid)]


def _joined(left: GridCell, right: GridCell) -> GridCell:
    text = " ".join(text for text in (left.text, right.text) if text)
    end = max(left.col + left.col_span, right.col + right.col_span)
    return left._replace(text=text, rect=hull((left.rect, right.rect)), col_span=end - left.col)


def _gaps(placed: dict[tuple[int, int], GridCell], n_rows: int, model: Grid) -> list[GridCell]:
    """Return an empty cell for each position that no placed cell covers."""
    covered = {
        (cell.row + down, cell.col + right) for cell in placed.values() for down in range(cell.row_span) for right in range(cell.col_span)
    }
    rows = {row: hull(cell.rect for cell in placed.values() if cell.row <= row < cell.row + cell.row_span) for row in range(n_rows)}
    table = hull(rows.values())
    return [
        GridCell(row, col, 1, 1, Rect(table.x0, rows[row].y0, table.x1, rows[row].y1), "")
        for row in range(n_rows)
        for col in range(model.n_cols)
        if (row, col) not in covered
    ]
