"""The dataset opens everywhere, shows whole runs only, and is cleared of dead ones."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipeline.store import Store
from pipeline.write import clear_uncommitted, committed, write
from schemas.errors import WriteError
from schemas.message import Completion, Usage
from schemas.rows import TABLES
from schemas.settings import SCHEMA_VERSION

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
RUN = (
    dict.fromkeys(TABLES["runs"].names, 1)
    | {name: "x" for name in TABLES["runs"].names if TABLES["runs"].field(name).type == "string"}
    | {"started_at": NOW, "ended_at": NOW, "schema_version": SCHEMA_VERSION, "replaces": []}
)
DOCUMENT = {
    "doc_id": "d1",
    "uri": "a.pdf",
    "filename": "a.pdf",
    "bytes": 1,
    "n_pages": 2,
    "has_text_layer": True,
    "is_repaired": False,
    "status": "ok",
    "pages_read": 2,
    "pages_failed": 0,
}


def rows() -> dict[str, list[dict[str, object]]]:
    return {name: [] for name in TABLES} | {"runs": [RUN], "documents": [DOCUMENT]}


def test_every_reader_sees_rows_types_and_the_run(tmp_path: Path) -> None:
    write(tmp_path, "r1", TODAY, rows())
    write(tmp_path, "r2", TODAY, rows())
    folder = tmp_path / "documents"
    assert sorted(pd.read_parquet(folder)["run_id"]) == ["r1", "r2"]
    assert pl.read_parquet(folder)["n_pages"].to_list() == [2, 2]
    assert duckdb.sql(f"SELECT run_id, filename FROM '{folder}/**/*.parquet' ORDER BY 1").fetchall() == [("r1", "a.pdf"), ("r2", "a.pdf")]
    assert ds.dataset(folder, partitioning="hive").to_table().num_rows == 2


def test_tables_that_nothing_fills_are_there_with_their_columns(tmp_path: Path) -> None:
    write(tmp_path, "r1", TODAY, rows())
    for name, schema in TABLES.items():
        part = next((tmp_path / name).rglob("*.parquet"))
        assert pq.read_schema(part).equals(schema)
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/tool_calls/**/*.parquet' WHERE decision = 'denied'").fetchall() == [(0,)]


def test_a_run_that_died_between_renames_is_cleared_and_was_never_committed(tmp_path: Path) -> None:
    write(tmp_path, "good", TODAY, rows())
    write(tmp_path, "dead", TODAY, rows())
    next((tmp_path / "runs").glob("*/run_id=dead/*.parquet")).unlink()
    (tmp_path / ".staging" / "dead").mkdir()
    assert committed(tmp_path, "documents", ["doc_id"]).column("run_id").to_pylist() == ["good"]
    clear_uncommitted(tmp_path)
    assert not [*tmp_path.glob("documents/*/run_id=dead/*.parquet")]
    assert [*tmp_path.glob("documents/*/run_id=good/*.parquet")]


def test_an_empty_folder_has_no_commits(tmp_path: Path) -> None:
    assert committed(tmp_path, "answers", ["answer_id"]).num_rows == 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(WriteError, match="--out"):
        write(tmp_path / "out", "r1", TODAY, rows())


def test_the_store_gives_back_what_it_was_given_and_forgets_damaged_files(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    completion = Completion(request_id="ab12", model="m", text="{}", finish_reason="stop", usage=Usage(), latency_ms=1)
    store.put(completion)
    assert store.get("ab12") == completion.model_copy(update={"from_store": True})
    next(tmp_path.rglob("ab12.json")).write_text('{"request_id": "ab')
    assert store.get("ab12") is None
    assert store.get("ffff") is None
