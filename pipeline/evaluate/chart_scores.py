"""Pair the charts of the truth with those found, and score each. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluate import charts
from pipeline.evaluate.boxes import box_metrics
from pipeline.evaluate.charts import Chart
from pipeline.evaluate.counted import Counted
from pipeline.evaluate.found import Found, FoundChart
from pipeline.evaluate.score import Metric, Score, of_item, of_page
from pipeline.evaluate.truth import Truth, TruthChart

_EMPTY = Chart("", ())
_SAME_KIND = {"stacked bar": "bar", "histogram": "bar", "donut": "pie"}


class ChartMatch(NamedTuple):
    """A chart of the truth and the one that was read for it, if any."""

    truth: TruthChart
    found: FoundChart | None


def match_charts(truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> tuple[ChartMatch, ...]:
    """Return every chart of the truth with its counterpart on the same page: one to one, those that agree best first."""
    matches: list[ChartMatch] = []
    for doc, page_no in dict.fromkeys((chart.doc, chart.page_no) for chart in truth.charts):
        expected = [chart for chart in truth.charts if (chart.doc, chart.page_no) == (doc, page_no)]
        read = [chart for chart in found.charts if chart.doc_id == doc_ids[doc] and page_no in chart.pages]
        matches += _paired(expected, read)
    return tuple(matches)


def _paired(expected: Sequence[TruthChart], read: Sequence[FoundChart]) -> Iterator[ChartMatch]:
    likeness = {
        (i, j): (charts.rms_f1(truth.chart, chart.chart).f1, charts.points(truth.chart, chart.chart).n_matched)
        for i, truth in enumerate(expected)
        for j, chart in enumerate(read)
    }
    pairs: dict[int, int] = {}
    for i, j in sorted(likeness, key=lambda pair: likeness[pair], reverse=True):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    for number, truth in enumerate(expected):
        yield ChartMatch(truth, read[pairs[number]] if number in pairs else None)


def chart_scores(match: ChartMatch, sizes: Mapping[tuple[str, int], tuple[float, float]]) -> Iterator[Score]:
    """Yield the scores of one chart."""
    yield from of_item("charts", match.truth, match.truth.page_no, _metrics(match, sizes))


def _metrics(match: ChartMatch, sizes: Mapping[tuple[str, int], tuple[float, float]]) -> Iterator[Metric]:
    truth, found = match.truth.chart, match.found.chart if match.found else _EMPTY
    yield "found", match.found is not None, 1
    yield "chart_type", _kind(truth.kind) == _kind(found.kind), 1
    similarity, points = charts.rms_f1(truth, found), charts.points(truth, found)
    yield "rms_precision", similarity.precision if match.found else 0, 1
    yield "rms_recall", similarity.recall if match.found else 0, 1
    yield "rms_f1", similarity.f1 if match.found else 0, 1
    yield "points_recall", points.n_right, points.n_truth
    yield "points_precision", points.n_right, points.n_found
    yield "points_f1", 2 * points.n_right, points.n_truth + points.n_found
    yield "points_wrong", points.n_wrong, points.n_found
    yield "points_invented", points.n_invented, points.n_found
    if match.truth.regions:
        of_doc = {page_no: size for (doc_id, page_no), size in sizes.items() if match.found and doc_id == match.found.doc_id}
        yield from box_metrics(match.truth.regions, match.found.locations if match.found else (), of_doc)


def _kind(kind: str) -> str:
    return _SAME_KIND.get(kind, kind)


def page_scores(matches: Iterable[ChartMatch], truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> Iterator[Score]:
    """Yield detection page by page, as for tables."""
    matches = [*matches]
    sources = {chart.doc: chart.source for chart in truth.charts}
    for doc, source in sources.items():
        of_doc = [match for match in matches if match.truth.doc == doc]
        read = [chart for chart in found.charts if chart.doc_id == doc_ids[doc]]
        for page_no in sorted({match.truth.page_no for match in of_doc} | {page for chart in read for page in chart.pages}):
            here = [match for match in of_doc if match.truth.page_no == page_no]
            n_found = sum(page_no in chart.pages for chart in read)
            counts = Counted(len(here), n_found, sum(match.found is not None for match in here))
            yield from of_page("charts", source, doc, page_no, counts)
