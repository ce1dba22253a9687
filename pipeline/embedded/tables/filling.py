"""Words put into the cells of a grid, and how badly a grid fits the words that it should hold. Pure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.embedded.reading import Rect, Word
from pipeline.embedded.tables.grid import Grid, GridCell, hull, inside, text_lines, text_of
from pipeline.embedded.tables.meaning import is_value

_HELD = 0.3
"""Least share of a word that lies in its cell; others are strays, which go to the nearest cell."""
_WIDE = 1.2
"""Widest gap between two words of one cell, in line heights."""
_NARROW = 0.4
"""Narrowest gap between two words of different cells, in line heights; spaces are narrower."""


def filled(grid: Grid, words: Sequence[Word]) -> Grid:
    """Return `grid` with the text of the `words` that lie in each cell, or nearest to it."""
    return grid._replace(cells=tuple(cell._replace(text=text_of(held)) for cell, held in _owned(grid, words).items()))


def misfits(grid: Grid, words: Sequence[Word]) -> float:
    """Return how many of the `words` in or around an empty `grid` speak against it, as a share: 0 if none does.

    Against it speak words in no cell, neighbors that are as close as two words of one cell but stand in two columns, neighbors on one
    printed line that stand in two rows, wide gaps inside a cell, and cells with several numbers one below the other.
    """
    if not grid.cells or not words:
        return 1.0
    held = _owned(grid, words)
    owner = {word: cell for cell, mine in held.items() for word in mine}
    strays = len(words) - sum(inside(word.rect, cell.rect) > _HELD for word, cell in owner.items())
    lines = text_lines([word for word in words if not word.is_vertical])
    torn = sum(_is_torn(left, right, owner) for line in lines for left, right in pairwise(line))
    crowded = sum(max(sum(is_value(text_of(line)) for line in text_lines(mine)) - 1, 0) for mine in held.values())
    return (strays + torn + crowded) / len(words)


def _owned(grid: Grid, words: Sequence[Word]) -> dict[GridCell, list[Word]]:
    owned: dict[GridCell, list[Word]] = {cell: [] for cell in grid.cells}
    table = hull(cell.rect for cell in grid.cells) if grid.cells else Rect(0, 0, 0, 0)
    for word in words:
        cell = max(grid.cells, key=lambda cell: inside(word.rect, cell.rect), default=None)
        if cell and inside(word.rect, cell.rect) > _HELD:
            owned[cell].append(word)
        elif cell and inside(word.rect, table) > 0.5:
            owned[min(grid.cells, key=lambda cell: _distance(word.rect, cell.rect))].append(word)
    return owned


def _distance(rect: Rect, cell: Rect) -> float:
    """Return how far a rectangle is from a cell, in pixels."""
    across = max(cell.x0 - rect.x1, rect.x0 - cell.x1, 0.0)
    return max(abs(rect.y0 + rect.y1 - cell.y0 - cell.y1) - (cell.y1 - cell.y0), 0.0) + across


def _is_torn(left: Word, right: Word, owner: Mapping[Word, GridCell]) -> bool:
    if left not in owner or right not in owner:
        return False
    one, two = owner[left], owner[right]
    gap = (right.rect.x0 - left.rect.x1) / max(left.rect.y1 - left.rect.y0, 1.0)
    if one == two:
        return gap > _WIDE
    is_level = one.row < two.row + two.row_span and two.row < one.row + one.row_span
    return not is_level or (gap < _NARROW and one.col != two.col)
