"""Bars: runs of one color whose ends stay level over several columns."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.figure import Mask
from pipeline.embedded.charts.plot import Layer
from pipeline.embedded.reading import Rect

_LEVEL = 2.0  # px by which the ends of one bar may waver
_MIN_WIDTH = 3
_MIN_HEIGHT = 2
_CUT = 3  # px: as thick as a grid line may be


class Bar(NamedTuple):
    """One bar or one segment of a stack, in pixels of the plot's crop; `layer` is the index of its series."""

    layer: int
    rect: Rect

    @property
    def x(self) -> float:
        """The middle."""
        return (self.rect.x0 + self.rect.x1) / 2

    @property
    def width(self) -> float:
        """The thickness."""
        return self.rect.x1 - self.rect.x0


def find_bars(layers: Sequence[Layer], texts: Sequence[Rect]) -> tuple[Bar, ...]:
    """Return the bars of all layers, upright, from left to right; layers that are no bars have none. `texts` may lie over them."""
    found = [Bar(index, rect) for index, layer in enumerate(layers) for rect in _rejoined(_bars_of(layer.mask), texts)]
    if not found:
        return ()
    usual = _usual_width(found)
    even = [part for bar in found for part in _cut(bar, usual)]
    return tuple(sorted(even, key=lambda bar: (bar.x, -bar.rect.y1)))


def covered_share(layer: Layer, bars: Sequence[Bar]) -> float:
    """Return the share of the layer's ink that `bars` explain."""
    explained = np.zeros_like(layer.mask)
    for bar in bars:
        x0, y0, x1, y1 = (round(side) for side in bar.rect)
        explained[max(0, y0 - 1) : y1 + 1, max(0, x0 - 1) : x1 + 1] = True
    return float((layer.mask & explained).sum() / max(1, layer.mask.sum()))


def _bars_of(mask: Mask) -> list[Rect]:
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 1), np.uint8))
    tops, bottoms = _longest_runs(np.asarray(closed, np.uint8))
    rects, start = [], 0
    for column in range(1, len(tops) + 1):
        if column < len(tops) and _is_level(tops, bottoms, start, column):
            continue
        height = float(np.median(bottoms[start:column]) - np.median(tops[start:column]))
        if column - start >= _MIN_WIDTH and height >= _MIN_HEIGHT:
            y0, y1 = float(np.median(tops[start:column])), float(np.median(bottoms[start:column]))
            rects.append(Rect(float(start), y0, float(column), y1))
        start = column
    return rects


def _is_level(tops: NDArray[np.intp], bottoms: NDArray[np.intp], start: int, column: int) -> bool:
    anchor = min(start + 1, column - 1)
    return bool(abs(tops[column] - tops[anchor]) <= _LEVEL and abs(bottoms[column] - bottoms[anchor]) <= _LEVEL)


def _longest_runs(mask: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return top and bottom (exclusive) of each column's longest run, 0 and 0 where there is none."""
    width = mask.shape[1]
    tops, bottoms = np.zeros(width, np.intp), np.zeros(width, np.intp)
    edges = np.diff(np.pad(mask.astype(np.int8), ((1, 1), (0, 0))), axis=0)
    for column in np.flatnonzero(mask.any(axis=0)):
        starts, ends = np.flatnonzero(edges[:, column] == 1), np.flatnonzero(edges[:, column] == -1)
        longest = int(np.argmax(ends - starts))
        tops[column], bottoms[column] = starts[longest], ends[longest]
    return tops, bottoms


def _rejoined(rects: Sequence[Rect], texts: Sequence[Rect]) -> list[Rect]:
    """Join the pieces of bars that a grid line or a label cuts.

    Pieces with the same ends are joined over a label; over a narrow gap only if most such neighbors have the same ends, for
    bars may stand that close.
    """
    pairs = [(before, after) for before, after in pairwise(rects) if after.x0 - before.x1 <= _CUT]
    are_cut = sum(_have_same_ends(before, after) for before, after in pairs) >= max(1, 0.6 * len(pairs))
    joined = list(rects[:1])
    for rect in rects[1:]:
        last = joined[-1]
        is_near = are_cut and rect.x0 - last.x1 <= _CUT
        if _have_same_ends(last, rect) and (is_near or _is_over_gap(last, rect, texts)):
            joined[-1] = last._replace(x1=rect.x1)
        else:
            joined.append(rect)
    return joined


def _is_over_gap(one: Rect, other: Rect, texts: Sequence[Rect]) -> bool:
    """Tell whether a text lies over all between two pieces."""
    return any(text.x0 - _CUT <= one.x1 and other.x0 <= text.x1 + _CUT and text.y0 <= one.y1 and text.y1 >= one.y0 for text in texts)


def _have_same_ends(one: Rect, other: Rect) -> bool:
    return abs(one.y0 - other.y0) <= _LEVEL and abs(one.y1 - other.y1) <= _LEVEL


def _usual_width(bars: Sequence[Bar]) -> float:
    """Return the width that most of the bars' area has."""
    widths = np.array([bar.width for bar in bars])
    areas = np.array([bar.width * (bar.rect.y1 - bar.rect.y0) for bar in bars])
    votes = [areas[np.abs(widths - width) <= max(1.5, 0.1 * width)].sum() for width in widths]
    return float(widths[int(np.argmax(votes))])


def _cut(bar: Bar, usual: float) -> list[Bar]:
    """Return the bar, cut in parts where several of the same height touch; nothing if it is too thin for a bar here."""
    count = round(bar.width / usual)
    if bar.width < 0.6 * usual or abs(bar.width - count * usual) > 0.35 * usual:
        return []
    edges = np.linspace(bar.rect.x0, bar.rect.x1, count + 1)
    return [bar._replace(rect=bar.rect._replace(x0=float(x0), x1=float(x1))) for x0, x1 in pairwise(edges)]
