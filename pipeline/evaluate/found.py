"""Read what runs wrote to a dataset: the newest committed reading of each document, the newest answer to each question."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pyarrow.dataset as ds

from pipeline.evaluate.answers import Given
from pipeline.evaluate.charts import Chart, Series
from pipeline.evaluate.tables import Grid, Span
from pipeline.evaluate.truth import Edges
from pipeline.write import committed
from schemas.rows import TABLES
from schemas.settings import Task

Row: TypeAlias = dict[str, Any]
AnswerKey: TypeAlias = tuple[str, frozenset[str]]
"""The question's text and the documents it is asked of."""


class Location(NamedTuple):
    """A box on a page."""

    page_no: int
    edges: Edges


class FoundTable(NamedTuple):
    """One table: its cells with the outcome of their check, and where it stands."""

    table_id: str
    doc_id: str
    grid: Grid
    checks: Mapping[tuple[int, int], str]
    trust: str
    locations: tuple[Location, ...]

    @property
    def pages(self) -> frozenset[int]:
        """The pages it stands on."""
        return frozenset(location.page_no for location in self.locations)


class FoundChart(NamedTuple):
    """One chart."""

    chart_id: str
    doc_id: str
    chart: Chart
    trust: str
    locations: tuple[Location, ...]

    @property
    def pages(self) -> frozenset[int]:
        """The page it stands on."""
        return frozenset(location.page_no for location in self.locations)


class FoundAnswer(NamedTuple):
    """One answer, and the pages that it cites, the first first."""

    given: Given
    confidence: float | None
    evidence_status: str
    cited: tuple[tuple[str, int], ...]
    boxes: tuple[tuple[str, Location], ...] = ()


class Maker(NamedTuple):
    """A run, and what read in it."""

    run_id: str
    model: str
    backend: str


class Found(NamedTuple):
    """What lies in a dataset about some documents."""

    makers: tuple[Maker, ...]
    """The runs that read it, the oldest first."""
    read: frozenset[str]
    """doc_ids of the documents that a committed run with the tasks they need names, whatever became of them."""
    sizes: Mapping[tuple[str, int], tuple[float, float]]
    """Width and height in points, by doc_id and page_no."""
    tables: tuple[FoundTable, ...]
    charts: tuple[FoundChart, ...]
    answers: Mapping[AnswerKey, FoundAnswer]


def read_found(root: Path, needs: Mapping[str, frozenset[Task]], is_wanted: Callable[[Row], bool] = lambda _: True) -> Found:
    """Return what is read of the documents of `needs`, by runs that had the tasks that each of them needs.

    Args:
        root: the folder of the dataset.
        needs: the tasks by doc_id.
        is_wanted: which runs count, by their row in `runs`.
    """
    runs = {row["run_id"]: row for row in _rows(root, "runs") if is_wanted(row)}
    started = {run_id: row["started_at"] for run_id, row in runs.items()}
    tasks = {run_id: frozenset(json.loads(row["config_json"])["tasks"]) for run_id, row in runs.items()}
    documents = [row for row in _rows(root, "documents", needs) if row["run_id"] in runs]
    documents = [row for row in documents if needs[row["doc_id"]] - {"answers"} <= tasks[row["run_id"]]]
    newest = _newest(documents, ("doc_id",), started)
    parts = {
        name: [row for row in _rows(root, name, needs) if newest.get((row["doc_id"],)) == row["run_id"]]
        for name in ("pages", "tables", "table_cells", "table_fragments", "charts", "chart_points")
    }
    answers = [row for row in _rows(root, "answers") if row["run_id"] in runs and row["schema_name"] is None]
    answers = [row for row in answers if needs.keys() >= set(row["doc_ids"])]
    last_answer = _newest(answers, ("question_id", "question"), started)
    answers = [row for row in answers if last_answer[row["question_id"], row["question"]] == row["run_id"]]
    return Found(
        makers=tuple(
            Maker(run_id, runs[run_id]["model"], runs[run_id]["backend"])
            for run_id in sorted({*newest.values(), *last_answer.values()}, key=lambda run_id: started[run_id])
        ),
        read=frozenset(doc_id for (doc_id,) in newest),
        sizes={(row["doc_id"], row["page_no"]): (row["width_pt"], row["height_pt"]) for row in parts["pages"]},
        tables=_tables(parts["tables"], parts["table_cells"], parts["table_fragments"]),
        charts=_charts(parts["charts"], parts["chart_points"]),
        answers=_answers(answers, [row for row in _rows(root, "evidence") if row["target_kind"] == "answer"]),
    )


def _rows(root: Path, table: str, doc_ids: Collection[str] | None = None) -> list[Row]:
    found = committed(root, table, TABLES[table].names)
    return (found if doc_ids is None else found.filter(ds.field("doc_id").isin([*doc_ids]))).to_pylist()


def _newest(rows: Iterable[Row], key: tuple[str, ...], started: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
    """Return the id of the newest run that has each key."""
    ordered = sorted(rows, key=lambda row: started[row["run_id"]])
    return {tuple(row[column] for column in key): row["run_id"] for row in ordered}


def _by(rows: Iterable[Row], column: str) -> Mapping[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def _edges(row: Row) -> Edges:
    return row["x0"], row["y0"], row["x1"], row["y1"]


def _tables(tables: Iterable[Row], cells: Iterable[Row], fragments: Iterable[Row]) -> tuple[FoundTable, ...]:
    cells_of, fragments_of = _by(cells, "table_id"), _by(fragments, "table_id")
    return tuple(
        FoundTable(
            table_id=row["table_id"],
            doc_id=row["doc_id"],
            grid=grid_of(row["n_rows"], row["n_cols"], cells_of[row["table_id"]]),
            checks={(cell["row"], cell["col"]): cell["check"] for cell in cells_of[row["table_id"]]},
            trust=row["trust"],
            locations=tuple(Location(part["page_no"], _edges(part)) for part in fragments_of[row["table_id"]]),
        )
        for row in tables
    )


def grid_of(n_rows: int, n_cols: int, cells: Iterable[Row]) -> Grid:
    """Return the cells as a grid; positions that a span covers, or that have no cell, are empty."""
    cells = [*cells]
    texts = {(cell["row"], cell["col"]): cell["text"] or "" for cell in cells}
    spans = (Span(cell["row"], cell["col"], cell["row_span"], cell["col_span"]) for cell in cells)
    return Grid(
        tuple(tuple(texts.get((row, col), "") for col in range(n_cols)) for row in range(n_rows)),
        tuple(sorted(span for span in spans if span.row_span > 1 or span.col_span > 1)),
    )


def _charts(charts: Iterable[Row], points: Iterable[Row]) -> tuple[FoundChart, ...]:
    points_of = _by(points, "chart_id")
    return tuple(
        FoundChart(
            chart_id=row["chart_id"],
            doc_id=row["doc_id"],
            chart=chart_of(row, points_of[row["chart_id"]]),
            trust=row["trust"],
            locations=(Location(row["page_no"], _edges(row)),),
        )
        for row in charts
    )


def chart_of(row: Row, points: Iterable[Row]) -> Chart:
    """Return the chart's points, series by series; a point without a value is none."""
    series: defaultdict[tuple[int, str], list[tuple[str, float]]] = defaultdict(list)
    for point in sorted(points, key=lambda point: (point["series_no"], point["point_no"])):
        if point["y_num"] is not None:
            series[point["series_no"], point["series"] or ""].append((_x(point), point["y_num"]))
    return Chart(
        kind=row["chart_type"].replace("_", " "),
        series=tuple(Series(name, tuple(listed)) for (_, name), listed in series.items()),
        value_range=None,
        is_printed=row["has_printed_values"],
    )


def _x(point: Row) -> str:
    return next((str(point[name]) for name in ("x_text", "x_num", "x_date") if point[name] is not None), "")


def _answers(answers: Iterable[Row], evidence: Iterable[Row]) -> Mapping[AnswerKey, FoundAnswer]:
    """Return the answers by question; of several to one question the surest."""
    cited = _by(evidence, "target_id")
    surest_last = sorted(answers, key=lambda row: (row["is_answerable"], row["confidence"] or 0.0))
    return {(row["question"], frozenset(row["doc_ids"])): _answer(row, cited[row["answer_id"]]) for row in surest_last}


def _answer(row: Row, evidence: Iterable[Row]) -> FoundAnswer:
    ordered = sorted((item for item in evidence if item["run_id"] == row["run_id"]), key=lambda item: item["evidence_no"])
    return FoundAnswer(
        given=Given(
            answer=row["answer_text"] or "" if row["is_answerable"] else None,
            number=row["value_num"],
            unit=row["unit"],
            items=tuple(row["value_list"] or ()),
        ),
        confidence=row["confidence"],
        evidence_status=row["evidence_status"],
        cited=tuple(dict.fromkeys((item["doc_id"], item["page_no"]) for item in ordered)),
        boxes=tuple((item["doc_id"], Location(item["page_no"], _edges(item))) for item in ordered if item["x0"] is not None),
    )
