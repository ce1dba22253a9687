"""The items that went worst, as a page shows them: what was expected, what was read, and where to look. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from pipeline.evaluate import charts
from pipeline.evaluate.answer_scores import AnswerMatch
from pipeline.evaluate.chart_scores import ChartMatch
from pipeline.evaluate.charts import Chart
from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.found import FoundAnswer, FoundTable, Location
from pipeline.evaluate.score import Score
from pipeline.evaluate.table_scores import TableMatch, shared_texts
from pipeline.evaluate.tables import Grid
from pipeline.evaluate.truth import Edges, Region
from schemas.settings import Task

LEADING: Mapping[Task, str] = {"tables": "teds", "charts": "rms_f1", "answers": "correct"}
"""The metric that says how bad an item is."""
WHOLE: Edges = (0.0, 0.0, 1.0, 1.0)
MARGIN = 0.02
MOST_ROWS = 60
"""Of a table that is shown; the rest is said to be left out."""
MOST_PICTURES = 3

Sizes: TypeAlias = Mapping[tuple[str, int], tuple[float, float]]
M = TypeVar("M", TableMatch, ChartMatch, AnswerMatch)


class Mark(NamedTuple):
    """A box to be drawn over a picture, in parts of it: where the thing is (`truth`), or where it was found to be (`found`)."""

    kind: Literal["truth", "found"]
    edges: Edges


class Picture(NamedTuple):
    """A part of a page to be drawn."""

    doc_id: str
    page_no: int
    crop: Edges
    caption: str
    marks: tuple[Mark, ...] = ()


class ShownCell(NamedTuple):
    """A cell of a table that is shown; `is_shared`: the table beside it has its text too."""

    text: str
    row_span: int = 1
    col_span: int = 1
    is_shared: bool = True


Rows: TypeAlias = tuple[tuple[ShownCell, ...], ...]


class Case(NamedTuple):
    """One item: its scores, and the expected and the read side by side."""

    title: str
    where: str
    metrics: tuple[str, ...]
    expected: Rows
    read: Rows
    pictures: tuple[Picture, ...]


def worst(done: Evaluation, doc_ids: Mapping[Path, str], sizes: Sizes, n: int) -> dict[str, list[Case]]:
    """Return the `n` worst cases of each kind by what it is called; perfect items are none."""
    scores: dict[tuple[Task, str], list[Score]] = {}
    for score in done.scores:
        scores.setdefault((score.task, score.item_id), []).append(score)
    names = {doc_id: doc.name for doc, doc_id in doc_ids.items()}
    of_tables, of_charts, of_answers = done.matches
    cases = {
        "Tables": [_table(match, found, doc_ids[match.truth.doc], sizes) for match, found in _worst(of_tables, scores, "tables")[:n]],
        "Tables where there is none": [_spurious(table, names[table.doc_id]) for table in done.spurious[:n]],
        "Charts": [_chart(match, found, doc_ids[match.truth.doc], sizes) for match, found in _worst(of_charts, scores, "charts")[:n]],
        "Answers": [_answer(match, found, names) for match, found in _worst(of_answers, scores, "answers")[:n]],
    }
    return {name: shown for name, shown in cases.items() if shown}


def _worst(matches: Iterable[M], scores: Mapping[tuple[Task, str], Sequence[Score]], task: Task) -> list[tuple[M, Sequence[Score]]]:
    """Return those that are not perfect with their scores, worst first; what is wrong before what is missing, for nothing warns of it."""
    valued = []
    for match in matches:
        of_item = scores[task, match.truth.item_id]
        value = next(score.value for score in of_item if score.metric == LEADING[task])
        if value < 1:
            valued.append(((value, not _is_given(match), match.truth.item_id), match, of_item))
    return [(match, of_item) for _, match, of_item in sorted(valued, key=lambda one: one[0])]


def _is_given(match: TableMatch | ChartMatch | AnswerMatch) -> bool:
    return match.is_answered if isinstance(match, AnswerMatch) else match.found is not None


def _told(scores: Iterable[Score]) -> tuple[str, ...]:
    return tuple(f"{one.metric.replace('_', ' ')} {one.value:.2f}" for one in scores if not one.metric.endswith(("_precision", "_recall")))


def _table(match: TableMatch, scores: Sequence[Score], doc_id: str, sizes: Sizes) -> Case:
    truth, found = match.truth, match.found
    return Case(
        title=truth.item_id,
        where=f"{truth.doc.name}, p. {', '.join(map(str, sorted(set(truth.pages))))}; {truth.source}",
        metrics=_told(scores),
        expected=table_rows(truth.grid, found.grid if found else truth.grid),
        read=table_rows(found.grid, truth.grid) if found else (),
        pictures=_pictures(doc_id, truth.regions, found.locations if found else (), truth.pages, sizes),
    )


def _spurious(table: FoundTable, name: str) -> Case:
    pages = sorted(table.pages)
    return Case(
        title=f"table on p. {', '.join(map(str, pages))}",
        where=name,
        metrics=(f"trust {table.trust}",),
        expected=(),
        read=table_rows(table.grid, table.grid),
        pictures=_pictures(table.doc_id, (), table.locations, pages, {}),
    )


def _chart(match: ChartMatch, scores: Sequence[Score], doc_id: str, sizes: Sizes) -> Case:
    truth, found = match.truth, match.found
    return Case(
        title=f"{truth.item_id}: {truth.kind}" + (f", read as {found.chart.kind}" if found else ""),
        where=f"{truth.doc.name}, p. {truth.page_no}; {truth.source}",
        metrics=_told(scores),
        expected=_point_rows(truth.chart, lambda fewer: charts.points(fewer, found.chart if found else truth.chart).n_right),
        read=_point_rows(found.chart, lambda fewer: charts.points(truth.chart, fewer).n_right) if found else (),
        pictures=_pictures(doc_id, truth.regions, found.locations if found else (), (truth.page_no,), sizes),
    )


def _answer(match: AnswerMatch, scores: Sequence[Score], names: Mapping[str, str]) -> Case:
    truth, answer = match.truth, match.answer
    given = (
        "(no answer)" if not match.is_answered else " ".join(filter(None, [answer.given.answer, answer.given.unit, *answer.given.items]))
    )
    stated = [f"confidence {answer.confidence:.2f}"] if answer.confidence is not None else []
    pages = {
        **dict.fromkeys(sorted(match.evidence), "evidence"),
        **dict.fromkeys(answer.cited, "cited"),
        **dict.fromkeys(match.hits, "cited, is evidence"),
    }
    return Case(
        title=truth.question,
        where=f"{truth.item_id}; {', '.join(doc.name for doc in truth.docs)}; {truth.source}, {truth.kind}",
        metrics=(*_told(scores), f"evidence {answer.evidence_status}", *stated),
        expected=((ShownCell(truth.expected.answer or "(the documents hold none)"),),),
        read=((ShownCell(given),),) if match.found else (),
        pictures=tuple(
            Picture(*page, WHOLE, f"{names[page[0]]}, p. {page[1]}: {why}", _cited_on(answer, *page))
            for page, why in [*pages.items()][:MOST_PICTURES]
        ),
    )


def _cited_on(answer: FoundAnswer, doc_id: str, page_no: int) -> tuple[Mark, ...]:
    return tuple(Mark("found", place.edges) for cited, place in answer.boxes if (cited, place.page_no) == (doc_id, page_no))


def _point_rows(chart: Chart, n_right: Callable[[Chart], int]) -> Rows:
    """Return the chart's points as a table, a row each, marked where as many are right without it."""
    points = [(number, point) for number, series in enumerate(chart.series) for point in series.points]
    most = n_right(chart)
    rows = []
    for number, point in points[:MOST_ROWS]:
        series = chart.series[number]
        is_right = n_right(_without(chart, number, point)) < most
        rows.append(tuple(ShownCell(text, is_shared=is_right) for text in (series.name, point[0], f"{point[1]:g}")))
    more = [(ShownCell(f"… and {len(points) - MOST_ROWS} more points", col_span=3),)] if len(points) > MOST_ROWS else []
    return ((ShownCell("series"), ShownCell("x"), ShownCell("value")), *rows, *more)


def _without(chart: Chart, number: int, point: tuple[str, float]) -> Chart:
    """Return the chart without the first such point of a series."""
    points = [*chart.series[number].points]
    points.remove(point)
    fewer = chart.series[number]._replace(points=tuple(points))
    return chart._replace(series=(*chart.series[:number], fewer, *chart.series[number + 1 :]))


def table_rows(grid: Grid, other: Grid) -> Rows:
    """Return the cells to be shown, without the positions that a span covers, marked where the other table lacks their text."""
    shared = dict(shared_texts(grid, other))
    spans = {(span.row, span.col): span for span in grid.spans}
    covered = {
        (span.row + down, span.col + right) for span in grid.spans for down in range(span.row_span) for right in range(span.col_span)
    } - spans.keys()
    rows = [
        tuple(
            ShownCell(text, *(spans[row, col][2:] if (row, col) in spans else (1, 1)), shared.get((row, col), True))
            for col, text in enumerate(texts)
            if (row, col) not in covered
        )
        for row, texts in enumerate(grid.rows[:MOST_ROWS])
    ]
    n_more = len(grid.rows) - MOST_ROWS
    return (*rows, (ShownCell(f"… and {n_more} more rows", 1, max(1, grid.n_cols)),)) if n_more > 0 else tuple(rows)


def _pictures(doc_id: str, regions: Sequence[Region], found: Sequence[Location], pages: Iterable[int], sizes: Sizes) -> tuple[Picture, ...]:
    """Return one picture a page: the part that holds the true and the found boxes, all of it if nobody says where the thing is."""
    boxes: dict[int, list[Mark]] = {page_no: [] for page_no in pages}
    for region in regions:
        if not region.in_points or (doc_id, region.page_no) in sizes:
            edges = region.on_page(*sizes.get((doc_id, region.page_no), (1.0, 1.0)))
            boxes.setdefault(region.page_no, []).append(Mark("truth", edges))
    for location in found:
        boxes.setdefault(location.page_no, []).append(Mark("found", location.edges))
    return tuple(_picture(doc_id, page_no, marks) for page_no, marks in boxes.items())[:MOST_PICTURES]


def _picture(doc_id: str, page_no: int, marks: Sequence[Mark]) -> Picture:
    crop = _around([mark.edges for mark in marks]) if any(mark.kind == "truth" for mark in marks) else WHOLE
    return Picture(doc_id, page_no, crop, f"p. {page_no}", tuple(mark._replace(edges=_within(crop, mark.edges)) for mark in marks))


def _within(crop: Edges, box: Edges) -> Edges:
    """Return the box in parts of the crop."""
    left, top, width, height = crop[0], crop[1], crop[2] - crop[0], crop[3] - crop[1]
    return (box[0] - left) / width, (box[1] - top) / height, (box[2] - left) / width, (box[3] - top) / height


def _around(boxes: Sequence[Edges]) -> Edges:
    x0, y0, x1, y1 = (pick(box[edge] for box in boxes) for edge, pick in enumerate((min, min, max, max)))
    return max(0.0, x0 - MARGIN), max(0.0, y0 - MARGIN), min(1.0, x1 + MARGIN), min(1.0, y1 + MARGIN)
