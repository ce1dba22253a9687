"""Write the dataset: Zstd Parquet, whole files renamed into place, the row in `runs` last. That row is the commit.

A run's files are first written to `<root>/.staging/<run_id>/`, so that a run which dies leaves nothing in the tables. Runs that died while
renaming are cleared away by the next one that writes to the same folder.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from schemas.errors import WriteError
from schemas.rows import TABLES

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
COMMIT = "runs"


def write(root: Path, run_id: str, run_date: date, rows: Rows, own: Mapping[str, pa.Schema] | None = None) -> None:
    """Write one part file for every table in `rows`, which must hold `runs`; `own` are the tables that the contract does not have.

    Raises:
        WriteError: the folder cannot be written; then nothing of the run shows.
    """
    staging = root / ".staging" / run_id
    try:
        staging.mkdir(parents=True, exist_ok=True)
        with FileLock(_lock(root, run_id)):
            for name, content in rows.items():
                schema = TABLES[name] if name in TABLES else (own or {})[name]
                pq.write_table(_table(content, schema), staging / f"{name}.parquet", compression="zstd")
            for name in sorted(rows, key=lambda name: name == COMMIT):
                target = _partition(root, name, run_date, run_id)
                target.mkdir(parents=True, exist_ok=True)
                (staging / f"{name}.parquet").replace(target / "part-00000.parquet")
            shutil.rmtree(staging)
        _lock(root, run_id).unlink(missing_ok=True)
    except OSError as error:
        msg = f"the output folder {root} cannot be written ({error}): free some space or choose another --out"
        raise WriteError(msg) from error


def committed(root: Path, table: str, columns: Sequence[str], where: ds.Expression | None = None, own: pa.Schema | None = None) -> pa.Table:
    """Return columns of one table over the committed runs whose row in `runs` meets `where`; empty if there is none.

    `own` has those columns, if the contract does not have the table.
    """
    runs = _read(root, COMMIT, TABLES[COMMIT], ["run_id"], where).column("run_id").to_pylist()
    schema = own or TABLES[table]
    return _read(root, table, schema, ["run_id", *columns], ds.field("run_id").isin(pa.array(runs, pa.string())))


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


def _read(root: Path, table: str, own: pa.Schema, columns: Sequence[str], where: ds.Expression | None = None) -> pa.Table:
    partitions = pa.schema([pa.field("run_date", pa.string()), pa.field("run_id", pa.string())])
    schema = pa.schema([*own, *partitions])
    folder = root / table
    files = sorted(str(path) for path in folder.glob("run_date=*/run_id=*/*.parquet"))
    found = ds.dataset(files, schema=schema, partitioning=ds.partitioning(partitions, flavor="hive"), partition_base_dir=str(folder))
    return found.to_table(columns=list(columns), filter=where)
