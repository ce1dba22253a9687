"""Forget a document: remove every row about it from every run, every completion that was made of it, and the search index.

A joint answer over several documents goes too, because it may tell what the forgotten one says; so does a user's record over a collection.
The same question is asked anew by the next run. An evaluation goes whole, for it shows pages.
"""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from pipeline.query.compact import exclusively
from pipeline.query.connect import opened, own_tables
from pipeline.query.live import Snapshot, snapshot
from pipeline.query.rewrite import clear_replaced, only, rewrite
from pipeline.query.search import INDEX
from pipeline.query.sql import literal
from schemas.errors import SettingsError
from schemas.rows import EVALUATION, TABLES

STORE = Path(".store") / "completions"


class Forgotten(NamedTuple):
    """What was removed, and what a search of every file for the document's id still finds: nothing."""

    doc_id: str
    uris: tuple[str, ...]
    n_runs: int
    """Runs that held rows about it, and were written without them."""
    n_completions: int
    n_files_searched: int
    remains: tuple[Path, ...]


def forget(root: Path, named: str) -> Forgotten:
    """Forget the document of that doc_id, file name or address.

    Raises:
        SettingsError: no document, or more than one, is called so.
        WriteError: the folder cannot be written; the same command again goes on.
    """
    with exclusively(root):
        seen = snapshot(root)
        connection = opened(seen)
        doc_id, uris = _document(connection, named)
        told = _mention(doc_id, _uris_of_it_alone(connection, doc_id))
        # The completions first: the rows say which they are.
        n_completions = _forget_completions(connection, root / STORE, doc_id)
        for shown in (INDEX, EVALUATION):
            shutil.rmtree(root / shown, ignore_errors=True)
        holding = [run for run in seen.commits if _holds(only(seen, [run]), told)]
        for run in holding:
            part = only(seen, [run])
            rewrite(part, [run], partial(_without, doc_id, told, _roots(part)), f"forget {doc_id}")
        clear_replaced(root)
    n_files, remains = search_everywhere(root, told)
    return Forgotten(doc_id, uris, len(holding), n_completions, n_files, remains)


def search_everywhere(root: Path, pattern: str) -> tuple[int, tuple[Path, ...]]:
    """Return how many files there are under `root`, and those in which a value, or their bytes, match a regular expression."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return len(files), tuple(path for path in files if _mentions(path, pattern))


def _document(connection: DuckDBPyConnection, named: str) -> tuple[str, tuple[str, ...]]:
    rows = connection.execute(
        "SELECT doc_id, list(DISTINCT uri ORDER BY uri) FROM documents_all WHERE doc_id IN "
        "(SELECT doc_id FROM documents_all WHERE $1 IN (doc_id, filename, uri)) GROUP BY doc_id",
        [named],
    )
    found = rows.fetchall()
    if not found:
        msg = f"no document has the doc_id, file name or address {named!r}: SELECT doc_id, filename FROM v_documents lists them"
        raise SettingsError(msg)
    if len(found) > 1:
        msg = f"{len(found)} documents are called {named!r}; forget them one by one by doc_id: {', '.join(doc_id for doc_id, _ in found)}"
        raise SettingsError(msg)
    ((doc_id, uris),) = found
    return doc_id, tuple(uris)


def _uris_of_it_alone(connection: DuckDBPyConnection, doc_id: str) -> list[str]:
    """Return the addresses under which no other document was read: a file may have been replaced by another."""
    rows = connection.execute("SELECT uri FROM documents_all GROUP BY uri HAVING bool_and(doc_id = ?) ORDER BY uri", [doc_id])
    return [uri for (uri,) in rows.fetchall()]


def _mention(doc_id: str, uris: Sequence[str]) -> str:
    """Return the regular expression of what tells of the document: its id, or its address with no longer path around it."""
    return "|".join([doc_id, *(rf"(?:^|[^\w./\\-]){re.escape(uri)}(?:$|[^\w/\\-])" for uri in uris)])


def _forget_completions(connection: DuckDBPyConnection, store: Path, doc_id: str) -> int:
    """Remove the completions of requests that showed the document, and those of requests that no committed run accounts for."""
    others = "SELECT request_id FROM requests GROUP BY request_id HAVING NOT bool_or(list_contains(doc_ids, ?))"
    kept = {request_id for (request_id,) in connection.execute(others, [doc_id]).fetchall()}
    gone = [path for path in store.rglob("*") if path.is_file() and path.stem not in kept]
    for path in gone:
        path.unlink()
    return len(gone)


def _holds(part: Snapshot, pattern: str) -> bool:
    return any(_mentions(path, pattern) for table in part.files for path in part.paths(table))


def _without(doc_id: str, told: str, roots: Mapping[str, str], table: str) -> str:
    """Return the rows of a table that are not about the document."""
    asked_of = f"list_contains(doc_ids, {literal(doc_id)})"
    conditions = {
        "requests": "len(doc_ids) > 0",
        "answers": f"NOT {asked_of}",
        "evidence": f"doc_id <> {literal(doc_id)} AND target_id NOT IN (SELECT answer_id FROM answers_all WHERE {asked_of})",
        "failures": f"{_not_of(doc_id)} AND NOT regexp_matches(message, {literal(told)})",
        **{name: f"record_id NOT IN (SELECT record_id FROM {root}_all WHERE {asked_of})" for name, root in roots.items()},
    }
    rows = f"FROM {table}_all"
    if table == "requests":
        rows = f"FROM (SELECT * REPLACE (list_filter(doc_ids, lambda one: one <> {literal(doc_id)}) AS doc_ids) {rows})"
    return f"{rows} WHERE {conditions.get(table, _not_of(doc_id) if _has_document(table) else 'true')}"


def _not_of(doc_id: str) -> str:
    return f"doc_id IS DISTINCT FROM {literal(doc_id)}"


def _has_document(table: str) -> bool:
    return table in TABLES and "doc_id" in TABLES[table].names


def _roots(part: Snapshot) -> dict[str, str]:
    """Return, for each table of a user's schema, that of the object it belongs to: only that one has `doc_ids`."""
    own = own_tables(part)
    roots = [table for table in own if "doc_ids" in pq.read_schema(part.paths(table)[0]).names]
    return {table: max((root for root in roots if table == root or table.startswith(f"{root}_")), key=len) for table in own}


def _mentions(path: Path, pattern: str) -> bool:
    if path.suffix != ".parquet":
        return bool(re.search(pattern.encode(), path.read_bytes()))
    file = pq.ParquetFile(path)
    return any(
        pc.any(pc.match_substring_regex(column, pattern)).as_py()
        for group in range(file.num_row_groups)
        for column in _texts(file.read_row_group(group))
    )


def _texts(rows: pa.Table) -> Iterator[Any]:
    for column in rows.columns:
        flat = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        if pa.types.is_string(flat.type):
            yield flat
