"""Reads the truth of the samples and the output of a run, as values that can be compared."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds

from data.generator.truth import AnswerTruth, DocumentTruth

ANSWERS = "answers.json"


class FoundTable(NamedTuple):
    """A table of the output: its pages and the text at each grid position."""

    document: str
    pages: frozenset[int]
    cells: Mapping[tuple[int, int], str]


class FoundPoint(NamedTuple):
    """A point of the output; `y` is NaN if it was not read."""

    x: str
    y: float


class FoundChart(NamedTuple):
    """A chart of the output with the points of each series, in order."""

    document: str
    page: int
    chart_type: str
    series: tuple[tuple[str, tuple[FoundPoint, ...]], ...]


class FoundAnswer(NamedTuple):
    """An answer of the output with the pages it cites."""

    is_answerable: bool
    text: str
    number: float | None
    items: tuple[str, ...]
    unit: str
    pages: frozenset[tuple[str, int]]


class Output(NamedTuple):
    """What the last complete run wrote; answers by question."""

    tables: tuple[FoundTable, ...]
    charts: tuple[FoundChart, ...]
    answers: Mapping[str, FoundAnswer]


class Truth(NamedTuple):
    """The truth of the samples."""

    documents: tuple[DocumentTruth, ...]
    answers: tuple[AnswerTruth, ...]


def read_truth(folder: Path) -> Truth:
    """The truth in `data/samples/truth`."""
    files = sorted(path for path in folder.glob("*.json") if path.name != ANSWERS)
    answers = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    return Truth(
        tuple(DocumentTruth.model_validate_json(path.read_text(encoding="utf-8")) for path in files),
        tuple(AnswerTruth.model_validate(answer) for answer in answers),
    )


def read_output(root: Path) -> Output:
    """The last complete run under an output folder.

    Raises:
        ValueError: no run under `root` is complete.
    """
    runs = _rows(root, "runs")
    if not runs:
        message = f"{root} holds no complete run: the table runs is empty"
        raise ValueError(message)
    run_id = max(runs, key=lambda run: run["started_at"])["run_id"]
    names = {row["doc_id"]: row["filename"] for row in _rows(root, "documents", run_id)}
    return Output(_tables(root, run_id, names), _charts(root, run_id, names), _answers(root, run_id, names))


def _rows(root: Path, table: str, run_id: str | None = None) -> list[dict[str, Any]]:
    if not (root / table).is_dir():
        return []
    keys = ds.partitioning(pa.schema([("run_date", pa.string()), ("run_id", pa.string())]), flavor="hive")
    rows: list[dict[str, Any]] = ds.dataset(root / table, format="parquet", partitioning=keys).to_table().to_pylist()
    return [row for row in rows if run_id is None or row["run_id"] == run_id]


def _grouped(rows: list[dict[str, Any]], key: str) -> Mapping[str, list[dict[str, Any]]]:
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _tables(root: Path, run_id: str, names: Mapping[str, str]) -> tuple[FoundTable, ...]:
    cells = _grouped(_rows(root, "table_cells", run_id), "table_id")
    return tuple(
        FoundTable(
            names[row["doc_id"]],
            frozenset(range(row["page_first"], row["page_last"] + 1)),
            {(cell["row"], cell["col"]): cell["text"] or "" for cell in cells.get(row["table_id"], ())},
        )
        for row in _rows(root, "tables", run_id)
    )


def _charts(root: Path, run_id: str, names: Mapping[str, str]) -> tuple[FoundChart, ...]:
    points = _grouped(_rows(root, "chart_points", run_id), "chart_id")
    return tuple(
        FoundChart(names[row["doc_id"]], row["page_no"], row["chart_type"], _series(points.get(row["chart_id"], [])))
        for row in _rows(root, "charts", run_id)
    )


def _series(rows: list[dict[str, Any]]) -> tuple[tuple[str, tuple[FoundPoint, ...]], ...]:
    ordered = sorted(rows, key=lambda row: (row["series_no"], row["point_no"]))
    groups: defaultdict[tuple[int, str], list[FoundPoint]] = defaultdict(list)
    for row in ordered:
        y = float("nan") if row["y_num"] is None else row["y_num"]
        groups[row["series_no"], row["series"] or ""].append(FoundPoint(_x(row), y))
    return tuple((name, tuple(points)) for (_, name), points in groups.items())


def _x(row: Mapping[str, Any]) -> str:
    for key in ("x_text", "x_num", "x_date"):
        if row[key] is not None:
            return str(row[key])
    return ""


def _answers(root: Path, run_id: str, names: Mapping[str, str]) -> Mapping[str, FoundAnswer]:
    cited = _grouped([row for row in _rows(root, "evidence", run_id) if row["target_kind"] == "answer"], "target_id")
    rows = sorted(_rows(root, "answers", run_id), key=lambda row: (row["is_answerable"], row["confidence"] or 0.0))
    return {
        row["question_id"]: FoundAnswer(
            is_answerable=row["is_answerable"],
            text=row["answer_text"] or "",
            number=row["value_num"],
            items=tuple(row["value_list"] or ()),
            unit=row["unit"] or "",
            pages=frozenset((names[one["doc_id"]], one["page_no"]) for one in cited.get(row["answer_id"], ())),
        )
        for row in rows
    }
