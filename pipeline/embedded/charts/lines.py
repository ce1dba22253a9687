"""Lines: tracing a color from column to column, and the points that the trace runs through."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.figure import Mask
from pipeline.embedded.charts.ink import blobs

_SUBDIVISIONS = (1, 2, 3, 4, 5, 6, 7, 10, 12)
_STRAIGHT = 1.3  # px by which the trace may leave a straight piece
_MIN_COLUMNS = 4
_MIN_PITCH = 4.0


class Trace(NamedTuple):
    """The middle of a line (`ys`, px) in the columns (`xs`, ascending) where it can be seen, and how thick it is."""

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    thickness: float

    def height(self, x: float) -> float:
        """Return the line's height at a column, between seen columns on a straight line."""
        return float(np.interp(x, self.xs, self.ys))


def trace_line(mask: Mask) -> Trace:
    """Return the path through the runs of `mask` that jumps least from column to column (dynamic programming)."""
    clean = _without_specks(mask)
    columns = [(int(column), _runs(clean[:, column])) for column in np.flatnonzero(clean.any(axis=0))]
    if not columns:
        return Trace(np.zeros(0), np.zeros(0), 0.0)
    costs, sources = [np.zeros(len(columns[0][1]))], [np.zeros(len(columns[0][1]), np.intp)]
    for (_, before), (_, runs) in zip(columns, columns[1:], strict=False):
        jumps = np.abs(_gaps(before, runs)) + costs[-1][:, None]
        sources.append(jumps.argmin(axis=0))
        costs.append(jumps.min(axis=0) - 0.1 * np.minimum(runs[:, 1] - runs[:, 0], 6))
    path = [int(costs[-1].argmin())]
    for source in sources[:0:-1]:
        path.append(int(source[path[-1]]))
    chosen = np.array([runs[index] for (_, runs), index in zip(columns, reversed(path), strict=True)])
    xs = np.array([column for column, _ in columns], np.float64)
    return Trace(xs, (chosen[:, 0] + chosen[:, 1] - 1) / 2, float(np.percentile(chosen[:, 1] - chosen[:, 0], 30)))


def trace_top(mask: Mask) -> Trace:
    """Return the upper edge of an area."""
    columns = np.flatnonzero(mask.any(axis=0))
    return Trace(columns.astype(np.float64), mask[:, columns].argmax(axis=0).astype(np.float64), 1.0)


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


def knots(traces: Sequence[Trace], ticks: Sequence[float]) -> NDArray[np.float64]:
    """Return where the data points are: the coarsest regular subdivision of the ticks whose straight pieces explain all traces.

    Returns the ticks themselves if no subdivision does, as for a curve.

    Args:
        traces: The lines of the chart.
        ticks: Positions of the printed labels, px, ascending.
    """
    if len(ticks) < 2 or not traces:
        return np.asarray(ticks, np.float64)
    pitch = float(np.median(np.diff(ticks)))
    first, last = min(float(trace.xs[0]) for trace in traces), max(float(trace.xs[-1]) for trace in traces)
    for count in _SUBDIVISIONS:
        if pitch / count < _MIN_PITCH:
            break
        grid = _grid(ticks, count, first, last)
        if all(_explains(grid, trace) for trace in traces):
            return grid
    return _grid(ticks, 1, first, last)


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
    return positions[(positions >= first - slack) & (positions <= last + slack)]


def _explains(grid: NDArray[np.float64], trace: Trace) -> bool:
    own = grid[(grid >= trace.xs[0] - 3) & (grid <= trace.xs[-1] + 3)]
    if len(own) < 2:
        return False
    heights = [vertex(trace, own, index) for index in range(len(own))]
    off = np.abs(np.interp(trace.xs, own, heights) - trace.ys)
    return float(np.percentile(off, 92)) <= _STRAIGHT + 0.35 * trace.thickness


def vertex(trace: Trace, grid: NDArray[np.float64], index: int) -> float:
    """Return the height of the line at `grid[index]`: where the straight pieces left and right of it meet, else the trace there."""
    x = float(grid[index])
    ends = [
        end
        for near in (index - 1, index + 1)
        if 0 <= near < len(grid)
        for end in _straight_end(trace, x, float(grid[near]))
    ]
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
