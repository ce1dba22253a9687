"""How fast a dataset of a thousand documents answers, and how large it is: `python -m benchmarks.queries OUT`.

OUT is the dataset of one run, such as the README's; it is copied under new ids until there are enough documents, one run for each copy, as
many small nightly runs would leave it. Five questions are asked of it as written, of it compacted, and of one file for each table, sorted,
without runs or readings to choose from: the best that there is. CPU time, the least of several rounds that take turns.
"""

import argparse
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files as resources
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.query.compact import compact
from pipeline.query.connect import connect, opened
from pipeline.query.live import snapshot
from pipeline.query.rewrite import ORDER, ROW_GROUP
from pipeline.write import part, staged
from schemas.rows import TABLES
from schemas.settings import SCHEMA_VERSION

QUESTIONS: Mapping[str, str] = {
    "the numbers of one document": "FROM v_numbers WHERE doc_id = '{doc_id}'",
    "one row label in all documents": """SELECT filename, page_no, text, value FROM v_numbers
        WHERE row_path ILIKE '%net revenue%' AND col_path LIKE '%2023'""",
    "coverage of all documents": "FROM v_coverage",
    "the answers to one question": "FROM v_answers WHERE question_id = 'revenue-2023'",
    "sum of all amounts by unit": "SELECT unit, count(*), sum(value) FROM v_numbers WHERE value_kind = 'currency' GROUP BY unit",
}
_IDS = ("doc_id", "table_id", "chart_id", "answer_id", "target_id", "request_id", "failure_id", "batch_id", "ref_id", "call_id")
_STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def replicate(source: Path, root: Path, n_documents: int) -> None:
    """Write copies of a dataset under new ids, one run each, until there are that many documents."""
    connection = opened(snapshot(source))
    ((n_here,),) = connection.sql("SELECT count(DISTINCT doc_id) FROM documents").fetchall()
    for number in range(-(-n_documents // n_here)):
        started = _STARTED + timedelta(hours=number)
        run_id = f"{started:%Y%m%dT%H%M%S}-{number:08x}"
        with staged(root, run_id, started.date()) as folder:
            for table, schema in TABLES.items():
                rows = connection.sql(f"SELECT {', '.join(_renamed(schema, number))} FROM {table}").to_arrow_table().cast(schema)
                pq.write_table(_dated(rows, started) if table == "runs" else rows, part(folder, table), compression="zstd")


def _renamed(schema: pa.Schema, number: int) -> Iterator[str]:
    """Yield the columns of a copy: with ids of its own, and other numbers in slightly other places, so that copies do not compress away."""
    factor = f"(1 + {number} / 997)"
    for name in schema.names:
        match name:
            case "doc_ids":
                yield f"list_transform(doc_ids, lambda one: md5(one || '{number}')) AS doc_ids"
            case "value_num" | "y_num":
                yield f"{name} * {factor} AS {name}"
            case "text":
                yield f"CASE WHEN value_num IS NULL THEN text ELSE format('{{:,.1f}}', value_num * {factor}) END AS text"
            case "x0" | "y0" | "x1" | "y1":
                yield f"{name} * (1 - {number} / 10007) AS {name}"
            case _:
                yield f"md5({name} || '{number}') AS {name}" if name in _IDS else f'"{name}"'


def _dated(rows: pa.Table, started: datetime) -> pa.Table:
    told = {**rows.to_pylist()[0], "started_at": started, "ended_at": started + timedelta(minutes=4)}
    return pa.Table.from_pylist([{**told, "schema_version": SCHEMA_VERSION, "replaces": []}], schema=rows.schema)


def ideal(root: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    """Return the same views over one sorted file for each table, which hold nothing but what is shown."""
    source = connect(root)
    best = duckdb.connect()
    folder.mkdir()
    for table in TABLES:
        path = folder / f"{table}.parquet"
        form = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        source.execute(f"COPY (SELECT * FROM {table} ORDER BY {ORDER[table]}) TO '{path}' {form}")
        best.execute(f"CREATE VIEW {table} AS FROM '{path}'")
        best.execute(f"CREATE VIEW {table}_all AS FROM {table}")
    for statement in (resources("pipeline.query") / "views.sql").read_text(encoding="utf-8").split(";\n"):
        if not any(f"CREATE VIEW {table} AS" in statement for table in TABLES) and "query_table" not in statement:
            best.execute(statement)
    return best


def least(connections: Mapping[str, duckdb.DuckDBPyConnection], sql: str, rounds: int) -> dict[str, float]:
    """Return the least CPU time of a query on each connection, in milliseconds."""
    taken: dict[str, list[float]] = {name: [] for name in connections}
    for _ in range(rounds):
        for name, connection in connections.items():
            began = time.process_time()
            connection.sql(sql).to_arrow_table()
            taken[name].append(1_000 * (time.process_time() - began))
    return {name: min(times) for name, times in taken.items()}


def size(root: Path) -> tuple[int, int]:
    """Return the bytes and the number of a dataset's Parquet files."""
    paths = [path for path in root.rglob("*.parquet") if ".staging" not in path.parts]
    return sum(path.stat().st_size for path in paths), len(paths)


def report(source: Path, n_documents: int, rounds: int) -> Iterator[str]:
    """Yield the lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        replicate(source, small, n_documents)
        shutil.copytree(small, large)
        began = time.process_time()
        done = compact(large)
        compacting = time.process_time() - began
        connections = {"as written": connect(small), "compacted": connect(large), "best": ideal(large, Path(folder) / "ideal")}
        ((documents, pages),) = connections["best"].sql("SELECT count(*), sum(n_pages) FROM v_documents").fetchall()
        ((doc_id,),) = (
            connections["best"].sql("SELECT doc_id FROM tables GROUP BY doc_id ORDER BY count(*) DESC, doc_id LIMIT 1").fetchall()
        )
        ((cells,),) = connections["best"].sql("SELECT count(*) FROM table_cells").fetchall()
        yield f"{documents:,} documents, {pages:,} pages, {cells:,} table cells;"
        yield f"{done.runs_before} runs compacted into {done.runs_after} in {compacting:.1f} s of CPU;"
        yield f"DuckDB {duckdb.__version__}, pyarrow {pa.__version__}, Python {platform.python_version()}\n"
        yield "| | files | MB | bytes a page |\n|---|---|---|---|"
        for name, root in (("as written", small), ("compacted", large)):
            n_bytes, n_files = size(root)
            yield f"| {name} | {n_files:,} | {n_bytes / 1e6:.1f} | {n_bytes / pages:,.0f} |"
        yield "\n| question | as written, ms | compacted, ms | best, ms | as written / best | compacted / best |\n|---|---|---|---|---|---|"
        for question, sql in QUESTIONS.items():
            ms = least(connections, sql.format(doc_id=doc_id), rounds)
            written, compacted, best = (ms[name] for name in connections)
            yield f"| {question} | {written:.1f} | {compacted:.1f} | {best:.1f} | {written / best:.2f} | {compacted / best:.2f} |"


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the dataset of one run")
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    for line in report(given.out, given.documents, given.rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
