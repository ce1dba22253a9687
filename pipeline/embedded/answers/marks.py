"""Numbers printed in a chart, paired with the category they belong to by where they stand."""

from collections.abc import Iterator
from itertools import pairwise
from math import atan2, pi
from typing import NamedTuple

import numpy as np

from pipeline.embedded.answers.amounts import amounts
from pipeline.embedded.answers.layout import Layout, Row, Segment
from pipeline.embedded.answers.values import is_data, is_measure, is_prose
from pipeline.embedded.reading import Rect

_REACH = 30
_LABEL_WORDS = 4
_TITLE_ROWS = 3


class Mark(NamedTuple):
    """A printed number of a chart, its category and the words above the chart; `row` is the row of the number."""

    number: Segment
    category: Segment
    title: str
    row: int


def marks(layout: Layout) -> Iterator[Mark]:
    """Return the numbers over the bars of column charts and in the sectors of pie charts."""
    for at, row in enumerate(layout.rows):
        for categories in _axes(row):
            yield from _over_bars(layout, at, categories)
    yield from _in_sectors(layout)


def _axes(row: Row) -> Iterator[tuple[Segment, ...]]:
    """Cut a row of at least two short labels where the spacing breaks: charts side by side."""
    if any(len(s.words) > _LABEL_WORDS or is_measure(s) for s in row.segments) or len(row.segments) < 2:
        return
    steps = [_middle(b.rect)[0] - _middle(a.rect)[0] for a, b in pairwise(row.segments)]
    cuts = [0, *(i + 1 for i, step in enumerate(steps) if step > 1.45 * min(steps)), len(row.segments)]
    yield from (row.segments[a:b] for a, b in pairwise(cuts) if b - a >= 2)


def _over_bars(layout: Layout, at: int, categories: tuple[Segment, ...]) -> Iterator[Mark]:
    reach = min(_middle(b.rect)[0] - _middle(a.rect)[0] for a, b in pairwise(categories)) / 2
    left, right = categories[0].rect.x0 - reach, categories[-1].rect.x1 + reach
    above: list[tuple[int, Segment]] = []
    texts = 0
    for level in range(at - 1, -1, -1):
        row = layout.rows[level]
        over = [s for s in row.segments if s.rect.x1 > left and s.rect.x0 < right]
        texts += any(not is_measure(s) for s in over)
        if _ends_chart(row, over, left) or texts > _TITLE_ROWS or layout.rows[at].rect.y0 - row.rect.y1 > _REACH * layout.height:
            break
        above.extend((level, s) for s in over)
    title = " ".join(s.text for _, s in reversed(above) if not is_measure(s))
    for level, number in above:
        near = [c for c in categories if abs(_middle(c.rect)[0] - _middle(number.rect)[0]) < 0.6 * reach]
        if near and is_measure(number) and len(number.words) <= 2:
            yield Mark(number, near[0], title, level)


def _ends_chart(row: Row, over: list[Segment], left: float) -> bool:
    """True for running text and for a row of a table: numbers over the categories, and their label to the left."""
    has_label = any(s.rect.x1 <= left and not is_measure(s) for s in row.segments) or any(not is_measure(s) for s in over)
    return is_prose(row) or (is_data(row) and has_label and any(is_measure(s) for s in over))


def _middle(rect: Rect) -> tuple[float, float]:
    return (rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2


def _in_sectors(layout: Layout) -> Iterator[Mark]:
    """Pair percentages that add up to a whole with the labels around them by their angle on the pie."""
    segments = [(level, s) for level, row in enumerate(layout.rows) for s in row.segments]
    shares = [(level, s) for level, s in segments if is_measure(s) and s.text.endswith("%") and len(s.words) == 1]
    if len(shares) < 3 or not 98 <= sum(amounts(s.text)[0].value for _, s in shares) <= 102:
        return
    if min(np.std([_middle(s.rect) for _, s in shares], axis=0)) < 2 * layout.height:
        return  # a column or a row of a table
    x, y, radius = _circle([_middle(s.rect) for _, s in shares])
    around = [s for _, s in segments if not is_measure(s) and len(s.words) <= _LABEL_WORDS and _distance(s.rect, x, y) < 2.8 * radius]
    pairs = sorted((_turn(s.rect, label.rect, x, y), i, j) for i, (_, s) in enumerate(shares) for j, label in enumerate(around))
    chosen: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in chosen and j not in chosen.values():
            chosen[i] = j
    named = [around[j] for j in chosen.values()]
    title = " ".join(s.text for _, s in segments if s.rect.y1 < y - radius and s not in named)
    yield from (Mark(shares[i][1], around[j], title, shares[i][0]) for i, j in chosen.items())


def _circle(points: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Fit a circle: x² + y² = 2ax + 2by + c in least squares (the method of Kåsa, 1976)."""
    xy = np.asarray(points, float)
    system = np.column_stack([2 * xy, np.ones(len(xy))])
    (a, b, c), *_ = np.linalg.lstsq(system, (xy**2).sum(axis=1), rcond=None)
    return float(a), float(b), float(max(c + a * a + b * b, 1.0) ** 0.5)


def _distance(rect: Rect, x: float, y: float) -> float:
    mx, my = _middle(rect)
    return float(((mx - x) ** 2 + (my - y) ** 2) ** 0.5)


def _turn(a: Rect, b: Rect, x: float, y: float) -> float:
    """Return the angle between two boxes as seen from (x, y), in radians from 0 to pi."""
    (ax, ay), (bx, by) = _middle(a), _middle(b)
    turn = abs(atan2(ay - y, ax - x) - atan2(by - y, bx - x))
    return min(turn, 2 * pi - turn)
