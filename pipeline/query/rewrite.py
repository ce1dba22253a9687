"""Write the rows of several runs as one run of fewer, larger, sorted files: the step under compacting and forgetting.

The new run names those it stands for in `replaces`: the rename of its row in `runs` is the instant at which it begins to count and they
cease to. Their files are removed only then. Rows are sorted by document, so that the statistics of a file's row groups tell which to skip.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from pipeline.query.connect import opened, own_tables
from pipeline.query.live import Snapshot, run_of
from pipeline.query.sql import literal, literals
from pipeline.write import COMMIT, Commit, commits, part, staged
from schemas.result import content_id
from schemas.rows import TABLES
from schemas.settings import SCHEMA_VERSION

ROW_GROUP = 122_880
"""Rows of a row group: what DuckDB reads at a time by one thread (its own default when it writes Parquet)."""
PART_ROWS = 64 * ROW_GROUP
"""Most rows of a file."""

Select = Callable[[str], str]
"""The query that gives the rows of a table that stay, over the views of the snapshot."""

ORDER: Mapping[str, str] = MappingProxyType(
    {
        "runs": "started_at",
        "documents": "doc_id, uri",
        "pages": "doc_id, page_no",
        "tables": "doc_id, ordinal",
        "table_fragments": "doc_id, table_id, fragment_no",
        "table_cells": 'doc_id, table_id, "row", col',
        "charts": "doc_id, ordinal",
        "chart_points": "doc_id, chart_id, series_no, point_no",
        "answers": "doc_ids, answer_id",
        "evidence": "target_id, evidence_no",
        "failures": "doc_id, failure_id",
        "requests": "doc_ids, request_id",
        "tool_calls": "request_id, call_id",
    }
)
_STATUS = "CASE WHEN bool_and(status = 'ok') THEN 'ok' WHEN bool_and(status = 'failed') THEN 'failed' ELSE 'partial' END"
_SAME = ("config_digest", "config_json", "backend", "model", "prompt_version")
_SUMMED = ("prompt_tokens", "image_tokens", "cached_tokens", "completion_tokens")


def rewrite(seen: Snapshot, runs: Sequence[Commit], select: Select, salt: str = "") -> str:
    """Write the chosen rows of a snapshot as the run that replaces `runs`, which share one configuration; return its id.

    `salt` tells apart what is written of the same runs for different reasons.

    Raises:
        WriteError: the folder cannot be written; then nothing has changed.
    """
    newest = max(runs, key=lambda run: run.run_id)
    run_id = f"{newest.run_id.split('-')[0]}-{content_id(salt, *sorted(run.run_id for run in runs))[:8]}"
    connection = opened(seen)
    with staged(seen.root, run_id, date.fromisoformat(newest.run_date)) as folder:
        for table in [*(name for name in TABLES if name != COMMIT), *own_tables(seen)]:
            schema = TABLES.get(table) or _own_schema(seen.paths(table))
            rows = connection.sql(f"SELECT {_columns(schema)} FROM ({select(table)}) ORDER BY {ORDER.get(table, 'record_id')}")
            _write(folder, table, schema, rows.to_arrow_reader(ROW_GROUP))
        _write(folder, COMMIT, TABLES[COMMIT], [_run_row(connection, runs, folder)])
    return run_id


def clear_replaced(root: Path) -> int:
    """Remove the files of runs that other runs replace, each run's commit last; return how many runs that were."""
    replaced = [commit.run_id for commit in commits(root) if commit.is_replaced]
    for run_id in replaced:
        folders = sorted(root.glob(f"*/run_date=*/run_id={run_id}"), key=lambda folder: folder.parts[-3] == COMMIT)
        for folder in folders:
            shutil.rmtree(folder)
            if not any(folder.parent.iterdir()):
                folder.parent.rmdir()
    return len(replaced)


def only(seen: Snapshot, runs: Sequence[Commit]) -> Snapshot:
    """Return the part of a snapshot that these runs wrote."""
    ids = {run.run_id for run in runs}
    files = {
        table: tuple(mine for group in groups if (mine := group._replace(paths=tuple(p for p in group.paths if run_of(p) in ids))).paths)
        for table, groups in seen.files.items()
    }
    return Snapshot(seen.root, tuple(runs), {table: groups for table, groups in files.items() if groups})


def _run_row(connection: DuckDBPyConnection, runs: Sequence[Commit], folder: Path) -> pa.RecordBatch:
    """Return the row of the new run: tokens are those of its runs together, counts those of its own rows."""
    ids = literals(sorted(run.run_id for run in runs))
    same = ", ".join(f"any_value({name}) AS {name}" for name in _SAME)
    sums = ", ".join(f"sum({name}) AS {name}" for name in _SUMMED)
    counts = ", ".join(
        f"(SELECT count({what}) FROM read_parquet({literal(f'{folder / table}/*.parquet')})) AS n_{table}"
        for table, what in {
            "documents": "DISTINCT doc_id",
            **dict.fromkeys(("pages", "tables", "charts", "answers", "failures"), "*"),
        }.items()
    )
    row = connection.sql(
        f"""SELECT {_columns(TABLES[COMMIT])} FROM (
            SELECT CASE WHEN count(DISTINCT flow_run_id) = 1 THEN any_value(flow_run_id) END AS flow_run_id,
                CASE WHEN count(DISTINCT deployment) = 1 THEN any_value(deployment) END AS deployment,
                min(started_at) AS started_at, max(ended_at) AS ended_at, {_STATUS} AS status, max(longread_version) AS longread_version,
                {SCHEMA_VERSION} AS schema_version, {same}, {counts}, {sums}, [{ids}] AS replaces
            FROM runs WHERE run_id IN ({ids}))"""
    )
    batch: pa.RecordBatch = row.to_arrow_table().combine_chunks().to_batches()[0]
    return batch


def _write(folder: Path, table: str, schema: pa.Schema, batches: "Iterator[pa.RecordBatch] | Sequence[pa.RecordBatch]") -> None:
    """Write the parts of a table; one without rows is a file too."""
    number, rows = 0, 0
    writer = _writer(folder, table, schema, number)
    for batch in batches:
        if rows >= PART_ROWS:
            writer.close()
            number, rows = number + 1, 0
            writer = _writer(folder, table, schema, number)
        writer.write_table(pa.Table.from_batches([batch]).cast(schema), ROW_GROUP)
        rows += batch.num_rows
    writer.close()


def _writer(folder: Path, table: str, schema: pa.Schema, number: int) -> pq.ParquetWriter:
    return pq.ParquetWriter(part(folder, table, number), schema, compression="zstd", write_page_index=True)


def _own_schema(paths: Sequence[Path]) -> pa.Schema:
    return pa.unify_schemas([pq.read_schema(path) for path in paths])


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f'"{name}"' for name in schema.names)
