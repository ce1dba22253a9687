"""Lines: tracing a color from column to column, and the points that the trace runs through."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.figure import Mask
from pipeline.embedded.charts.ink import blobs

_SUBDIVISIONS = (2, 3, 4, 5, 6, 7, 10, 12)
_STRAIGHT = 1.3  # px by which the trace may leave a straight piece
_MIN_COLUMNS = 4
_MANY = 3  # lines
_MIN_PITCH = 4.0
_FACTORS = (5.0, 4.0, 2.5, 2.0, 1.5, 1.25, 0.5, 0.4, 0.25, 0.2, 0.1)
_REACH = 14.0
_UNCOVERED = 0.03  # of the line: labels at the ends of an axis are moved inwards at times
_SHIFTS = (0, -1, 1, -2, 2)  # px by which the middles of labels may be off their ticks


class Trace(NamedTuple):
    """The middle of a line (`ys`, px) in the columns (`xs`, ascending) where it can be seen, and its extent in each (`lengths`)."""

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    lengths: NDArray[np.float64]

    @property
    def thickness(self) -> float:
        """The usual vertical extent of the line where it is not steep and has no marker, px."""
        return float(np.percentile(self.lengths, 30)) if len(self.lengths) else 0.0

    def height(self, x: float) -> float:
        """Return the line's height at a column, between seen columns on a straight line."""
        return float(np.interp(x, self.xs, self.ys))


def trace_line(mask: Mask) -> Trace:
    """Return the path through the runs of `mask` that jumps least from column to column (dynamic programming)."""
    clean = _without_specks(mask)
    columns = [(int(column), _runs(clean[:, column])) for column in np.flatnonzero(clean.any(axis=0))]
    if not columns:
        return Trace(np.zeros(0), np.zeros(0), np.zeros(0))
    costs, sources = [np.zeros(len(columns[0][1]))], [np.zeros(len(columns[0][1]), np.intp)]
    for (_, before), (_, runs) in pairwise(columns):
        jumps = np.abs(_gaps(before, runs)) + costs[-1][:, None]
        sources.append(jumps.argmin(axis=0))
        costs.append(jumps.min(axis=0) - 0.1 * np.minimum(runs[:, 1] - runs[:, 0], 6))
    path = [int(costs[-1].argmin())]
    for source in sources[:0:-1]:
        path.append(int(source[path[-1]]))
    chosen = np.array([runs[index] for (_, runs), index in zip(columns, reversed(path), strict=True)])
    xs = np.array([column for column, _ in columns], np.float64)
    return Trace(xs, (chosen[:, 0] + chosen[:, 1] - 1) / 2, chosen[:, 1] - chosen[:, 0])


def trace_top(mask: Mask) -> Trace:
    """Return the upper edge of an area."""
    columns = np.flatnonzero(mask.any(axis=0))
    return Trace(columns.astype(np.float64), mask[:, columns].argmax(axis=0).astype(np.float64), np.ones(len(columns)))


def _without_specks(mask: Mask) -> Mask:
    clean = mask.copy()
    for blob in blobs(mask):
        if blob.area < _MIN_COLUMNS:
            x0, y0, x1, y1 = (int(side) for side in blob.rect)
            clean[y0:y1, x0:x1] = False
    return clean if clean.any() else mask


def _runs(column: Mask) -> NDArray[np.float64]:
    edges = np.diff(np.pad(column.astype(np.int8), 1))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1).astype(np.float64)


def _gaps(before: NDArray[np.float64], runs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance between the nearest ends of two runs, 0 where they overlap, and a tenth of that of their middles."""
    apart = np.maximum(before[:, None, 0], runs[None, :, 0]) - np.minimum(before[:, None, 1], runs[None, :, 1])
    middles = np.abs(before.mean(axis=1)[:, None] - runs.mean(axis=1)[None])
    return np.asarray(np.maximum(0.0, apart) + 0.1 * middles, np.float64)


def knots(traces: Sequence[Trace], ticks: Sequence[float], origin: float | None) -> NDArray[np.float64]:
    """Return where the data points are: the printed labels, or the coarsest regular grid whose straight pieces explain all traces.

    Returns the labels themselves if no grid does, as for a curve.

    Args:
        traces: The lines of the chart.
        ticks: Positions of the printed labels, px, ascending.
        origin: Where the axis is zero if its labels are numbers: points may then lie at multiples of other steps than the labels'.
    """
    if len(ticks) < 2 or ticks[0] == ticks[-1] or not traces:
        return np.asarray(ticks, np.float64)
    pitch = max(_MIN_PITCH, float(np.median(np.diff(ticks))))
    first, last = min(float(trace.xs[0]) for trace in traces), max(float(trace.xs[-1]) for trace in traces)
    printed = min((_grid(ticks, 1, first, last) + shift for shift in _SHIFTS), key=lambda grid: _worst(grid, traces))
    grids = [printed, *_other_grids(ticks, pitch, first, last, origin)]
    misses = [_worst(grid, traces) for grid in grids]
    limit = max(_STRAIGHT + 0.2 * max(trace.thickness for trace in traces), 1.5 * min(misses))
    return next((grid for grid, miss in zip(grids, misses, strict=True) if miss <= limit < math.inf), printed)


def _other_grids(ticks: Sequence[float], pitch: float, first: float, last: float, origin: float | None) -> Iterable[NDArray[np.float64]]:
    if origin is None:
        return [_grid(ticks, count, first, last) for count in _SUBDIVISIONS if pitch / count >= _MIN_PITCH]
    steps = [pitch * factor for factor in _FACTORS if pitch * factor >= _MIN_PITCH]
    return [_multiples(step, origin, first, last) for step in steps]


def _multiples(step: float, origin: float, first: float, last: float) -> NDArray[np.float64]:
    slack = max(2.0, 0.1 * step)
    low, high = int(np.ceil((first - slack - origin) / step)), int(np.floor((last + slack - origin) / step))
    return np.asarray(origin + step * np.arange(low, high + 1), np.float64)


def _grid(ticks: Sequence[float], count: int, first: float, last: float) -> NDArray[np.float64]:
    """Return the ticks, what divides them, and as much before and after them as the lines go on."""
    index = np.arange(len(ticks))
    pitch = (ticks[-1] - ticks[0]) / (len(ticks) - 1)
    low = min(0, int(np.floor((first - ticks[0]) / pitch * count + 0.4)))
    high = max(0, int(np.ceil((last - ticks[-1]) / pitch * count - 0.4)))
    steps = np.arange(low, (len(ticks) - 1) * count + high + 1) / count
    inside = np.interp(steps, index, ticks)
    before, after = ticks[0] + steps * pitch, ticks[-1] + (steps - index[-1]) * pitch
    positions = np.where(steps < 0, before, np.where(steps > index[-1], after, inside))
    slack = max(2.0, 0.25 * pitch / count)
    return np.asarray(positions[(positions >= first - slack) & (positions <= last + slack)], np.float64)


def _worst(grid: NDArray[np.float64], traces: Sequence[Trace]) -> float:
    """Return the largest miss, of many lines that of the middle one: where lines cross, a trace may take the wrong one."""
    misses = sorted(_miss(grid, trace) for trace in traces)
    return misses[len(misses) // 2] if len(misses) >= _MANY else misses[-1]


def _miss(grid: NDArray[np.float64], trace: Trace) -> float:
    """Return how far the trace runs from straight pieces between the grid's points, at a right angle to them, px.

    Columns where the line is thicker than such a piece would be hold markers and are left out; of the rest the best 85 % count.
    """
    own = grid[(grid >= trace.xs[0] - _REACH) & (grid <= trace.xs[-1] + _REACH)]
    slack = _REACH + _UNCOVERED * (trace.xs[-1] - trace.xs[0])
    if len(own) < 2 or own[0] - trace.xs[0] > slack or trace.xs[-1] - own[-1] > slack:
        return math.inf
    heights = np.array([vertex(trace, own, index) for index in range(len(own))])
    slopes = np.diff(heights) / np.diff(own)
    slope = slopes[np.clip(np.searchsorted(own, trace.xs) - 1, 0, len(slopes) - 1)]
    off = np.abs(np.interp(trace.xs, own, heights) - trace.ys) / np.sqrt(1 + slope**2)
    is_inside = (trace.xs >= own[0]) & (trace.xs <= own[-1])
    is_plain = is_inside & (trace.lengths <= 1.3 * (trace.thickness + np.abs(slope)) + 1)
    return float(np.percentile(off[is_plain], 85)) if is_plain.sum() > _MIN_COLUMNS else math.inf


def vertex(trace: Trace, grid: NDArray[np.float64], index: int) -> float:
    """Return the height of the line at `grid[index]`: where the straight pieces left and right of it meet, else the trace there."""
    x = float(grid[index])
    ends = [end for near in (index - 1, index + 1) if 0 <= near < len(grid) for end in _straight_end(trace, x, float(grid[near]))]
    seen = trace.height(x)
    agreeing = [end for end in ends if abs(end - seen) <= 3 + trace.thickness]
    return float(np.mean(agreeing)) if agreeing else seen


def _straight_end(trace: Trace, x: float, other: float) -> list[float]:
    """Return the height at `x` of the straight piece from `x` to `other`, nothing if the trace is not straight there."""
    margin = 0.12 * abs(other - x)
    low, high = min(x, other) + margin, max(x, other) - margin
    inside = (trace.xs >= low) & (trace.xs <= high)
    if inside.sum() < _MIN_COLUMNS:
        return []
    xs, ys = trace.xs[inside], trace.ys[inside]
    slope, intercept = np.polyfit(xs, ys, 1)
    off = np.abs(slope * xs + intercept - ys)
    good = off <= max(1.0, 2 * float(np.median(off)))
    if good.sum() >= _MIN_COLUMNS:
        slope, intercept = np.polyfit(xs[good], ys[good], 1)
        off = np.abs(slope * xs[good] + intercept - ys[good])
    return [float(slope * x + intercept)] if float(np.percentile(off, 90)) <= _STRAIGHT else []


def is_seen(trace: Trace, x: float, reach: float) -> bool:
    """Tell whether the line is drawn at `x` or within `reach` px of it."""
    return bool(len(trace.xs)) and float(np.abs(trace.xs - x).min()) <= reach
