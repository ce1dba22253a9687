"""Write the rows of several runs as one run of fewer, larger, sorted files: the step under compacting and forgetting.

The new run names those it stands for in `replaces`: the rename of its row in `runs` is the instant at which it begins to count and they
cease to. Their files are removed only then. Rows are sorted by document, so that the statistics of a file's row groups tell which to skip.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

import duckdb
from duckdb import DuckDBPyConnection

from pipeline.query.connect import opened, own_tables
from pipeline.query.live import Snapshot, run_of
from pipeline.query.sql import literal, literals
from pipeline.write import COMMIT, Commit, commits, part, staged
from schemas.errors import WriteError
from schemas.result import content_id
from schemas.rows import PARTITIONS, TABLES
from schemas.settings import SCHEMA_VERSION

ROW_GROUP = 122_880
"""Rows of a row group: what DuckDB reads at a time by one thread (its own default when it writes Parquet)."""

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
_COUNTED = ("documents", "pages", "tables", "charts", "answers", "failures")


def rewrite(seen: Snapshot, runs: Sequence[Commit], select: Select, salt: str = "") -> str:
    """Write the chosen rows of a snapshot as the run that replaces `runs`, which share one configuration; return its id.

    `salt` tells apart what is written of the same runs for different reasons. DuckDB writes the files, at half the size that pyarrow makes
    of them; like most writers of Parquet it does not say which columns are never null.

    Raises:
        WriteError: the folder cannot be written; then nothing has changed.
    """
    newest = max(runs, key=lambda run: run.run_id)
    run_id = f"{newest.run_id.split('-')[0]}-{content_id(salt, *sorted(run.run_id for run in runs))[:8]}"
    connection = opened(seen)
    with staged(seen.root, run_id, date.fromisoformat(newest.run_date)) as folder:
        for table in [*(name for name in TABLES if name != COMMIT), *own_tables(seen)]:
            rows = f"SELECT * EXCLUDE ({', '.join(PARTITIONS)}) FROM ({select(table)})"
            _copy(connection, f"{rows} ORDER BY {ORDER.get(table, 'record_id')}", part(folder, table))
        _copy(connection, _run_row(runs, folder), part(folder, COMMIT))
    return run_id


def clear_replaced(root: Path) -> int:
    """Remove the files of runs that other runs replace, each run's commit last; return how many runs that were."""
    replaced = [commit.run_id for commit in commits(root) if commit.is_replaced]
    for run_id in replaced:
        folders = sorted(root.glob(f"*/run_date=*/run_id={run_id}"), key=lambda folder: folder.parts[-3] == COMMIT)
        for folder in folders:
            # The folder of the day stays: a run may be about to write there.
            shutil.rmtree(folder)
    return len(replaced)


def only(seen: Snapshot, runs: Sequence[Commit]) -> Snapshot:
    """Return the part of a snapshot that these runs wrote."""
    ids = {run.run_id for run in runs}
    files = {
        table: tuple(mine for group in groups if (mine := group._replace(paths=tuple(p for p in group.paths if run_of(p) in ids))).paths)
        for table, groups in seen.files.items()
    }
    return Snapshot(seen.root, tuple(runs), {table: groups for table, groups in files.items() if groups})


def _run_row(runs: Sequence[Commit], folder: Path) -> str:
    """Return the row of the new run: tokens are those of its runs together, counts those of its own rows."""
    ids = literals(sorted(run.run_id for run in runs))
    told = {
        **{name: f"any_value({name})" for name in _SAME},
        **{name: f"CASE WHEN count(DISTINCT {name}) = 1 THEN any_value({name}) END" for name in ("flow_run_id", "deployment")},
        "started_at": "min(started_at)",
        "ended_at": "max(ended_at)",
        "status": _STATUS,
        "longread_version": "max(longread_version)",
        "schema_version": f"{SCHEMA_VERSION}::INTEGER",
        **{name: f"sum({name})::BIGINT" for name in _SUMMED},
        **{f"n_{table}": _count(folder / table, "DISTINCT doc_id" if table == "documents" else "*") for table in _COUNTED},
        "replaces": f"[{ids}]",
    }
    return f"SELECT {', '.join(f'{told[name]} AS {name}' for name in TABLES[COMMIT].names)} FROM runs_all WHERE run_id IN ({ids})"


def _count(folder: Path, what: str) -> str:
    return f"(SELECT count({what})::INTEGER FROM read_parquet({literal(f'{folder}/*.parquet')}))"


def _copy(connection: DuckDBPyConnection, rows: str, path: Path) -> None:
    try:
        connection.execute(f"COPY ({rows}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})")
    except duckdb.IOException as error:
        msg = f"{path} cannot be written ({error}): free some space; what counts has not changed"
        raise WriteError(msg) from error
