"""Headings that the located grid left out, and titles and notes that it took for rows."""

from collections.abc import Sequence
from itertools import pairwise

from pipeline.embedded.reading import Line, Rect, Word
from pipeline.embedded.tables.grid import Grid, GridCell, hull, inside, overlap, text_lines
from pipeline.embedded.tables.notes import is_caption, is_footnote
from pipeline.embedded.tables.rules import Rules
from pipeline.embedded.tables.spans import with_row_above
from pipeline.embedded.tables.tidy import without_last_row, without_rows

_REACH = 5.0
"""How far above the grid, in line heights, the rule at the top of a table is looked for."""

_MOST_TITLES = 3
_SPACE = 0.8
"""Widest gap between two words of a title, in line heights; cells are farther apart."""
_SENTENCE = 40
"""Fewest characters of a sentence below a table; rows over all columns are shorter."""


def without_title(grid: Grid, box: Rect, words: Sequence[Word]) -> Grid:
    """Return `grid` without the lines at its top that are the title of the table located in `box`, not headings.

    Only the first column holds such a line, unless it was cut where columns end, and it reads like a title, is longer than
    any row label, lies above the box, or stands over a heading row that leaves the first column empty. What begins in lower
    case is the rest of a row.
    """
    rows = grid.rows()
    count = 0
    while count < min(len(rows) - 2, _MOST_TITLES) and _is_alone(rows[count], grid.n_cols, words):
        count += 1
    longest = max((len(cell.text) for cell in grid.cells if cell.col == 0 and cell.row >= count), default=0)
    while count and not _is_title(rows[count - 1], rows[count], box, longest):
        count -= 1
    return without_rows(grid, count) if count else grid


def without_note(grid: Grid) -> Grid:
    """Return `grid` without a last row over all columns that is a note or a sentence below the table."""
    last = [cell for cell in grid.cells if cell.row + cell.row_span == grid.n_rows]
    if grid.n_rows < 3 or len(last) != 1 or last[0].row_span > 1:
        return grid
    text = last[0].text
    return without_last_row(grid) if is_footnote(text) or (len(text) >= _SENTENCE and text.endswith(".")) else grid


def _is_alone(cells: Sequence[GridCell], n_cols: int, words: Sequence[Word]) -> bool:
    texts = [cell for cell in cells if cell.text]
    if n_cols < 2 or not texts or texts[0].col or any(cell.row_span > 1 for cell in texts):
        return False
    return len(texts) == 1 or (is_caption(f"{texts[0].text} ") and _is_phrase(texts, words))


def _is_phrase(cells: Sequence[GridCell], words: Sequence[Word]) -> bool:
    """Whether the words of `cells` are one line without the gaps that part columns."""
    printed = text_lines([word for word in words if any(inside(word.rect, cell.rect) > 0.5 for cell in cells)])
    if len(printed) != 1:
        return False
    return all(right.rect.x0 - left.rect.x1 < _SPACE * (left.rect.y1 - left.rect.y0) for left, right in pairwise(printed[0]))


def _is_title(cells: Sequence[GridCell], below: Sequence[GridCell], box: Rect, longest: int) -> bool:
    line = next(cell for cell in cells if cell.text)
    is_stub_empty = not any(cell.text for cell in below if cell.col == 0)
    is_long = len(line.text) > 1.3 * longest
    is_above = (line.rect.y0 + line.rect.y1) / 2 < box.y0
    return is_caption(line.text) or ((is_stub_empty or is_long or is_above) and not line.text[:1].islower())


def with_headings_above(grid: Grid, lines: Sequence[Line], rules: Rules) -> Grid:
    """Return `grid` with the lines between it and the rule at the table's top as further rows."""
    if not grid.cells:
        return grid
    table = hull(cell.rect for cell in grid.cells)
    top = _top_rule(table, rules, _row_height(grid))
    words = [word for line in lines for word in line.words if _is_between(word.rect, top, table)]
    for printed in reversed(text_lines(words)):
        grid = with_row_above(grid, printed, rules)
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
