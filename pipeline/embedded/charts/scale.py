"""From tick labels to a scale: the straight line, or its logarithm, that most of the labels agree on."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MIN_TICKS = 3
_STEP_TOLERANCE = 0.04


class Tick(NamedTuple):
    """A number printed beside an axis, and where along the axis its middle is (px)."""

    position: float
    value: float


class Scale(NamedTuple):
    """value = slope * position + intercept, or 10 to the power of that if `is_log`. Positions in pixels."""

    slope: float
    intercept: float
    ticks: tuple[Tick, ...]
    is_log: bool = False

    def value(self, position: float) -> float:
        """Return the value at a position."""
        linear = self.slope * position + self.intercept
        return float(10.0 ** min(linear, 300.0)) if self.is_log else linear

    def position(self, value: float) -> float:
        """Return the position of a value; on a logarithmic scale it must be positive."""
        return ((math.log10(value) if self.is_log else value) - self.intercept) / self.slope

    def error(self, position: float) -> float:
        """Return how much one pixel is worth at a position."""
        return abs(self.value(position + 0.5) - self.value(position - 0.5))

    def shifted(self, pixels: float) -> "Scale":
        """Return the scale moved along its axis by `pixels`."""
        ticks = tuple(Tick(tick.position + pixels, tick.value) for tick in self.ticks)
        return Scale(self.slope, self.intercept - self.slope * pixels, ticks, self.is_log)


def fit_scale(ticks: Sequence[Tick], tolerance: float) -> Scale | None:
    """Return the scale of at least three of the ticks, each within `tolerance` px of it; None if there is none.

    Every pair of ticks proposes a line and the line with most agreeing ticks wins (RANSAC, exhaustive because axes are short);
    least squares over those ticks gives the result. Values that are not multiples of one step are no linear axis, and the numbers of a
    logarithmic one are 1, 2, 3 or 5 times a power of ten.
    """
    linear = _fit(ticks, tolerance, is_log=False)
    positive = [tick for tick in ticks if tick.value > 0 and f"{tick.value:.6e}"[0] in "1235" and float(f"{tick.value:.0e}") == tick.value]
    log = _fit(positive, tolerance, is_log=True)
    if log is not None and _spans_decades(log) and (linear is None or len(log.ticks) > len(linear.ticks)):
        return log
    return linear


def _fit(ticks: Sequence[Tick], tolerance: float, *, is_log: bool) -> Scale | None:
    if len(ticks) < _MIN_TICKS:
        return None
    positions = np.array([tick.position for tick in ticks])
    values = np.array([math.log10(tick.value) if is_log else tick.value for tick in ticks])
    best: list[int] = []
    for first, second in combinations(range(len(ticks)), 2):
        agreeing = _agreeing(positions, values, first, second, tolerance)
        if len(agreeing) > len(best) and (is_log or _is_regular(values[agreeing])):
            best = agreeing
    if len(best) < _MIN_TICKS:
        return None
    slope, intercept = np.polyfit(positions[best], values[best], 1)
    kept = sorted((ticks[index] for index in best), key=lambda tick: tick.position)
    return Scale(float(slope), float(intercept), tuple(kept), is_log)


def _agreeing(positions: NDArray[np.float64], values: NDArray[np.float64], first: int, second: int, tolerance: float) -> list[int]:
    run, rise = positions[second] - positions[first], values[second] - values[first]
    if abs(run) < 2 * tolerance or rise == 0:
        return []
    expected = positions[first] + (values - values[first]) * run / rise
    return [int(index) for index in np.flatnonzero(np.abs(expected - positions) <= tolerance)]


def _is_regular(values: NDArray[np.float64]) -> bool:
    steps = np.diff(np.unique(values))
    if len(steps) < _MIN_TICKS - 1:
        return False
    step = float(steps.min())
    is_round = abs(float(f"{step:.3g}") - step) < 1e-4 * step
    return is_round and _are_multiples(steps, step) and _are_multiples(values, step / 2)


def _are_multiples(values: NDArray[np.float64], step: float) -> bool:
    ratios = values / step
    return bool(np.all(np.abs(ratios - np.round(ratios)) <= _STEP_TOLERANCE))


def _spans_decades(scale: Scale) -> bool:
    values = [tick.value for tick in scale.ticks]
    return max(values) / min(values) >= 10
