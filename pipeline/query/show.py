"""Results as people and programs take them: a table for the terminal, CSV, JSON, Parquet or Markdown."""

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from pipeline.query.connect import changed, was_compacted
from schemas.errors import SettingsError, WriteError

Format = Literal["table", "csv", "json", "parquet", "markdown"]
SHOWN_ROWS = 40
_PIPE_WIDTH = 100_000
_COPY = {"csv": "(FORMAT csv, HEADER)", "json": "(FORMAT json, ARRAY true)", "parquet": "(FORMAT parquet, COMPRESSION zstd)"}


def show(connection: DuckDBPyConnection, result: DuckDBPyRelation, form: Format, to: Path | None = None) -> None:
    """Print a result, or write it to a file.

    Raises:
        SettingsError: Parquet would go to a terminal.
        WriteError: the file cannot be written.
        DatasetChanged: the dataset was compacted since the connection was made; nothing is printed.
    """
    if form == "parquet" and to is None and sys.stdout.isatty():
        msg = "Parquet is not for a terminal: name a file with --to"
        raise SettingsError(msg)
    try:
        if form in _COPY:
            _copy(connection, result, form, to)
        elif to:
            to.write_text(_text(result, form), encoding="utf-8")
        else:
            sys.stdout.write(_text(result, form))
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads the output has enough, as `head` does; what is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (duckdb.IOException, OSError) as error:
        if isinstance(error, duckdb.Error) and was_compacted(error):
            raise changed(error) from error
        msg = f"{to or 'the output'} cannot be written ({error}): choose another --to"
        raise WriteError(msg) from error


def _copy(connection: DuckDBPyConnection, result: DuckDBPyRelation, form: Format, to: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = to or Path(folder) / "result"
        result.create_view("longread_result")
        connection.execute(f"COPY (FROM longread_result) TO '{str(path).replace(chr(39), chr(39) * 2)}' {_COPY[form]}")
        if to is None:
            sys.stdout.flush()
            with path.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()


def _text(result: DuckDBPyRelation, form: Format) -> str:
    if form == "markdown":
        return "\n".join(markdown(result.columns, result.fetchall())) + "\n"
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH
    drawn = io.StringIO()
    with contextlib.redirect_stdout(drawn):
        result.show(max_width=width, max_rows=SHOWN_ROWS)
    return drawn.getvalue()


def markdown(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(map(_cell, columns))} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(value: Any) -> str:  # noqa: ANN401 - a value of any column
    text = "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
