"""How much of the data behind a chart was found, and how much of what was found is not there. Pure.

`rms_f1` is relative mapping similarity (RMS-F1) of DePlot (Liu et al., 2023, arXiv 2212.10505), as google-research computes it in
`deplot/metrics.py` since 2025 (older copies report the recall as F1): every point is a key (its x and its series) with a value; keys are
paired one to one with the least total edit distance; a pair counts ANLS of the keys, threshold .5, times one minus the relative distance
of the values, which counts as 1 from .1 on. Departures: the name of an only series is no part of a key, for charts print none; an x that
is a number or a date in both counts as the same or as another one, however it is written; of equal keys, as clouds of points have, the
nearest values are paired; a pie that prints no values has nothing but shares, so its slices are compared in percent; and there is no
transposing, because series are named as such.

`points` is stricter and tells what a reader of the rows cares about: points that are right, wrong, and invented.
"""

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

ANLS_THRESHOLD = 0.5
FARTHEST = 0.1
"""Relative distance of two values from which on they have nothing in common, as in DePlot."""
PRINTED_TOLERANCE = 0.01
"""Of the value, where values are printed."""
AXIS_TOLERANCE = 0.025
"""Of the range of the axis, where values are read off it."""
_TIE = 1e-4
ALIKE = 0.8
"""Similarity from which on two names mean the same for `points`; names of up to `SHORT` characters have to be equal."""
SHORT = 3
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = "|".join(_MONTHS)
_DATES = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})[-/](?P<number>\d{1,2})(?:[-/]\d{1,2})?",
        r"(?P<number>\d{1,2})/(?P<year>\d{4})",
        rf"(?:\d{{1,2}} )?(?P<month>{_NAMES})[a-z]*\.?,?(?: of)? ?(?:\d{{1,2}}, ?)?(?P<year>\d{{4}})?",
        rf"(?P<year>\d{{4}}) ?(?P<month>{_NAMES})[a-z]*",
        r"q(?P<quarter>[1-4]) ?(?P<year>\d{4})",
        r"(?P<year>\d{4}) ?q(?P<quarter>[1-4])",
    )
)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:[ ,]\d{3})+|\d+)(?:\.\d+)?")


class Series(NamedTuple):
    """One series: its name, empty if none is printed, and its points as x and value."""

    name: str
    points: tuple[tuple[str, float], ...]


class Chart(NamedTuple):
    """The data of one chart.

    `kind` is a word such as "bar"; a "scatter" has its points paired by place. `value_range` is from where to where the value axis runs;
    if unknown the truth's values tell. `is_printed` says whether the values are printed beside the marks.
    """

    kind: str
    series: tuple[Series, ...]
    value_range: tuple[float, float] | None = None
    is_printed: bool = False


class Agreement(NamedTuple):
    """Precision, recall and their harmonic mean, from 0 to 1."""

    precision: float
    recall: float
    f1: float


class PointCount(NamedTuple):
    """Points: of the truth, of the output, with a counterpart; of those the right and the wrong ones; and without one, invented."""

    n_truth: int
    n_found: int
    n_matched: int
    n_right: int
    n_wrong: int
    n_invented: int

    @property
    def silent(self) -> float:
        """The share of what was given out that is wrong or invented; 0 if nothing was."""
        return (self.n_wrong + self.n_invented) / max(1, self.n_found)

    @property
    def is_abstention(self) -> bool:
        """Whether nothing was given out."""
        return self.n_found == 0


class _When(NamedTuple):
    """A date; `year` is 0 where only the month is printed."""

    year: int
    month: int

    def is_same(self, other: "_When") -> bool:
        return self.month == other.month and (self.year == other.year or not (self.year and other.year))


class _Key(NamedTuple):
    x: str
    series: str


def rms_f1(truth: Chart, found: Chart) -> Agreement:
    """Return the relative mapping similarity of two charts; 1 if both are empty."""
    truth, found = _in_shares(truth, found)
    expected, given = _mapping(truth, found), _mapping(found, truth)
    if not expected or not given:
        return Agreement(float(not given), float(not expected), float(not expected and not given))
    reach = _x_reach(truth)
    near = np.array([[_key_likeness(key, other, reach) for other, _ in given] for key, _ in expected])
    close = np.array([[_closeness(value, other) for _, other in given] for _, value in expected])
    rows, cols = linear_sum_assignment(near + _TIE * close, maximize=True)
    total = float((near * close)[rows, cols].sum())
    if not total:
        return Agreement(0.0, 0.0, 0.0)
    precision, recall = total / len(given), total / len(expected)
    return Agreement(precision, recall, 2 * precision * recall / (precision + recall))


def points(truth: Chart, found: Chart) -> PointCount:
    """Return how many points of `found` are right, wrong or not in the truth.

    A counterpart has the same x in the series of the same name; a lone series needs no name. A value is right within `PRINTED_TOLERANCE` of
    itself where the truth is printed, else within `AXIS_TOLERANCE` of the axis.
    """
    truth, found = _in_shares(truth, found)
    n_truth, n_found = (sum(len(series.points) for series in chart.series) for chart in (truth, found))
    pairs = [pair for one, other in _series_pairs(truth, found) for pair in _point_pairs(truth, one, other)]
    n_right = sum(_is_right(truth, expected, given) for expected, given in pairs)
    return PointCount(n_truth, n_found, len(pairs), n_right, len(pairs) - n_right, n_found - len(pairs))


def anls(first: str, second: str) -> float:
    """Return the similarity of two texts without regard to case: one minus their normalized edit distance, 0 if that is .5 or more."""
    distance = Levenshtein.normalized_distance(first.casefold().strip(), second.casefold().strip())
    return 1 - distance if distance < ANLS_THRESHOLD else 0.0


def same_x(first: str, second: str, reach: float = 0.0) -> bool | None:
    """Tell whether two x that are both numbers, or both dates, are the same one; None if they are words."""
    numbers = _number(first), _number(second)
    if numbers[0] is not None and numbers[1] is not None:
        return abs(numbers[0] - numbers[1]) <= reach + 1e-6 * abs(numbers[0])
    dates = _when(first), _when(second)
    return dates[0].is_same(dates[1]) if dates[0] and dates[1] else None


def _in_shares(truth: Chart, found: Chart) -> tuple[Chart, Chart]:
    return (_shares(truth), _shares(found)) if truth.kind == "pie" and not truth.is_printed else (truth, found)


def _shares(chart: Chart) -> Chart:
    """Return the chart with each series in percent of its sum."""
    totals = [sum(value for _, value in series.points) for series in chart.series]
    series = [
        one._replace(points=tuple((x, 100 * value / (total or 1)) for x, value in one.points))
        for one, total in zip(chart.series, totals, strict=True)
    ]
    return chart._replace(series=tuple(series), value_range=(0.0, 100.0))


def _mapping(chart: Chart, other: Chart) -> list[tuple[_Key, float]]:
    is_lone = len(chart.series) == 1 and len(other.series) == 1
    return [(_Key(x, "" if is_lone else series.name), value) for series in chart.series for x, value in series.points]


def _key_likeness(key: _Key, other: _Key, reach: float) -> float:
    is_same = same_x(key.x, other.x, reach)
    if is_same is None:
        return anls(f"{key.x} {key.series}", f"{other.x} {other.series}")
    return anls(f"x {key.series}", f"x {other.series}") if is_same else 0.0


def _closeness(expected: float, given: float) -> float:
    if not expected:
        return float(not given)
    distance = abs((expected - given) / expected)
    return 1 - distance if distance < FARTHEST else 0.0


def _x_reach(truth: Chart) -> float:
    """Return how far two numbers on the x axis of a line or scatter may be apart: less than half way to the next point."""
    xs = [number for series in truth.series for x, _ in series.points if (number := _number(x)) is not None]
    if truth.kind not in {"scatter", "line", "area"} or len(xs) < 2:
        return 0.0
    reach = AXIS_TOLERANCE * (max(xs) - min(xs))
    steps = np.diff(np.unique(xs))
    return reach if truth.kind == "scatter" else min(reach, 0.49 * float(steps.min(initial=math.inf)))


def _series_pairs(truth: Chart, found: Chart) -> Iterator[tuple[Series, Series]]:
    if len(truth.series) == 1 and len(found.series) == 1:
        yield truth.series[0], found.series[0]
        return
    for one, other in _best_pairs([[_name_weight(a.name, b.name) for b in found.series] for a in truth.series]):
        yield truth.series[one], found.series[other]


def _point_pairs(truth: Chart, one: Series, other: Series) -> list[tuple[float, float]]:
    reach, (low, high) = _x_reach(truth), _range(truth)
    span = max(high - low, 1e-9)

    def weight(a: tuple[str, float], b: tuple[str, float]) -> float:
        is_same = same_x(a[0], b[0], reach)
        named = _name_weight(a[0], b[0]) if is_same is None else float(is_same)
        # Where one x has several points, as in a scatter plot, the nearest values belong together.
        return named and named + 0.001 * (1 - min(1.0, abs(a[1] - b[1]) / span))

    pairs = _best_pairs([[weight(a, b) for b in other.points] for a in one.points])
    return [(one.points[row][1], other.points[col][1]) for row, col in pairs]


def _name_weight(first: str, second: str) -> float:
    """Return more than 0 for names that mean the same: equal, or long and nearly so, with the same digits in them."""
    a, b = (" ".join(re.findall(r"[^\W_]+|[%<>+]", name.casefold())) for name in (first, second))
    if a == b:
        return 2.0
    likeness = Levenshtein.normalized_similarity(a, b)
    is_alike = min(len(a), len(b)) > SHORT and likeness >= ALIKE and re.findall(r"\d", a) == re.findall(r"\d", b)
    return likeness if is_alike else 0.0


def _best_pairs(weights: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    if not weights or not weights[0]:
        return []
    rows, cols = linear_sum_assignment(np.asarray(weights), maximize=True)
    return [(row, col) for row, col in zip(rows.tolist(), cols.tolist(), strict=True) if weights[row][col] > 0]


def _is_right(truth: Chart, expected: float, given: float) -> bool:
    low, high = _range(truth)
    reach = PRINTED_TOLERANCE * abs(expected) if truth.is_printed else AXIS_TOLERANCE * (high - low)
    return abs(given - expected) <= reach + 1e-9


def _range(truth: Chart) -> tuple[float, float]:
    if truth.value_range:
        return truth.value_range
    values = [value for series in truth.series for _, value in series.points]
    return min([0.0, *values]), max([0.0, *values])


@cache
def _number(text: str) -> float | None:
    plain = text.strip().replace("\u2212", "-")
    return float(re.sub("[ ,]", "", plain)) if _NUMBER.fullmatch(plain) else None


@cache
def _when(text: str) -> _When | None:
    """Return the date that `text` is; a year alone is a January, as ISO dates of years are."""
    plain = text.strip().casefold()
    if re.fullmatch(r"1[89]\d\d|2[01]\d\d", plain):
        return _When(int(plain), 1)
    for form in _DATES:
        match = form.fullmatch(plain)
        if match:
            return _date(match.groupdict())
    return None


def _date(parts: dict[str, str | None]) -> _When:
    quarter, number, month = parts.get("quarter"), parts.get("number"), parts.get("month")
    at = 3 * int(quarter) - 2 if quarter else int(number) if number else _MONTHS.index((month or "")[:3]) + 1
    return _When(int(parts.get("year") or 0), at)
