"""The verbs of analysts: query, export, compact, forget."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from pipeline.query.compact import compact
from pipeline.query.connect import connect, opened, run_sql, unchanged
from pipeline.query.forget import forget
from pipeline.query.live import snapshot
from pipeline.query.search import search
from pipeline.query.show import Format, show
from pipeline.query.sql import literal
from pipeline.query.workbook import write_document, write_result
from schemas.errors import SettingsError, WriteError

Out = Annotated[Path, typer.Option(help="The folder of the dataset.")]

_LIST = """SELECT view_name AS name, comment AS "what a row is" FROM duckdb_views()
    WHERE NOT internal AND NOT ends_with(view_name, '_all') AND view_name <> 'longread_result'
    ORDER BY NOT starts_with(view_name, 'v_'), name"""
_COLUMNS = """SELECT column_name AS column, lower(data_type) AS type, comment AS meaning FROM duckdb_columns()
    WHERE table_name = {} ORDER BY column_index"""
_HITS = "SELECT * FROM hits"
# A terminal has room for a line.
_SHORT_HITS = """SELECT kind, format('{} p. {}', filename, page_no) AS place, left(what, 40) AS what, left(says, 60) AS says,
    format('{:.2f} {:.2f} {:.2f} {:.2f}', x0, y0, x1, y1) AS box FROM hits"""


def query_command(
    sql: Annotated[str | None, typer.Argument(metavar='"SQL"', help="A query in DuckDB's SQL; with --list the name of a view.")] = None,
    out: Out = Path("out"),
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = "table",
    to: Annotated[Path | None, typer.Option(help="A file to write to.")] = None,
    words: Annotated[str | None, typer.Option("--search", metavar="WORDS", help="Find tables, charts and answers by words.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most hits of --search.")] = 20,
    names: Annotated[bool, typer.Option("--list", help="Name the tables and views, or the columns of one.")] = False,
) -> None:
    """Ask a dataset in SQL, or find something in it by words."""

    def ask() -> None:
        connection = opened(snapshot(out), described=names)
        show(connection, _result(connection, out, sql, words, limit, names=names, is_short=form == "table"), form, to)

    unchanged(ask)


def export_command(
    documents: Annotated[list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="File names or doc_ids; all by default.")] = None,
    sql: Annotated[str | None, typer.Option(help="A query to export instead of documents.")] = None,
    out: Out = Path("out"),
    form: Annotated[Literal["xlsx"], typer.Option("--format", help="The kind of file.")] = "xlsx",
    to: Annotated[Path, typer.Option(help="A folder, or for --sql a file.")] = Path(),
) -> None:
    """Write Excel workbooks: a sheet for each table of a document, or one for a query's result."""
    connection = connect(out)
    if sql is not None:
        path = to if to.suffix == f".{form}" else to / f"query.{form}"
        n_rows = write_result(run_sql(connection, sql), path)
        sys.stdout.write(f"{path}: {n_rows} rows\n")
        return
    chosen = _documents(connection, documents or ())
    names = Counter(filename for _, filename in chosen)
    for doc_id, filename in chosen:
        path = to / f"{Path(filename).name}{f' {doc_id[:8]}' if names[filename] > 1 else ''}.{form}"
        sys.stdout.write(f"{path}: {write_document(connection, doc_id, path)} tables\n")


def compact_command(
    out: Out = Path("out"),
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Drop what a newer run of another configuration or model read again.")
    ] = False,
) -> None:
    """Make few large sorted files of many small ones; queries see the old ones or the new ones, never both."""
    done = compact(out, drop_old=drop_old)
    sys.stdout.write(f"{done.runs_before} runs in {done.files_before} files are now {done.runs_after} in {done.files_after}\n")


def forget_command(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="A doc_id, file name or address.")],
    out: Out = Path("out"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Remove a document and all that was read of it, and search every file for what is left."""
    if not yes:
        typer.confirm(f"Remove {document} and everything read of it from {out}? This cannot be undone.", abort=True)
    done = forget(out, document)
    sys.stdout.write(
        f"{document} (doc_id {done.doc_id}): removed from {done.n_runs} runs, with {done.n_completions} stored completions; "
        f"{len(done.remains)} of {done.n_files_searched} files mention it\n"
    )
    if done.remains:
        msg = f"still mentioned in {', '.join(map(str, done.remains))}: a run may have been writing; forget it again when none is"
        raise WriteError(msg)


def _result(
    connection: DuckDBPyConnection, out: Path, sql: str | None, words: str | None, limit: int, *, names: bool, is_short: bool
) -> DuckDBPyRelation:
    if names:
        return connection.sql(_COLUMNS.format(literal(sql)) if sql else _LIST)
    if words is not None:
        connection.register("hits", search(out, words, limit))
        return connection.sql(_SHORT_HITS if is_short else _HITS)
    if sql is None:
        msg = 'ask something: a query, --search "words" or --list'
        raise SettingsError(msg)
    return run_sql(connection, sql)


def _documents(connection: DuckDBPyConnection, named: list[str] | tuple[()]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = connection.sql("SELECT doc_id, filename FROM v_documents ORDER BY filename").fetchall()
    known = {name for row in rows for name in row}
    if unknown := [name for name in named if name not in known]:
        msg = f'no document is called {unknown[0]!r}: longread query "SELECT filename FROM v_documents" lists them'
        raise SettingsError(msg)
    return [row for row in rows if not named or {*row} & {*named}]
