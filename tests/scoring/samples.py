"""Reads the truth of the samples and the output of a run, as values that can be compared."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
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
    """What longread wrote: the documents it read by file name, their tables and charts, the answers by question."""

    documents: frozenset[str]
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
    """The newest complete reading of each document and the newest answer to each question under an output folder.

    Raises:
        ValueError: no run under `root` is complete.
    """
    started = {run["run_id"]: run["started_at"] for run in _rows(root, "runs")}
    if not started:
        message = f"{root} holds no complete run: the table runs is empty"
        raise ValueError(message)
    documents = _newest(_rows(root, "documents"), "doc_id", started)
    dataset = Dataset(root, {(row["doc_id"], row["run_id"]): row["filename"] for row in documents})
    answers = _newest(_rows(root, "answers"), "question_id", started)
    return Output(frozenset(dataset.names.values()), _tables(dataset), _charts(dataset), _answers(answers, dataset))


class Dataset(NamedTuple):
    """An output folder and the file names of its documents by document and the run that read it last."""

    root: Path
    names: Mapping[tuple[str, str], str]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of the last reading of each document."""
        return [row for row in _rows(self.root, table) if (row["doc_id"], row["run_id"]) in self.names]

    def name(self, row: Mapping[str, Any]) -> str:
        """The file name of the document that a row is about."""
        return self.names[row["doc_id"], row["run_id"]]


def _rows(root: Path, table: str) -> list[dict[str, Any]]:
    if not (root / table).is_dir():
        return []
    keys = ds.partitioning(pa.schema([("run_date", pa.string()), ("run_id", pa.string())]), flavor="hive")
    rows: list[dict[str, Any]] = ds.dataset(root / table, format="parquet", partitioning=keys).to_table().to_pylist()
    return rows


def _newest(rows: list[dict[str, Any]], key: str, started: Mapping[str, datetime]) -> list[dict[str, Any]]:
    """For each value of a column the rows of the newest complete run that has it."""
    complete = sorted((row for row in rows if row["run_id"] in started), key=lambda row: started[row["run_id"]])
    newest = {row[key]: row["run_id"] for row in complete}
    return [row for row in complete if newest[row[key]] == row["run_id"]]


def _grouped(rows: Sequence[dict[str, Any]], key: str) -> Mapping[str, list[dict[str, Any]]]:
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _tables(dataset: Dataset) -> tuple[FoundTable, ...]:
    cells = _grouped(dataset.rows("table_cells"), "table_id")
    return tuple(
        FoundTable(
            dataset.name(row),
            frozenset(range(row["page_first"], row["page_last"] + 1)),
            {(cell["row"], cell["col"]): cell["text"] or "" for cell in cells.get(row["table_id"], ())},
        )
        for row in dataset.rows("tables")
    )


def _charts(dataset: Dataset) -> tuple[FoundChart, ...]:
    points = _grouped(dataset.rows("chart_points"), "chart_id")
    return tuple(
        FoundChart(dataset.name(row), row["page_no"], row["chart_type"], _series(points.get(row["chart_id"], [])))
        for row in dataset.rows("charts")
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


def _answers(rows: Sequence[dict[str, Any]], dataset: Dataset) -> Mapping[str, FoundAnswer]:
    """Answers by question; of several answers to one question the surest."""
    names = {doc_id: name for (doc_id, _), name in dataset.names.items()}
    cited: defaultdict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for row in _rows(dataset.root, "evidence"):
        if row["target_kind"] == "answer":
            cited[row["run_id"], row["target_id"]].add((names.get(row["doc_id"], ""), row["page_no"]))
    surest_last = sorted(rows, key=lambda row: (row["is_answerable"], row["confidence"] or 0.0))
    return {
        row["question_id"]: FoundAnswer(
            is_answerable=row["is_answerable"],
            text=row["answer_text"] or "",
            number=row["value_num"],
            items=tuple(row["value_list"] or ()),
            unit=row["unit"] or "",
            pages=frozenset(cited[row["run_id"], row["answer_id"]]),
        )
        for row in surest_last
    }
