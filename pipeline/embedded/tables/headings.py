"""Headings that the located grid left out, and titles that it took for a row."""

from collections.abc import Sequence

from pipeline.embedded.reading import Line, Rect, Word
from pipeline.embedded.tables.grid import Grid, GridCell, hull, inside, overlap, text_lines, text_of
from pipeline.embedded.tables.rules import Rules
from pipeline.embedded.tables.tidy import without_rows

_REACH = 5.0
"""How far above the grid, in line heights, the rule at the top of a table is looked for."""


def without_title(grid: Grid) -> Grid:
    """Return `grid` without the lines at its top that only its first column holds: they are the title, not headings."""
    rows = grid.rows()
    count = 0
    while count < min(len(rows) - 2, 3) and _is_title(rows[count], grid.n_cols):
        count += 1
    return without_rows(grid, count) if count else grid


def _is_title(cells: Sequence[GridCell], n_cols: int) -> bool:
    texts = [cell for cell in cells if cell.text]
    return n_cols > 1 and len(texts) == 1 and texts[0].col == 0 and texts[0].row_span == 1


def with_headings_above(grid: Grid, lines: Sequence[Line], rules: Rules) -> Grid:
    """Return `grid` with the lines between it and the rule at the table's top as further rows."""
    if not grid.cells:
        return grid
    table = hull(cell.rect for cell in grid.cells)
    top = _top_rule(table, rules, _row_height(grid))
    words = [word for line in lines for word in line.words if _is_between(word.rect, top, table)]
    for printed in reversed(text_lines(words)):
        grid = _with_row(grid, printed, rules)
    return grid


def _row_height(grid: Grid) -> float:
    heights = sorted(cell.rect.y1 - cell.rect.y0 for cell in grid.cells if cell.row_span == 1)
    return heights[len(heights) // 4] if heights else 0.0


def _top_rule(table: Rect, rules: Rules, height: float) -> float:
    wide = [
        rule.y1
        for rule in rules.horizontal
        if overlap((rule.x0, rule.x1), (table.x0, table.x1)) > 0.8 * (table.x1 - table.x0)
        and table.y0 - _REACH * height < rule.y1 <= table.y0
    ]
    return min(wide, default=table.y0)


def _is_between(word: Rect, top: float, table: Rect) -> bool:
    middle = (word.y0 + word.y1) / 2
    return top < middle < table.y0 and table.x0 <= (word.x0 + word.x1) / 2 <= table.x1


def _with_row(grid: Grid, words: Sequence[Word], rules: Rules) -> Grid:
    columns = _columns(grid)
    return _with_spans(grid, words, [_spanned(hull(word.rect for word in phrase), columns, rules) for phrase in _phrases(words)])


def _with_spans(grid: Grid, words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> Grid:
    """Return `grid` below a new first row, each phrase of which covers the columns of its span."""
    cells: list[GridCell] = []
    for phrase, (start, end) in zip(_phrases(words), spans, strict=True):
        if cells and start < cells[-1].col + cells[-1].col_span:
            cells[-1] = cells[-1]._replace(text=f"{cells[-1].text} {text_of(phrase)}")
        else:
            cells.append(GridCell(0, start, 1, end - start, hull(word.rect for word in phrase), text_of(phrase)))
    covered = {col for cell in cells for col in range(cell.col, cell.col + cell.col_span)}
    band = hull(word.rect for word in words)
    columns = enumerate(_columns(grid))
    cells += [GridCell(0, col, 1, 1, Rect(x0, band.y0, x1, band.y1), "") for col, (x0, x1) in columns if col not in covered]
    shifted = (cell._replace(row=cell.row + 1) for cell in grid.cells)
    return Grid(grid.n_rows + 1, grid.n_cols, (*cells, *shifted))


def _columns(grid: Grid) -> list[tuple[float, float]]:
    columns = []
    for col in range(grid.n_cols):
        rects = [cell.rect for cell in grid.cells if cell.col == col and cell.col_span == 1]
        rects = rects or [cell.rect for cell in grid.cells if cell.col <= col < cell.col + cell.col_span]
        columns.append((min(rect.x0 for rect in rects), max(rect.x1 for rect in rects)))
    return columns


def _phrases(words: Sequence[Word]) -> list[list[Word]]:
    phrases: list[list[Word]] = []
    for word in words:
        if phrases and word.rect.x0 - phrases[-1][-1].rect.x1 < word.rect.y1 - word.rect.y0:
            phrases[-1].append(word)
        else:
            phrases.append([word])
    return phrases


def _spanned(rect: Rect, columns: Sequence[tuple[float, float]], rules: Rules) -> tuple[int, int]:
    """Return the first column and the end of those that a heading covers: as wide as the rule below it, or as its words."""
    height = rect.y1 - rect.y0
    under = [
        rule
        for rule in rules.horizontal
        if -0.3 * height < rule.y0 - rect.y1 < height and inside(rect._replace(y0=rule.y0, y1=rule.y0 + 1), rule._replace(y1=rule.y0 + 1)) > 0.8
    ]
    wide = min(under, key=lambda rule: rule.x1 - rule.x0, default=rect)
    cols = [i for i, (x0, x1) in enumerate(columns) if overlap((x0, x1), (wide.x0, wide.x1)) > 0.3 * min(x1 - x0, wide.x1 - wide.x0)]
    return (cols[0], cols[-1] + 1) if cols else (0, 1)


def with_split_heading(grid: Grid, words: Sequence[Word], rules: Rules) -> Grid:
    """Return `grid` with its first row parted where its upper line is a heading over several columns.

    Such a heading is as wide as the rule below it, or is out of line with the one column that it seems to stand in.
    """
    if grid.n_rows < 2 or any(cell.row_span > 1 for cell in grid.cells if cell.row == 0):
        return grid
    band = hull(cell.rect for cell in grid.cells if cell.row == 0)
    printed = text_lines([word for word in words if inside(word.rect, band) > 0.5])
    if len(printed) != 2:
        return grid
    spans = [_heading_span(hull(word.rect for word in phrase), grid, words, rules) for phrase in _phrases(printed[0])]
    if not any(end - start > 1 for start, end in spans):
        return grid
    lower = grid._replace(cells=tuple(cell._replace(text=_text_in(printed[1], cell)) if cell.row == 0 else cell for cell in grid.cells))
    return _with_spans(lower, printed[0], spans)


def _text_in(words: Sequence[Word], cell: GridCell) -> str:
    return text_of([word for word in words if inside(word.rect, cell.rect) > 0.5])


def _heading_span(rect: Rect, grid: Grid, words: Sequence[Word], rules: Rules) -> tuple[int, int]:
    columns = _columns(grid)
    start, end = _spanned(rect, columns, rules)
    if end - start != 1 or _is_aligned(rect, start, grid, words):
        return start, end
    middle = (rect.x0 + rect.x1) / 2
    while 0 < start and end < len(columns):
        wider = (columns[start - 1][0] + columns[end][1]) / 2
        if abs(wider - middle) > 0.25 * (columns[end][1] - columns[start - 1][0]) / (end - start + 2):
            break
        start, end = start - 1, end + 1
    return start, end


def _is_aligned(rect: Rect, col: int, grid: Grid, words: Sequence[Word]) -> bool:
    """Whether a heading is flush left, centered or flush right with the words below it in its column."""
    cells = [cell.rect for cell in grid.cells if cell.col == col and cell.col_span == 1 and cell.row > 0]
    held = [hull(mine) for cell in cells if (mine := [word.rect for word in words if inside(word.rect, cell) > 0.5])]
    if not held:
        return True
    below, near = hull(held), 0.4 * (rect.y1 - rect.y0)
    is_centered = abs(rect.x0 + rect.x1 - below.x0 - below.x1) < 2 * near
    return abs(rect.x0 - below.x0) < near or abs(rect.x1 - below.x1) < near or is_centered
