"""Confidence intervals by resampling documents, pure.

The percentile bootstrap (Efron and Tibshirani 1993, ch. 13) of a ratio of sums. Documents are drawn, not items: the tables of a document
are read well or badly together, and intervals that take them for independent are too narrow (cluster bootstrap, Davison and Hinkley 1997,
ch. 3.8).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap

RESAMPLES = 2000
LEVEL = 0.95
_SEED = 0
Floats: TypeAlias = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """A value with its confidence interval; of a single document there is nothing to draw, and no interval."""

    value: float
    low: float | None
    high: float | None


def ratio_interval(docs: Sequence[str], right: Sequence[float], out_of: Sequence[float]) -> Interval:
    """Return sum(right) / sum(out_of) with its interval; the three lists have one entry an item, `docs` what it is drawn with."""
    return _interval(_by_doc(docs, right, out_of), _ratio)


def difference_interval(
    docs: Sequence[str], first: tuple[Sequence[float], Sequence[float]], second: tuple[Sequence[float], Sequence[float]]
) -> Interval:
    """Return how much the second ratio is above the first over the same items, documents drawn for both alike (paired bootstrap)."""
    return _interval(_by_doc(docs, *first, *second), _difference)


def told(low: float | None, high: float | None, form: str = ".3f", between: str = " to ") -> str:
    """Return an interval as it is printed; nothing if there is none."""
    return "" if low is None or high is None else f"{low:{form}}{between}{high:{form}}"


def _by_doc(docs: Sequence[str], *columns: Sequence[float]) -> Floats:
    """Return the sums of each document: a row for each column."""
    names, place = np.unique(np.asarray(docs), return_inverse=True)
    return np.stack([np.bincount(place, weights=column, minlength=len(names)) for column in columns])


def _interval(sums: Floats, statistic: Callable[..., Floats]) -> Interval:
    value = float(statistic(*sums))
    if sums.shape[1] < 2:
        return Interval(value, None, None)
    drawn = bootstrap(
        tuple(sums),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    )
    return Interval(value, float(drawn.confidence_interval.low), float(drawn.confidence_interval.high))


def _ratio(right: Floats, out_of: Floats, axis: int = -1) -> Floats:
    """Return the ratio of the sums; 0 where a draw has nothing to be out of."""
    total = out_of.sum(axis=axis)
    return np.asarray(np.divide(right.sum(axis=axis), total, out=np.zeros_like(total), where=total > 0))


def _difference(right: Floats, out_of: Floats, right_too: Floats, out_of_too: Floats, axis: int = -1) -> Floats:
    return _ratio(right_too, out_of_too, axis) - _ratio(right, out_of, axis)
