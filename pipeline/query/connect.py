"""Open a dataset in DuckDB: one view for each table and those of `views.sql`, over the files that count at this instant.

Nothing is copied and nothing is fetched: DuckDB reads the Parquet files in place, and loads no extension.
"""

import re
import tempfile
from collections.abc import Callable
from importlib.resources import files as resources
from pathlib import Path
from typing import TypeVar

import duckdb
from duckdb import DuckDBPyConnection
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from pipeline.query.live import Files, Snapshot, snapshot
from pipeline.query.migrations import upgrade
from pipeline.query.sql import identifier, literal, literals
from pipeline.query.wide import add_wide_views
from schemas.errors import DatasetChanged, SettingsError
from schemas.rows import CONTRACT, PARTITIONS, TABLES

T = TypeVar("T")
_OWN = re.compile(r"schema_\w+")
_PATH_COLUMNS = "hive_partitioning = true, hive_types = {'run_date': DATE, 'run_id': VARCHAR}"
_CONFIG: dict[str, str | bool] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


def connect(root: Path | str) -> DuckDBPyConnection:
    """Return an in-memory DuckDB with the views of the dataset under `root`; what later runs add is seen by connecting again.

    Raises:
        SettingsError: there is no dataset, or a newer longread wrote it.
    """
    return unchanged(lambda: opened(snapshot(Path(root))))


def unchanged(ask: Callable[[], T]) -> T:
    """Return what `ask` gives, asked again where files of the dataset are exchanged meanwhile.

    Raises:
        DatasetChanged: they were each time.
    """
    return Retrying(retry=retry_if_exception_type(DatasetChanged), stop=stop_after_attempt(10), reraise=True)(ask)


def opened(seen: Snapshot, *, described: bool = False) -> DuckDBPyConnection:
    """Return an in-memory DuckDB with the views over the files of a snapshot; `described` gives views and columns their comments.

    Raises:
        DatasetChanged: the files are no longer there.
        SettingsError: they cannot be read.
    """
    try:
        return _with_views(seen, described=described)
    except duckdb.IOException as error:
        if was_compacted(error):
            raise changed(error) from error
        msg = f"{seen.root} cannot be read: {error}"
        raise SettingsError(msg) from error


def _with_views(seen: Snapshot, *, described: bool) -> DuckDBPyConnection:
    connection = duckdb.connect(config={**_CONFIG, "temp_directory": f"{tempfile.gettempdir()}/longread-duckdb"})
    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        _add_contract_table(connection, table, seen.files.get(table, ()))
    lines = (resources("pipeline.query") / "views.sql").read_text(encoding="utf-8").splitlines()
    connection.execute("\n".join(line for line in lines if described or not line.startswith("COMMENT ON")))
    for table in own_tables(seen):
        _add_own_table(connection, table, seen.paths(table))
    _spare_choosing(connection, seen)
    if described:
        _add_comments(connection)
        for table in own_tables(seen):
            connection.execute(f"COMMENT ON VIEW \"{table}\" IS 'what was read of a schema of your own; see docs/schemas.md'")
    return connection


def run_sql(connection: DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    """Return the result of one query, of which the wide views it names are made first.

    Raises:
        SettingsError: it is no query, or what it names is not there.
        DatasetChanged: the files were compacted since the connection was made.
    """
    try:
        add_wide_views(connection, sql)
        found = connection.sql(sql)
    except duckdb.Error as error:
        if was_compacted(error):
            raise changed(error) from error
        msg = f"{error} -- `longread query --list` names the views and their columns"
        raise SettingsError(msg) from error
    if found is None:
        msg = "that is no query: the dataset is only read"
        raise SettingsError(msg)
    return found


def was_compacted(error: duckdb.Error) -> bool:
    """Tell whether a query failed because a file of the dataset is no longer there."""
    return isinstance(error, duckdb.IOException) and any(told in str(error) for told in ("No files found", "No such file"))


def changed(error: duckdb.Error) -> DatasetChanged:
    """Return the error to raise where files are no longer there."""
    return DatasetChanged(f"the dataset was compacted meanwhile; ask again ({error})")


def own_tables(seen: Snapshot) -> list[str]:
    """Return the tables of the users' schemas."""
    return sorted(table for table in seen.files if _OWN.fullmatch(table))


def _add_contract_table(connection: DuckDBPyConnection, table: str, files: tuple[Files, ...]) -> None:
    selects = [f"SELECT {upgrade(table, group.version)} FROM {_parquet(group.paths)}" for group in files]
    if selects:
        connection.execute(f'CREATE VIEW "{table}_all" AS {" UNION ALL BY NAME ".join(selects)}')
        return
    nothing = TABLES[table].empty_table()
    connection.register("nothing", nothing)
    connection.execute(f'CREATE TABLE "{table}_all" AS SELECT *, NULL::DATE AS run_date, NULL::VARCHAR AS run_id FROM nothing')
    connection.unregister("nothing")


def _add_own_table(connection: DuckDBPyConnection, table: str, paths: tuple[Path, ...]) -> None:
    connection.execute(f'CREATE VIEW "{table}_all" AS SELECT * FROM {_parquet(paths, ", union_by_name = true")}')
    connection.execute(
        f"""CREATE VIEW "{table}" AS FROM "{table}_all" SEMI JOIN (
            SELECT record_id, max_by(run_id, (r.started_at, run_id)) AS run_id
            FROM "{table}_all" JOIN runs_all AS r USING (run_id) GROUP BY record_id) USING (record_id, run_id)"""
    )


def _spare_choosing(connection: DuckDBPyConnection, seen: Snapshot) -> None:
    """Show a table as it is, where no reading in it is older than another: choosing would take longer than most questions."""
    chosen = "SELECT table_name FROM readings GROUP BY table_name HAVING count(*) = count(DISTINCT doc_id)"
    tables = [table for (table,) in connection.sql(chosen).fetchall()]
    if len(seen.commits) == 1:
        tables += ["answers", "evidence", *own_tables(seen)]
    for table in tables:
        connection.execute(f'CREATE OR REPLACE VIEW "{table}" AS FROM "{table}_all"')


def _parquet(paths: tuple[Path, ...], more: str = "") -> str:
    return f"read_parquet([{literals(map(str, paths))}], {_PATH_COLUMNS}{more})"


def _add_comments(connection: DuckDBPyConnection) -> None:
    for table, contract in CONTRACT.items():
        connection.execute(f'COMMENT ON VIEW "{table}" IS {literal(contract.row)}')
        meanings = {column.name: column.meaning for column in contract.columns} | dict(PARTITIONS)
        for column, meaning in meanings.items():
            connection.execute(f'COMMENT ON COLUMN "{table}".{identifier(column)} IS {literal(meaning)}')
