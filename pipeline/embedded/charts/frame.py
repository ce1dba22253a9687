"""One way of looking at a chart: upright or turned, with its axis, its plot, its layers and the bars among them."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.embedded.charts.axes import ValueAxis, find_value_axes
from pipeline.embedded.charts.bars import Bar, covered_share, find_bars
from pipeline.embedded.charts.figure import Figure, turn_left
from pipeline.embedded.charts.legend import Key
from pipeline.embedded.charts.plot import Layer, Plot, find_layers, find_plot, snapped

_BASE_REACH = 4.5
_ZERO_REACH = 5.0
_THIN = 4  # px: as thick as an axis line may be
_MIN_COVER = 0.6
_MIN_SIDE = 20  # px: a smaller plot shows nothing


class Frame(NamedTuple):
    """A figure with what stands in it. Bars and masks are in pixels of the plot's crop, all else in pixels of the figure."""

    figure: Figure
    axis: ValueAxis
    plot: Plot
    layers: tuple[Layer, ...]
    bars: tuple[Bar, ...]
    base: float

    @property
    def cover(self) -> float:
        """The share of the ink that bars explain."""
        total = sum(float(layer.mask.sum()) for layer in self.layers)
        return sum(self.share(index) * float(layer.mask.sum()) for index, layer in enumerate(self.layers)) / max(1.0, total)

    def share(self, layer: int) -> float:
        """Return the share of a layer's ink that its bars explain."""
        return covered_share(self.layers[layer], [bar for bar in self.bars if bar.layer == layer])

    @property
    def offset(self) -> tuple[float, float]:
        """Where the plot's crop begins in the figure: x, y."""
        return float(max(0, round(self.plot.rect.x0))), float(max(0, round(self.plot.rect.y0)))


def find_frame(figure: Figure, legend: Sequence[Key]) -> tuple[Frame, ...]:
    """Return the way of looking at the figure in which bars explain most, upright if there are none; empty without an axis."""
    frames = [frame for way in (figure, turn_left(figure)) for frame in _frames(way, legend)]
    bars = [frame for frame in frames if frame.cover >= _MIN_COVER]
    if bars:
        return (max(bars, key=lambda frame: frame.cover + 0.02 * (not frame.figure.is_turned)),)
    return tuple(frames[:1])


def _frames(figure: Figure, legend: Sequence[Key]) -> list[Frame]:
    """Return the frame of the axis with most ticks, nothing without one or where nothing is drawn beside it."""
    plots = [(axis, find_plot(figure, axis)) for axis in find_value_axes(figure.labels)[:1]]
    frames = [_frame(figure, axis, plot, legend) for axis, plot in plots if min(plot.crop.shape[:2]) >= _MIN_SIDE]
    return [frame for frame in frames if frame.layers]


def _frame(figure: Figure, axis: ValueAxis, plot: Plot, legend: Sequence[Key]) -> Frame:
    axis = snapped(axis, plot, figure)
    layers = find_layers(plot, legend)
    top = float(max(0, round(plot.rect.y0)))
    found = find_bars(layers, plot.texts)
    zero = axis.scale.position(0.0) if not axis.scale.is_log else math.inf
    base = _base(found, zero - top, axis.scale.ticks[-1].position - top)
    bars = tuple(_without_axis_pieces(_standing(found, base), base))
    if bars and abs(base + top - zero) <= _ZERO_REACH:
        axis = axis._replace(scale=axis.scale.shifted(base + top - zero))
    return Frame(figure, axis, plot, layers, bars, base + top)


def _base(bars: Sequence[Bar], zero: float, bottom: float) -> float:
    """Return the height from which most bars start, px of the crop: at zero, or at the bottom of an axis without zero."""
    ends = [end for bar in bars for end in (bar.rect.y0, bar.rect.y1) if abs(end - zero) <= _ZERO_REACH or end >= bottom - _BASE_REACH]
    votes = Counter(round(end) for end in ends)
    if not votes:
        return zero
    best = max(votes, key=lambda end: (sum(votes[near] for near in range(end - 2, end + 3)), votes[end], -abs(end - zero)))
    return float(np.median([end for end in ends if abs(end - best) <= 2]))


def _standing(bars: Sequence[Bar], base: float) -> list[Bar]:
    """Return the bars that start at the base or on another bar that does."""
    standing = [bar for bar in bars if _touches(bar, base)]
    rest = [bar for bar in bars if bar not in standing]
    while True:
        added = [bar for bar in rest if any(_is_on(bar, other) for other in standing)]
        if not added:
            return sorted(standing, key=lambda bar: (bar.x, -bar.rect.y1))
        standing += added
        rest = [bar for bar in rest if bar not in added]


def _without_axis_pieces(bars: Sequence[Bar], base: float) -> list[Bar]:
    """Leave out pieces of the axis line: thin, and on the other side of the base than a bar at the same place."""
    high = [bar for bar in bars if bar.rect.y1 - bar.rect.y0 > _THIN]
    return [bar for bar in bars if bar in high or not any(_is_opposite(bar, other, base) for other in high)]


def _is_opposite(thin: Bar, other: Bar, base: float) -> bool:
    shared = min(thin.rect.x1, other.rect.x1) - max(thin.rect.x0, other.rect.x0)
    sides = [bar.rect.y0 + bar.rect.y1 < 2 * base for bar in (thin, other)]
    return shared > 0.5 * thin.width and sides[0] != sides[1]


def _touches(bar: Bar, base: float) -> bool:
    return min(abs(bar.rect.y0 - base), abs(bar.rect.y1 - base)) <= _BASE_REACH


def _is_on(bar: Bar, other: Bar) -> bool:
    gap = min(abs(bar.rect.y1 - other.rect.y0), abs(bar.rect.y0 - other.rect.y1))
    return gap <= _BASE_REACH and abs(bar.x - other.x) <= 0.25 * min(bar.width, other.width)
