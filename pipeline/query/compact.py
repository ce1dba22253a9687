"""Compact a dataset: runs of the same configuration that followed one another become one run of few large files.

What counts does not change: a document that several of these runs read keeps its newest reading, which by longread's laws equals the older
ones where both succeeded. Readings by another configuration or model stay beside each other, unless they are dropped on purpose.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from duckdb import DuckDBPyConnection
from filelock import FileLock, Timeout

from pipeline.query.connect import opened, own_tables
from pipeline.query.live import Snapshot, snapshot
from pipeline.query.rewrite import clear_replaced, only, rewrite
from pipeline.query.sql import literals
from pipeline.write import Commit, clear_uncommitted
from schemas.errors import SettingsError
from schemas.settings import SCHEMA_VERSION

# A request that several runs needed was paid for once; later ones took its completion from the store.
_REQUESTS = """FROM requests QUALIFY NOT from_store OR (bool_and(from_store) OVER (PARTITION BY request_id)
    AND row_number() OVER (PARTITION BY request_id ORDER BY run_id) = 1)"""
_FAILURES = """SELECT f.* REPLACE (f.resolved OR NOT v.is_open AS resolved) FROM failures AS f
    JOIN v_failures AS v ON v.failure_id = f.failure_id AND v.run_id = f.run_id"""


class Compacted(NamedTuple):
    """How many runs and files there were, and are."""

    runs_before: int
    runs_after: int
    files_before: int
    files_after: int


def compact(root: Path, *, drop_old: bool = False) -> Compacted:
    """Compact the dataset under `root`; `drop_old` also drops what a newer run of another configuration or model has read again.

    Raises:
        SettingsError: there is no dataset, or it is being compacted.
        WriteError: the folder cannot be written; then what counts has not changed.
    """
    with exclusively(root):
        seen = snapshot(root)
        for runs in _groups(seen, drop_old=drop_old):
            if drop_old:
                rewrite(seen, runs, partial(_newest_of, runs), "drop old")
            else:
                rewrite(only(seen, runs), runs, _kept)
        clear_replaced(root)
        now = snapshot(root)
    return Compacted(len(seen.commits), len(now.commits), _n_files(seen), _n_files(now))


@contextmanager
def exclusively(root: Path) -> Iterator[None]:
    """Hold the dataset so that nobody else compacts or forgets; what was left half done is cleared away first.

    Raises:
        SettingsError: there is no dataset, or another process is at it.
    """
    snapshot(root)
    lock = FileLock(root / ".staging" / "compact.lock", timeout=0)
    try:
        (root / ".staging").mkdir(exist_ok=True)
        lock.acquire()
    except Timeout as error:
        msg = f"{root} is being compacted by another process: wait for it"
        raise SettingsError(msg) from error
    with lock:
        clear_uncommitted(root)
        # Before anything is replaced again: a run counts anew when the run that replaced it is itself gone.
        clear_replaced(root)
        yield


def _groups(seen: Snapshot, *, drop_old: bool) -> Iterator[Sequence[Commit]]:
    """Yield the runs to be written as one: those in a row of one configuration and model, unless that changes nothing.

    Not all of one configuration: what another one read in between is newer than some of them and older than others.
    """
    connection = opened(seen)
    ordered = connection.sql(
        "SELECT run_id, config_digest, backend, model, prompt_version FROM runs ORDER BY started_at, run_id"
    ).fetchall()
    outdated = _with_old_rows(connection, seen) if drop_old else set()
    by_id = {commit.run_id: commit for commit in seen.commits}
    for _, rows in groupby(ordered, key=lambda row: row[1:]):
        runs = [by_id[row[0]] for row in rows]
        first = runs[0]
        if len(runs) > 1 or not first.replaces or first.schema_version < SCHEMA_VERSION or first.run_id in outdated:
            yield runs


def _with_old_rows(connection: DuckDBPyConnection, seen: Snapshot) -> set[str]:
    """Return the runs of which some rows are no longer shown."""
    counts = 'SELECT run_id, count(*) FROM "{}" GROUP BY run_id'
    tables = ("pages", "tables", "charts", "answers", *own_tables(seen))
    hidden = " UNION ALL ".join(f"({counts.format(f'{table}_all')} EXCEPT {counts.format(table)})" for table in tables)
    return {run_id for run_id, _ in connection.sql(hidden).fetchall()}


def _kept(table: str) -> str:
    return {"requests": _REQUESTS, "failures": _FAILURES}.get(table, f'FROM "{table}"')


def _newest_of(runs: Sequence[Commit], table: str) -> str:
    """Return the rows of these runs that count in the whole dataset; a document's own row stays with each table that is shown of it."""
    source = _kept(table)
    if table == "documents":
        source = "FROM documents_all SEMI JOIN v_latest USING (doc_id, run_id)"
    return f"SELECT * FROM ({source}) WHERE run_id IN ({literals(run.run_id for run in runs)})"


def _n_files(seen: Snapshot) -> int:
    return sum(len(seen.paths(table)) for table in seen.files)
