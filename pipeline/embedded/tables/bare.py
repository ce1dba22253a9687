"""An image that is nothing but a table: a crop without a page around it, on which a layout model sees little. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from pipeline.embedded.reading import Line, Rect
from pipeline.embedded.tables.grid import hull, text_lines
from pipeline.embedded.tables.rules import Rules

_MARGIN = 1.5
"""Widest margin of a bare crop, in line heights; pages have wider ones."""
_GAP = 0.8
"""Narrowest gap between two cells, in line heights."""
_LEAST_PARTED = 0.4
"""Least share of printed lines that hold several cells; labels wrap."""
_WIDEST = 0.45
"""Half of the cells are narrower than this share of the table: the columns of running text are not."""


def bare_table(width: int, height: int, lines: Sequence[Line], rules: Rules) -> Rect | None:
    """Return where the table is, if an image of `width` by `height` pixels is hardly more than one; it fills the image."""
    words = [word for line in lines for word in line.words if not word.is_vertical]
    if not words:
        return None
    table = hull([*(word.rect for word in words), *rules.horizontal])
    margin = _MARGIN * sorted(word.rect.y1 - word.rect.y0 for word in words)[len(words) // 2]
    if max(table.x0, table.y0, width - table.x1, height - table.y1) > margin:
        return None
    rows = [_phrases([word.rect for word in printed]) for printed in text_lines(words)]
    return table if _are_columns(rows, table) else None


def _phrases(words: Sequence[Rect]) -> list[tuple[float, float]]:
    """Return the left and right end of each cell of one printed line."""
    gap = _GAP * max(word.y1 - word.y0 for word in words)
    starts = [0, *(i + 1 for i, (left, right) in enumerate(pairwise(words)) if right.x0 - left.x1 > gap), len(words)]
    return [(words[start].x0, words[end - 1].x1) for start, end in pairwise(starts)]


def _are_columns(rows: Sequence[Sequence[tuple[float, float]]], table: Rect) -> bool:
    """Whether most rows hold several cells, narrow ones, and an empty gutter runs between two columns of them."""
    parted = [row for row in rows if len(row) > 1]
    if len(parted) < 2 or len(parted) < _LEAST_PARTED * len(rows):
        return False
    widths = sorted(right - left for row in parted for left, right in row)
    if widths[len(widths) // 2] > _WIDEST * (table.x1 - table.x0):
        return False
    gaps = [(left, right) for row in parted for (_, left), (right, _) in pairwise(row)]
    return any(sum(left <= (gap[0] + gap[1]) / 2 <= right for left, right in gaps) > 0.6 * len(parted) for gap in gaps)
