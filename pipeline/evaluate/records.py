"""Keep an evaluation as Parquet in the folder `evaluation` of the dataset: a row for each item and metric, summaries, calibration."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.score import Score
from schemas.errors import SettingsError, WriteError
from schemas.rows import EVALUATION

SCORES, SUMMARIES, CALIBRATION = "scores.parquet", "summaries.parquet", "calibration.parquet"

_TYPES = {"str": pa.string(), "i32": pa.int32(), "f64": pa.float64()}
_COLUMNS = {
    SCORES: "item_id str, task str, source str, kind str, doc str, page_no i32, metric str, right f64, out_of f64, value f64",
    SUMMARIES: "task str, metric str, group str, n_items i32, n_docs i32, value f64, low f64, high f64, mean f64",
    CALIBRATION: "signal str, level str, n i32, n_right i32, stated f64, share f64, low f64, high f64",
}


def write_records(root: Path, evaluation: Evaluation) -> None:
    """Write the three files; the runs that were scored are named in each one's metadata.

    Raises:
        WriteError: the folder cannot be written.
    """
    folder, run_ids = root / EVALUATION, [maker.run_id for maker in evaluation.makers]
    contents: dict[str, Iterable[NamedTuple]] = {
        SCORES: evaluation.scores,
        SUMMARIES: evaluation.summaries,
        CALIBRATION: evaluation.calibrations,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, values in contents.items():
            _write(folder / name, [_row(value) for value in values], _schema(_COLUMNS[name]), run_ids)
    except OSError as error:
        msg = f"the folder {folder} cannot be written ({error}): free some space or choose another --out"
        raise WriteError(msg) from error


def _row(value: NamedTuple) -> dict[str, Any]:
    derived = {name: getattr(value, name) for name in ("value", "share") if hasattr(value, name)}
    return {**value._asdict(), **derived}


def _schema(columns: str) -> pa.Schema:
    return pa.schema([pa.field(name, _TYPES[kind]) for name, kind in map(str.split, columns.split(","))])


def _write(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema, run_ids: Sequence[str]) -> None:
    table = pa.Table.from_pylist(list(rows), schema=schema.with_metadata({"run_ids": " ".join(run_ids)}))
    started = path.with_suffix(f".{os.getpid()}.tmp")
    pq.write_table(table, started, compression="zstd")
    started.replace(path)


def read_scores(root: Path) -> tuple[Score, ...]:
    """Return the scores of an evaluation: of a dataset, or of its folder `evaluation`.

    Raises:
        SettingsError: there is none.
    """
    path = next((path for path in (root / EVALUATION / SCORES, root / SCORES) if path.is_file()), None)
    if path is None:
        msg = f"{root} holds no evaluation: run longread evaluate with --out {root} first"
        raise SettingsError(msg)
    rows = pq.read_table(path, columns=list(Score._fields)).to_pylist()
    return tuple(Score(**row) for row in rows)
