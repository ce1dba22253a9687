"""Headings over several columns: which columns each of them covers."""

from collections.abc import Sequence

from pipeline.embedded.reading import Rect, Word
from pipeline.embedded.tables.grid import Grid, GridCell, column_sides, hull, inside, overlap, text_lines, text_of
from pipeline.embedded.tables.rules import Rules

_FLUSH = 0.3
"""How far apart, in line heights, the sides or centers of two lines of one heading may lie."""
_BETWEEN = 0.45
"""Narrowest gap, in line heights, between two headings on either side of a column's end; spaces are narrower."""
_CLEAR = 0.5
"""How far, in line heights, a heading of one column keeps from the words of the columns beside it."""


def with_row_above(grid: Grid, words: Sequence[Word], rules: Rules) -> Grid:
    """Return `grid` below a new first row that holds `words`, which were printed on one line."""
    columns = column_sides(grid)
    spans = [_covered(_around(phrase), columns, rules, words) for phrase in _phrases(words, columns)]
    return _with_spans(grid, words, spans)


def with_split_heading(grid: Grid, words: Sequence[Word], rules: Rules) -> Grid:
    """Return `grid` with its first row parted where the upper of its two lines holds a heading over several columns.

    Such a heading is as wide as the rule below it, or is out of line with the one column that it seems to stand in.
    """
    if grid.n_rows < 2 or any(cell.row_span > 1 for cell in grid.cells if cell.row == 0):
        return grid
    band = hull(cell.rect for cell in grid.cells if cell.row == 0)
    printed = text_lines([word for word in words if inside(word.rect, band) > 0.5])
    if len(printed) != 2:
        return grid
    columns = column_sides(grid)
    spans = [_heading_span(_around(phrase), grid, printed, rules) for phrase in _phrases(printed[0], columns)]
    if not any(sum(map(bool, _texts_in(columns[start:end], printed[1]))) > 1 for start, end in spans):
        return grid
    lower = (cell._replace(text=text_of(_held(printed[1], cell))) if cell.row == 0 else cell for cell in grid.cells)
    return _with_spans(grid._replace(cells=tuple(lower)), printed[0], spans)


def with_heading_spans(grid: Grid, n_headings: int, words: Sequence[Word], rules: Rules) -> Grid:
    """Return `grid` with the headings in all but the last of its `n_headings` heading rows widened over their columns."""
    for cell in grid.cells:
        if cell.row < n_headings - 1 and cell.row_span == 1 and cell.text:
            grid = _widened(grid, cell, words, rules)
    return grid


def _widened(grid: Grid, cell: GridCell, words: Sequence[Word], rules: Rules) -> Grid:
    mine = _held(words, cell)
    if not mine:
        return grid
    rows = [[word for other in grid.cells if other.row == row for word in _held(words, other)] for row in (cell.row, cell.row + 1)]
    start, end = _heading_span(_around(mine), grid, rows, rules)
    replaced = [other for other in grid.cells if other.row == cell.row and start <= other.col < end and other.col != cell.col]
    is_free = all(not other.text and other.row_span == 1 and other.col + other.col_span <= end for other in replaced)
    if not start <= cell.col < end or end - start <= cell.col_span or not is_free:
        return grid
    wide = cell._replace(col=start, col_span=end - start)
    return grid._replace(cells=tuple(sorted([wide, *(c for c in grid.cells if c != cell and c not in replaced)])))


def _heading_span(rect: Rect, grid: Grid, printed: Sequence[Sequence[Word]], rules: Rules) -> tuple[int, int]:
    """Return the first column and the end of those that a heading covers, given its line and the line below.

    Where the line below says the same in two columns, the headings above must cover several to tell them apart.
    """
    columns = column_sides(grid)
    start, end = _covered(rect, columns, rules, printed[0])
    if end - start != 1:
        return start, end
    below = _texts_in(columns, printed[1])
    is_repeated = bool(below[start]) and below.count(below[start]) > 1
    if not is_repeated and _is_aligned(rect, columns[start], printed[1]):
        return start, end
    others = [word.rect for word in printed[0] if inside(word.rect, rect) < 0.5]
    free = [not any(overlap(sides, (other.x0, other.x1)) for other in others) for sides in columns]
    starts = range(_run(free, start, -1), start + 1)
    ends = range(end, _run(free, start, 1) + 2)
    return min(((a, b) for a in starts for b in ends if b - a > 1), key=lambda span: _off_center(rect, columns, span), default=(start, end))


def _texts_in(columns: Sequence[tuple[float, float]], words: Sequence[Word]) -> list[str]:
    return [text_of([word for word in words if x0 <= (word.rect.x0 + word.rect.x1) / 2 <= x1]) for x0, x1 in columns]


def _run(free: Sequence[bool], col: int, step: int) -> int:
    """Return the last column, going from `col` by `step`, before one that is not free."""
    while 0 <= col + step < len(free) and free[col + step]:
        col += step
    return col


def _off_center(rect: Rect, columns: Sequence[tuple[float, float]], span: tuple[int, int]) -> float:
    return abs(columns[span[0]][0] + columns[span[1] - 1][1] - rect.x0 - rect.x1)


def _covered(rect: Rect, columns: Sequence[tuple[float, float]], rules: Rules, line: Sequence[Word]) -> tuple[int, int]:
    """Return the columns under a heading or under the rule below it, unless other words of its `line` share that rule."""
    height = rect.y1 - rect.y0
    others = [word.rect for word in line if inside(word.rect, rect) < 0.5]
    near = (rule for rule in rules.horizontal if -0.3 * height < rule.y0 - rect.y1 < 0.6 * height and _is_over(rect, rule))
    own = (rule for rule in near if not any(_is_over(other, rule) for other in others))
    wide = min(own, key=lambda rule: rule.x1 - rule.x0, default=rect)
    shares = (overlap(sides, (wide.x0, wide.x1)) / max(min(sides[1] - sides[0], wide.x1 - wide.x0), 1.0) for sides in columns)
    cols = [col for col, share in enumerate(shares) if share > 0.3]
    return (cols[0], cols[-1] + 1) if cols else (0, 1)


def _is_over(rect: Rect, rule: Rect) -> bool:
    return overlap((rect.x0, rect.x1), (rule.x0, rule.x1)) > 0.8 * (rect.x1 - rect.x0)


def _is_aligned(rect: Rect, column: tuple[float, float], below: Sequence[Word]) -> bool:
    """Whether a heading is flush left, centered or flush right with the words below it in its column, clear of the others."""
    held = [word.rect for word in below if column[0] <= (word.rect.x0 + word.rect.x1) / 2 <= column[1]]
    height = rect.y1 - rect.y0
    if not held:
        return True
    lower, near = hull(held), _FLUSH * height
    is_centered = abs(rect.x0 + rect.x1 - lower.x0 - lower.x1) < 2 * near
    is_flush = is_centered or abs(rect.x0 - lower.x0) < near or abs(rect.x1 - lower.x1) < near
    reach = (rect.x0 - _CLEAR * height, rect.x1 + _CLEAR * height)
    return is_flush and not any(overlap(reach, (word.rect.x0, word.rect.x1)) for word in below if word.rect not in held)


def _with_spans(grid: Grid, words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> Grid:
    """Return `grid` below a new first row, each phrase of which covers the columns of its span."""
    cells, columns = list[GridCell](), column_sides(grid)
    for phrase, (start, end) in zip(_phrases(words, columns), spans, strict=True):
        if cells and start < cells[-1].col + cells[-1].col_span:
            cells[-1] = cells[-1]._replace(text=f"{cells[-1].text} {text_of(phrase)}")
        else:
            cells.append(GridCell(0, start, 1, end - start, _around(phrase), text_of(phrase)))
    covered = {col for cell in cells for col in range(cell.col, cell.col + cell.col_span)}
    band = _around(words)
    cells += [GridCell(0, col, 1, 1, Rect(x0, band.y0, x1, band.y1), "") for col, (x0, x1) in enumerate(columns) if col not in covered]
    shifted = (cell._replace(row=cell.row + 1) for cell in grid.cells)
    return Grid(grid.n_rows + 1, grid.n_cols, (*cells, *shifted))


def _phrases(words: Sequence[Word], columns: Sequence[tuple[float, float]]) -> list[list[Word]]:
    """Return `words` of one line as phrases: parted at wide gaps, and at narrower ones where a column ends."""
    phrases: list[list[Word]] = []
    for word in words:
        last = phrases[-1][-1].rect if phrases else word.rect
        gap = (word.rect.x0 - last.x1) / max(word.rect.y1 - word.rect.y0, 1.0)
        is_between = any(last.x1 <= end <= word.rect.x0 for _, end in columns)
        if phrases and gap < (_BETWEEN if is_between else 1.0):
            phrases[-1].append(word)
        else:
            phrases.append([word])
    return phrases


def _held(words: Sequence[Word], cell: GridCell) -> list[Word]:
    return [word for word in words if inside(word.rect, cell.rect) > 0.5]


def _around(words: Sequence[Word]) -> Rect:
    return hull(word.rect for word in words)
