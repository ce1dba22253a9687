"""Write the dataset: Zstd Parquet, whole files renamed into place, the row in `runs` last. That row is the commit.

A committed run that another one names in `replaces` no longer counts: that one holds its rows, in fewer files or without what was to be
forgotten. So one rename is also the instant at which many old files give way to new ones.

A run's files are first written to `<root>/.staging/<run_id>/`, so that a run which dies leaves nothing in the tables. Runs that died while
renaming are cleared away by the next one that writes to the same folder.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from schemas.errors import WriteError
from schemas.rows import TABLES

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
found_again = retry(retry=retry_if_exception_type(FileNotFoundError), stop=stop_after_attempt(10), reraise=True)
"""Lists and reads again what is removed between the two, as compacting does."""
COMMIT = "runs"


class Commit(NamedTuple):
    """A run that has its row in `runs`."""

    run_id: str
    run_date: str
    schema_version: int
    replaces: tuple[str, ...]
    is_replaced: bool
    """Whether another committed run holds its rows."""


def write(root: Path, run_id: str, run_date: date, rows: Rows, own: Mapping[str, pa.Schema] | None = None) -> None:
    """Write one part file for every table in `rows`, which must hold `runs`; `own` are the tables that the contract does not have.

    Raises:
        WriteError: the folder cannot be written; then nothing of the run shows.
    """
    with staged(root, run_id, run_date) as folder:
        for name, content in rows.items():
            schema = TABLES[name] if name in TABLES else (own or {})[name]
            pq.write_table(_table(content, schema), part(folder, name), compression="zstd")


@contextmanager
def staged(root: Path, run_id: str, run_date: date) -> Iterator[Path]:
    """Yield a folder for a run's files (see `part`); on leaving they are renamed into the dataset, `runs` last. On an error none is.

    Raises:
        WriteError: the folder cannot be written; then nothing of the run shows.
    """
    staging = root / ".staging" / run_id
    try:
        staging.mkdir(parents=True, exist_ok=True)
        with FileLock(_lock(root, run_id)):
            yield staging
            for folder in sorted(staging.iterdir(), key=lambda folder: folder.name == COMMIT):
                target = _partition(root, folder.name, run_date, run_id)
                target.mkdir(parents=True, exist_ok=True)
                for file in sorted(folder.iterdir()):
                    file.replace(target / file.name)
            shutil.rmtree(staging)
        _lock(root, run_id).unlink(missing_ok=True)
    except OSError as error:
        msg = f"the output folder {root} cannot be written ({error}): free some space or choose another --out"
        raise WriteError(msg) from error


def part(folder: Path, table: str) -> Path:
    """Return the path of a staged table's file; its folder is there."""
    path = folder / table / "part-00000.parquet"
    path.parent.mkdir(exist_ok=True)
    return path


def committed(root: Path, table: str, columns: Sequence[str], where: ds.Expression | None = None, own: pa.Schema | None = None) -> pa.Table:
    """Return columns of one table over the committed runs whose row in `runs` meets `where`; empty if there is none.

    `own` has those columns, if the contract does not have the table.
    """
    schema = own or TABLES[table]
    while True:
        live = _live(root)
        meeting = _read(root, COMMIT, TABLES[COMMIT], ["run_id"], where).column("run_id").to_pylist()
        runs = pa.array([run_id for run_id in meeting if run_id in live], pa.string())
        found = _read(root, table, schema, ["run_id", *columns], ds.field("run_id").isin(runs))
        # Runs that were replaced meanwhile may be gone, and those that hold their rows are not among these.
        if live <= _live(root):
            return found


def _live(root: Path) -> set[str]:
    return {commit.run_id for commit in commits(root) if not commit.is_replaced}


def commits(root: Path) -> tuple[Commit, ...]:
    """Return every run that has its row in `runs`, in the order of their ids."""
    rows = _read(root, COMMIT, TABLES[COMMIT], ["run_id", "run_date", "schema_version", "replaces"]).to_pylist()
    replaced = {run_id for row in rows for run_id in row["replaces"] or ()}
    found = [Commit(**{**row, "replaces": tuple(row["replaces"] or ()), "is_replaced": row["run_id"] in replaced}) for row in rows]
    return tuple(sorted(found))


@found_again
def clear_uncommitted(root: Path) -> None:
    """Remove what runs left that died before their commit; a run that is still writing is left alone."""
    for staging in (root / ".staging").glob("*/"):
        with suppress(Timeout), FileLock(_lock(root, staging.name), timeout=0):
            if not any(root.glob(f"{COMMIT}/*/run_id={staging.name}/*.parquet")):
                for orphan in root.glob(f"*/run_date=*/run_id={staging.name}"):
                    shutil.rmtree(orphan)
            shutil.rmtree(staging)


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)


def _partition(root: Path, table: str, run_date: date, run_id: str) -> Path:
    return root / table / f"run_date={run_date.isoformat()}" / f"run_id={run_id}"


def _lock(root: Path, run_id: str) -> Path:
    return root / ".staging" / f"{run_id}.lock"


@found_again
def _read(root: Path, table: str, own: pa.Schema, columns: Sequence[str], where: ds.Expression | None = None) -> pa.Table:
    partitions = pa.schema([pa.field("run_date", pa.string()), pa.field("run_id", pa.string())])
    schema = pa.schema([*own, *partitions])
    folder = root / table
    files = sorted(str(path) for path in folder.glob("run_date=*/run_id=*/*.parquet"))
    found = ds.dataset(files, schema=schema, partitioning=ds.partitioning(partitions, flavor="hive"), partition_base_dir=str(folder))
    return found.to_table(columns=list(columns), filter=where)
