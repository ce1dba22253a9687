"""Headings that wrap: lines of one heading that were taken for rows of their own, or words of one for columns. Pure."""

from collections.abc import Sequence

from pipeline.embedded.reading import Rect, Word
from pipeline.embedded.tables.filling import filled
from pipeline.embedded.tables.grid import Grid, GridCell, hull, inside, overlap
from pipeline.embedded.tables.rules import Rules
from pipeline.embedded.tables.tidy import joined_columns, without_empty_rows

_TIGHT = 0.35
"""Widest gap between two lines of one heading, in line heights; rows are farther apart."""
_SPACE = 0.6
"""Widest gap between two words of one heading, in line heights."""


def without_torn_columns(grid: Grid, headings: int, words: Sequence[Word]) -> Grid:
    """Return `grid` with the columns joined that hold nothing below the `headings` but words of the heading beside them."""
    for col in reversed(range(1, grid.n_cols)):
        for empty, left in ((col, col - 1), (col - 1, col - 1)):
            if grid.n_cols > 2 and _is_empty_below(grid, empty, headings) and _is_torn(grid, left, headings, words):
                grid = filled(joined_columns(grid, left), words)
                break
    return grid


def with_whole_phrases(grid: Grid, headings: int, words: Sequence[Word]) -> Grid:
    """Return `grid` with one wide cell for each phrase that was torn over columns, in all but the last of its `headings` rows."""
    for row in range(headings - 1):
        cells = [cell for cell in grid.rows()[row] if cell.row_span == 1 and cell.text]
        while len(cells) > 1:
            left, cell, *rest = cells
            if left.col + left.col_span == cell.col and _are_beside(left, cell, words):
                grid = _joined(grid, (left, cell))
                cell = next(other for other in grid.cells if (other.row, other.col) == (row, left.col))
            cells = [cell, *rest]
    return grid


def with_joined_lines(grid: Grid, headings: int, words: Sequence[Word], rules: Rules) -> Grid:
    """Return `grid` with one cell for each heading of one column, however many of the first `headings` rows its lines stand in.

    Lines are of one heading if they follow each other tightly and no rule runs between them. A place above a heading where
    nothing stands stays a cell of its own, as it is printed.
    """
    if headings < 2:
        return grid
    for col in range(grid.n_cols):
        for run in _runs(grid, col, headings, words, rules):
            grid = _joined(grid, run)
    return without_empty_rows(grid, headings)


def _is_empty_below(grid: Grid, col: int, headings: int) -> bool:
    below = [cell for cell in grid.cells if cell.row >= headings and cell.col <= col < cell.col + cell.col_span]
    return bool(below) and all(cell.col_span == 1 and not cell.text for cell in below)


def _is_torn(grid: Grid, left: int, headings: int, words: Sequence[Word]) -> bool:
    """Whether a word at the end of a heading in column `left` stands beside one at the beginning of the next column."""
    one, two = (_held(grid, col, headings, words) for col in (left, left + 1))
    return any(_is_beside(first.rect, second.rect) for first in one for second in two)


def _held(grid: Grid, col: int, headings: int, words: Sequence[Word]) -> list[Word]:
    cells = [cell for cell in grid.cells if cell.row < headings and cell.col == col and cell.col_span == 1]
    return [word for word in words if any(inside(word.rect, cell.rect) > 0.5 for cell in cells)]


def _are_beside(left: GridCell, right: GridCell, words: Sequence[Word]) -> bool:
    one, two = ([word for word in words if inside(word.rect, cell.rect) > 0.5] for cell in (left, right))
    return any(_is_beside(first.rect, second.rect) for first in one for second in two)


def _is_beside(left: Rect, right: Rect) -> bool:
    height = left.y1 - left.y0
    is_level = overlap((left.y0, left.y1), (right.y0, right.y1)) > 0.5 * height
    return is_level and -0.2 * height < right.x0 - left.x1 < _SPACE * height


def _runs(grid: Grid, col: int, headings: int, words: Sequence[Word], rules: Rules) -> list[list[GridCell]]:
    """Return the cells of a column, from top to bottom, in runs that are one heading each; only runs of several."""
    cells = sorted(cell for cell in grid.cells if cell.row + cell.row_span <= headings and cell.col == col and cell.col_span == 1)
    runs: list[list[GridCell]] = []
    for cell in cells:
        last = runs[-1] if runs else []
        if last and last[-1].row + last[-1].row_span == cell.row and _are_one(last, cell, words, rules):
            last.append(cell)
        else:
            runs.append([cell])
    return [run for run in runs if len(run) > 1 and any(cell.text for cell in run)]


def _are_one(run: Sequence[GridCell], cell: GridCell, words: Sequence[Word], rules: Rules) -> bool:
    above = [word.rect for other in run for word in words if inside(word.rect, other.rect) > 0.5]
    below = [word.rect for word in words if inside(word.rect, cell.rect) > 0.5]
    if not above or not below or _is_ruled(run[-1].rect, cell.rect, rules):
        return False
    height = max(rect.y1 - rect.y0 for rect in (*above, *below))
    return min(rect.y0 for rect in below) - max(rect.y1 for rect in above) < _TIGHT * height


def _is_ruled(upper: Rect, lower: Rect, rules: Rules) -> bool:
    """Whether a rule under the upper cell alone, or over the lower one alone, parts them."""
    top, bottom = (upper.y0 + upper.y1) / 2, (lower.y0 + lower.y1) / 2
    width = min(upper.x1 - upper.x0, lower.x1 - lower.x0)
    return any(
        top < (rule.y0 + rule.y1) / 2 < bottom and overlap((rule.x0, rule.x1), (lower.x0, lower.x1)) > 0.5 * width
        for rule in rules.horizontal
    )


def _joined(grid: Grid, run: Sequence[GridCell]) -> Grid:
    """Return `grid` with one cell for a run of cells below, or beside, each other."""
    first, last = run[0], run[-1]
    whole = first._replace(
        row_span=last.row + last.row_span - first.row,
        col_span=last.col + last.col_span - first.col,
        rect=hull(cell.rect for cell in run),
        text=" ".join(cell.text for cell in run if cell.text),
    )
    return grid._replace(cells=tuple(sorted([whole, *(cell for cell in grid.cells if cell not in run)])))
