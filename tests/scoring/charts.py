"""How much of the data in charts was found."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from data.generator.truth import ChartTruth, DocumentTruth, SeriesTruth
from tests.scoring.matching import best_pairs
from tests.scoring.quantity import parse_number
from tests.scoring.samples import FoundChart, FoundPoint
from tests.scoring.text import alike_pairs, likeness

PRINTED_TOLERANCE = 0.01
"""Of the value, where values are printed."""
AXIS_TOLERANCE = 0.025
"""Of the range of the axis, where values are read off it."""


class ChartScore(NamedTuple):
    """One truth chart: its points, those with a point of the same series and x in the output, those of the right value."""

    document: str
    page: int
    title: str
    kind: str
    n_points: int
    n_matched: int
    n_right: int
    n_given: int
    is_found: bool

    @property
    def share(self) -> float:
        """The share of points found with the right value."""
        return self.n_right / self.n_points


class ChartScores(NamedTuple):
    """All truth charts, and how many charts of the output belong to none of them."""

    charts: tuple[ChartScore, ...]
    n_spurious: int

    @property
    def share(self) -> float:
        """The share of all points of all charts that were found with the right value."""
        return sum(chart.n_right for chart in self.charts) / max(1, sum(chart.n_points for chart in self.charts))

    def by_kind(self) -> dict[str, float]:
        """The share of right points for each kind of chart."""
        kinds = sorted({chart.kind for chart in self.charts})
        return {kind: ChartScores(tuple(c for c in self.charts if c.kind == kind), 0).share for kind in kinds}


class PointCount(NamedTuple):
    """Points of the truth with a counterpart, and those whose value is right."""

    n_matched: int
    n_right: int


def score_charts(documents: Sequence[DocumentTruth], found: Sequence[FoundChart]) -> ChartScores:
    """Pair the charts of each page one to one so that the most points are right; a chart without a pair scores 0."""
    scores: list[ChartScore] = []
    n_paired = 0
    for document in documents:
        candidates = [chart for chart in found if chart.document == document.document]
        weights = [[_weight(truth, chart) for chart in candidates] for truth in document.charts]
        pairs = dict(best_pairs(weights))
        n_paired += len(pairs)
        for number, truth in enumerate(document.charts):
            scores.append(_score(document.document, truth, candidates[pairs[number]] if number in pairs else None))
    return ChartScores(tuple(scores), len(found) - n_paired)


def count_points(truth: ChartTruth, chart: FoundChart) -> PointCount:
    """How many points of the truth the chart of the output has, and has with the right value."""
    n_matched = n_right = 0
    for series, points in _series_pairs(truth, chart):
        pairs = _scatter_pairs(truth, series, points) if truth.chart_type == "scatter" else _x_pairs(series, points)
        n_matched += len(pairs)
        n_right += sum(_is_right(truth, series.points[i][1], points[j].y) for i, j in pairs)
    return PointCount(n_matched, n_right)


def kind_of(truth: ChartTruth) -> str:
    """The kind of chart as scores are reported: "bar", "grouped bar", "horizontal bar", "line", ..."""
    if truth.chart_type != "bar":
        return truth.chart_type.replace("_", " ")
    if truth.orientation == "horizontal":
        return "horizontal bar"
    return "grouped bar" if len(truth.series) > 1 else "bar"


def _series_pairs(truth: ChartTruth, chart: FoundChart) -> Iterator[tuple[SeriesTruth, tuple[FoundPoint, ...]]]:
    """Series of the same name; a lone series needs no name."""
    if len(truth.series) == 1 and len(chart.series) == 1:
        yield truth.series[0], chart.series[0][1]
        return
    names = [series.name for series in truth.series]
    for number, other in alike_pairs(names, [name for name, _ in chart.series]):
        yield truth.series[number], chart.series[other][1]


def _x_pairs(series: SeriesTruth, points: Sequence[FoundPoint]) -> list[tuple[int, int]]:
    return alike_pairs([x for x, _ in series.points], [point.x for point in points])


def _scatter_pairs(truth: ChartTruth, series: SeriesTruth, points: Sequence[FoundPoint]) -> list[tuple[int, int]]:
    """Points that lie close in x, nearest in y first."""
    x_reach = AXIS_TOLERANCE * ((truth.x_max or 0.0) - (truth.x_min or 0.0))
    y_range = truth.y_max - truth.y_min
    weights = [
        [max(1e-6, 1 - abs(point.y - y) / y_range) if abs(_number(point.x) - float(x)) <= x_reach else 0.0 for point in points]
        for x, y in series.points
    ]
    return best_pairs(weights)


def _number(text: str) -> float:
    parsed = parse_number(text)
    return float("nan") if parsed is None else parsed


def _is_right(truth: ChartTruth, expected: float, given: float) -> bool:
    reach = PRINTED_TOLERANCE * abs(expected) if truth.printed else AXIS_TOLERANCE * (truth.y_max - truth.y_min)
    return abs(given - expected) <= reach + 1e-9


def _weight(truth: ChartTruth, chart: FoundChart) -> float:
    """Right points count most; a chart on the page without any still is a find."""
    if chart.page != truth.page:
        return 0.0
    counted = count_points(truth, chart)
    names = sum(likeness(series.name, name) for series in truth.series for name, _ in chart.series)
    return 0.001 + 0.001 * names + 0.1 * counted.n_matched + counted.n_right


def _score(document: str, truth: ChartTruth, chart: FoundChart | None) -> ChartScore:
    counted = count_points(truth, chart) if chart else PointCount(0, 0)
    return ChartScore(
        document=document,
        page=truth.page,
        title=truth.title,
        kind=kind_of(truth),
        n_points=sum(len(series.points) for series in truth.series),
        n_matched=counted.n_matched,
        n_right=counted.n_right,
        n_given=sum(len(points) for _, points in chart.series) if chart else 0,
        is_found=chart is not None,
    )
