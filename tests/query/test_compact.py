"""Compacting changes files and nothing that counts; older files are read and brought up to date; a document can be forgotten."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from duckdb import DuckDBPyConnection
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.query import connect, run_sql, search
from pipeline.query.compact import compact
from pipeline.query.forget import forget, search_everywhere
from pipeline.query.live import snapshot
from pipeline.query.migrations import MIGRATIONS
from pipeline.query.rewrite import rewrite
from pipeline.store import Store
from pipeline.to_rows import to_rows
from pipeline.write import clear_uncommitted, committed, write
from schemas.document import Source
from schemas.errors import DatasetChanged, SettingsError
from schemas.failure import Failure
from schemas.message import Completion, Usage
from schemas.outcome import Outcome
from schemas.result import Evidence
from schemas.rows import TABLES
from schemas.settings import SCHEMA_VERSION
from tests.query.truth_dataset import STARTED, of, record_of, samples, write_run

PAPER, SCAN, PRICES = "tide-gauge-paper.pdf", "inspection-scan.pdf", "price-list.png"
SHOWN = ("documents", "pages", "tables", "table_fragments", "table_cells", "charts", "chart_points", "answers", "evidence")
VIEWS = ("v_numbers", "v_answers")


def shown(connection: DuckDBPyConnection) -> dict[str, list[str]]:
    """Everything that the tables and views show, without the runs it came from."""
    found = {}
    for name in (*SHOWN, *VIEWS):
        rows = connection.sql(f"SELECT COLUMNS(lambda one: one NOT IN ('run_id', 'run_date')) FROM {name}").fetchall()
        found[name] = sorted(map(repr, rows))
    found["failures"] = sorted(map(repr, connection.sql("SELECT failure_id FROM v_failures WHERE is_open").fetchall()))
    return found


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*.parquet")}


def types_of(path: Path) -> dict[str, pa.DataType]:
    """The columns of a file; whether they may be null, and what an item of a list is called, is the writer's business."""
    schema = pq.read_schema(path)
    return {field.name: pa.list_(field.type.value_type) if pa.types.is_list(field.type) else field.type for field in schema}


class Reading(NamedTuple):
    """One run of a random dataset."""

    name: str
    tasks: tuple[str, ...]
    status: str
    finds: bool


READINGS = st.lists(
    st.builds(
        Reading,
        st.sampled_from([SCAN, PRICES]),
        st.sampled_from([("tables", "charts", "answers"), ("answers",), ("tables",)]),
        st.sampled_from(["ok", "partial", "failed"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def outcome(reading: Reading) -> Outcome:
    whole = of(reading.name)
    done = tuple(one.model_copy(update={"status": reading.status}) for one in whole.documents)
    finds_tables = reading.finds and "tables" in reading.tasks and reading.status != "failed"
    failure = Failure(stage="complete", category="timeout", message="silence", doc_id=whole.documents[0].document.doc_id, page_no=1)
    failures = () if reading.status == "ok" else (failure,)
    return whole.model_copy(update={"documents": done, "tables": whole.tables if finds_tables else (), "failures": failures})


@settings(max_examples=2)
@given(READINGS)
def test_what_counts_is_the_same_before_and_after_whatever_the_runs_were(readings: Sequence[Reading]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number, reading in enumerate(readings):
            write_run(root, outcome(reading), number, tasks=reading.tasks)
        before = shown(connect(root))
        compact(root)
        assert shown(connect(root)) == before
        compact(root, drop_old=True)
        assert shown(connect(root)) == before


def test_many_small_runs_become_one_sorted_file_for_each_table_and_compacting_again_changes_no_byte(tmp_path: Path) -> None:
    ids = [write_run(tmp_path, of(name), number) for number, name in enumerate((PAPER, SCAN, PRICES, PAPER))]
    tokens = "SELECT sum(prompt_tokens) FROM runs"
    paid = connect(tmp_path).sql(tokens).fetchall()
    done = compact(tmp_path)
    assert (done.runs_before, done.runs_after, done.files_after) == (4, 1, len(TABLES))
    (path,) = (tmp_path / "table_cells").rglob("*.parquet")
    doc_ids = pq.read_table(path, columns=["doc_id"], partitioning=None).column(0).to_pylist()
    assert doc_ids == sorted(doc_ids)
    assert types_of(path) == {field.name: field.type for field in TABLES["table_cells"]}
    connection = connect(tmp_path)
    assert connection.sql("SELECT replaces FROM runs").fetchall() == [(sorted(ids),)]
    assert connection.sql(tokens).fetchall() == paid
    before = files(tmp_path)
    compact(tmp_path)
    assert files(tmp_path) == before


def test_readings_by_another_configuration_stay_unless_they_are_dropped(tmp_path: Path) -> None:
    for number, profile in enumerate(("fast", "balanced", "balanced")):
        write_run(tmp_path, of(SCAN), number, profile=profile)
    assert compact(tmp_path).runs_after == 2
    assert connect(tmp_path).sql("SELECT count(DISTINCT run_id) FROM tables_all").fetchall() == [(2,)]
    compact(tmp_path, drop_old=True)
    assert connect(tmp_path).sql("SELECT count(DISTINCT run_id) FROM tables_all").fetchall() == [(1,)]


def test_a_run_goes_on_from_a_compacted_dataset(tmp_path: Path) -> None:
    for number, name in enumerate((PAPER, SCAN)):
        write_run(tmp_path, of(name), number)
    known = set(committed(tmp_path, "documents", ["doc_id"]).column("doc_id").to_pylist())
    compact(tmp_path)
    assert set(committed(tmp_path, "documents", ["doc_id"]).column("doc_id").to_pylist()) == known


def test_until_the_old_files_are_gone_only_the_new_run_counts(tmp_path: Path) -> None:
    runs = [write_run(tmp_path, of(name), number) for number, name in enumerate((PAPER, SCAN))]
    before = shown(connect(tmp_path))
    seen = snapshot(tmp_path)
    new = rewrite(seen, seen.commits, lambda table: f"FROM {table}")
    assert len([*tmp_path.glob("table_cells/*/*/*.parquet")]) == 3
    assert [commit.run_id for commit in snapshot(tmp_path).commits] == [new]
    assert set(committed(tmp_path, "documents", ["doc_id"]).column("run_id").to_pylist()) == {new}
    assert shown(connect(tmp_path)) == before
    compact(tmp_path)
    assert not [path for run in runs for path in tmp_path.glob(f"*/*/run_id={run}")]
    assert shown(connect(tmp_path)) == before


def test_a_compaction_that_dies_before_its_commit_changes_nothing(tmp_path: Path) -> None:
    for number, name in enumerate((PAPER, SCAN)):
        write_run(tmp_path, of(name), number)
    before = shown(connect(tmp_path))
    seen = snapshot(tmp_path)
    new = rewrite(seen, seen.commits, lambda table: f"FROM {table}")
    next(tmp_path.glob(f"runs/*/run_id={new}/*.parquet")).unlink()
    (tmp_path / ".staging" / new).mkdir(parents=True)
    assert shown(connect(tmp_path)) == before
    clear_uncommitted(tmp_path)
    assert not [*tmp_path.glob(f"*/*/run_id={new}")]


def test_a_reader_from_before_is_told_to_ask_again_and_never_sees_both(tmp_path: Path) -> None:
    for number, name in enumerate((PAPER, SCAN)):
        write_run(tmp_path, of(name), number)
    reader = connect(tmp_path)
    compact(tmp_path)
    with pytest.raises(DatasetChanged, match="ask again"):
        run_sql(reader, "SELECT count(*) FROM table_cells").fetchall()


def test_only_one_process_compacts_at_a_time(tmp_path: Path) -> None:
    write_run(tmp_path, of(SCAN))
    (tmp_path / ".staging").mkdir(exist_ok=True)
    with FileLock(tmp_path / ".staging" / "compact.lock"), pytest.raises(SettingsError, match="another process"):
        compact(tmp_path)


def make_older(root: Path) -> None:
    """Turn a dataset into what version 1 of the contract wrote: without the columns that came later."""
    for path in root.rglob("*.parquet"):
        added = [column for by_table in MIGRATIONS.values() for column in by_table.get(path.relative_to(root).parts[0], {})]
        rows = pq.read_table(path, partitioning=None).drop_columns(added)
        if "schema_version" in rows.column_names:
            place = rows.column_names.index("schema_version")
            rows = rows.set_column(place, "schema_version", pa.array([1] * len(rows), pa.int32()))
        pq.write_table(rows, path)


def test_an_older_dataset_is_read_beside_a_new_one_and_brought_up_to_date(tmp_path: Path) -> None:
    write_run(tmp_path, of(PAPER), 0)
    make_older(tmp_path)
    assert "replaces" not in pq.read_schema(next(tmp_path.glob("runs/*/*/*.parquet"))).names
    write_run(tmp_path, of(SCAN), 1)
    connection = connect(tmp_path)
    assert connection.sql("SELECT schema_version, replaces FROM runs ORDER BY 1").fetchall() == [(1, []), (SCHEMA_VERSION, [])]
    before = shown(connection)
    compact(tmp_path)
    assert connect(tmp_path).sql("SELECT schema_version FROM runs").fetchall() == [(SCHEMA_VERSION,)]
    assert shown(connect(tmp_path)) == before
    for path in tmp_path.rglob("*.parquet"):
        assert types_of(path) == {field.name: field.type for field in TABLES[path.relative_to(tmp_path).parts[0]]}


def test_every_version_since_the_first_has_its_migration_to_columns_that_are_there() -> None:
    assert sorted(MIGRATIONS) == list(range(2, SCHEMA_VERSION + 1))
    for by_table in MIGRATIONS.values():
        for table, columns in by_table.items():
            assert set(columns) <= set(TABLES[table].names)


def test_a_dataset_of_a_newer_longread_is_left_alone(tmp_path: Path) -> None:
    write_run(tmp_path, of(SCAN))
    path = next(tmp_path.glob("runs/*/*/*.parquet"))
    rows = pq.read_table(path, partitioning=None)
    place = rows.column_names.index("schema_version")
    pq.write_table(rows.set_column(place, "schema_version", pa.array([SCHEMA_VERSION + 1], pa.int32())), path)
    with pytest.raises(SettingsError, match="use the longread that wrote it"):
        compact(tmp_path)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Three documents in two runs, a joint answer about two of them, their completions and a search index."""
    write_run(tmp_path, of(PAPER, SCAN), 0)
    whole = of(SCAN, PRICES)
    ids = tuple(done.document.doc_id for done in whole.documents)
    joint = samples().answers[0].model_copy(update={"doc_ids": ids, "evidence": (evidence_of(ids[0]), evidence_of(ids[1]))})
    write_run(tmp_path, whole.model_copy(update={"answers": (*whole.answers, joint)}), 1)
    store = Store(tmp_path / ".store" / "completions")
    for record in (*of(PAPER, SCAN).requests, *whole.requests):
        store.put(record.completion)
    store.put(Completion(request_id="ff" * 16, model="m", text="of a run that died", finish_reason="stop", usage=Usage(), latency_ms=1))
    search(tmp_path, "inspection")
    return tmp_path


def evidence_of(doc_id: str) -> Evidence:
    return Evidence(doc_id=doc_id, page_no=1, box=None, quote="1", source_kind="text")


def id_of(name: str) -> str:
    return of(name).documents[0].document.doc_id


def test_a_forgotten_document_is_nowhere_and_the_others_are_untouched(three: Path) -> None:
    wanted = f"{id_of(SCAN)}|{SCAN}"
    assert search_everywhere(three, wanted)[1]
    others = f"SELECT count(*) FROM v_numbers WHERE filename IN ('{PAPER}', '{PRICES}')"
    kept = connect(three).sql(others).fetchall()
    done = forget(three, SCAN)
    assert (done.doc_id, done.n_runs, done.remains) == (id_of(SCAN), 2, ())
    assert search_everywhere(three, wanted)[1] == ()
    connection = connect(three)
    assert connection.sql(others).fetchall() == kept
    assert connection.sql("SELECT filename FROM v_documents ORDER BY 1").fetchall() == [(PRICES,), (PAPER,)]
    assert connection.sql("SELECT n_documents FROM runs ORDER BY started_at").fetchall() == [(1,), (1,)]


def test_an_evaluation_that_may_show_a_forgotten_document_goes_too(three: Path) -> None:
    (three / "evaluation").mkdir()
    (three / "evaluation" / "report.html").write_text(f"<p>{SCAN}</p>")
    assert forget(three, SCAN).remains == ()
    assert not (three / "evaluation").exists()


def test_joint_answers_and_completions_about_a_forgotten_document_go_too(three: Path) -> None:
    joint = f"SELECT count(*) FROM answers WHERE list_contains(doc_ids, '{id_of(PRICES)}') AND len(doc_ids) = 2"
    assert connect(three).sql(joint).fetchall() == [(1,)]
    forget(three, id_of(SCAN))
    connection = connect(three)
    assert connection.sql(joint).fetchall() == [(0,)]
    assert connection.sql("SELECT count(*) FROM evidence ANTI JOIN answers ON answer_id = target_id").fetchall() == [(0,)]
    stored = {path.stem for path in (three / ".store").rglob("*.json")}
    assert stored == {request_id for (request_id,) in connection.sql("SELECT request_id FROM requests").fetchall()}
    assert stored


def test_nothing_is_forgotten_by_a_name_that_no_or_two_documents_have(three: Path) -> None:
    before = files(three)
    with pytest.raises(SettingsError, match="no document"):
        forget(three, "nobody.pdf")
    (scan,) = of(SCAN).documents
    source = scan.document.sources[0].model_copy(update={"filename": PAPER})
    twin = scan.model_copy(update={"document": scan.document.model_copy(update={"sources": (source,)})})
    write_run(three, Outcome(documents=(twin,)), 2)
    with pytest.raises(SettingsError, match="one by one"):
        forget(three, PAPER)
    assert before.items() <= files(three).items()


def at(name: str, uri: str) -> Outcome:
    """One document read from an address, and nothing else."""
    (done,) = of(name).documents
    source = Source(uri=uri, filename=Path(uri).name)
    return Outcome(documents=(done.model_copy(update={"document": done.document.model_copy(update={"sources": (source,)})}),))


def test_a_document_that_another_one_replaced_in_its_place_is_forgotten_and_the_other_stays(tmp_path: Path) -> None:
    write_run(tmp_path, at(SCAN, "in/report.pdf"), 0)
    write_run(tmp_path, at(PRICES, "in/report.pdf"), 1)
    write_run(tmp_path, at(PAPER, "old/in/report.pdf"), 2)
    assert forget(tmp_path, id_of(SCAN)).remains == ()
    assert sorted(connect(tmp_path).sql("SELECT doc_id FROM v_documents").fetchall()) == sorted([(id_of(PRICES),), (id_of(PAPER),)])


def test_what_failed_of_a_forgotten_document_goes_and_what_failed_of_others_stays(tmp_path: Path) -> None:
    failures = tuple(
        Failure(stage="open", category="missing", message=f"{uri} is not there: check the path")
        for uri in ("a.pdf", "data.pdf", "in/a.pdf")
    )
    write_run(tmp_path, at(SCAN, "a.pdf").model_copy(update={"failures": failures}))
    forget(tmp_path, "a.pdf")
    left = connect(tmp_path).sql("SELECT split(message, ' ')[1] FROM failures ORDER BY 1").fetchall()
    assert left == [("data.pdf",), ("in/a.pdf",)]


def test_records_of_a_users_schema_about_a_forgotten_document_go_with_their_items(tmp_path: Path) -> None:
    texts = ("record_id", "doc_id", "collection")
    root = pa.schema(
        [*(pa.field(name, pa.string()) for name in texts), pa.field("doc_ids", pa.list_(pa.string())), pa.field("total", pa.int64())]
    )
    items = pa.schema([*(pa.field(name, pa.string()) for name in texts), pa.field("item_no", pa.int32()), pa.field("says", pa.string())])
    scan, prices = id_of(SCAN), id_of(PRICES)
    asked_of = {"r1": [scan], "r2": [prices], "r3": [scan, prices]}
    records = [{"record_id": one, "doc_ids": ids, "total": 1} for one, ids in asked_of.items()]
    rows = to_rows(of(SCAN, PRICES), record_of()) | {
        "schema_bill": records,
        "schema_bill_lines": [{"record_id": one, "item_no": 0, "says": one} for one in asked_of],
        "schema_bill_2": [{**record, "total": 2} for record in records],
    }
    write(tmp_path, "r", STARTED.date(), rows, {"schema_bill": root, "schema_bill_lines": items, "schema_bill_2": root})
    compact(tmp_path)
    forget(tmp_path, SCAN)
    connection = connect(tmp_path)
    for table in ("schema_bill", "schema_bill_lines", "schema_bill_2"):
        assert connection.sql(f"SELECT record_id FROM {table}").fetchall() == [("r2",)]


def test_readers_that_come_while_files_are_exchanged_see_each_document_once(tmp_path: Path) -> None:
    for number, name in enumerate((SCAN, PRICES, SCAN)):
        write_run(tmp_path, of(name), number)
    count = "SELECT count(*) FROM table_cells"
    expected = connect(tmp_path).sql(count).fetchall()
    seen = []
    with ThreadPoolExecutor(1) as pool:
        compacting = pool.submit(compact, tmp_path)
        while not compacting.done() or not seen:
            with suppress(DatasetChanged):
                seen.append(run_sql(connect(tmp_path), count).fetchall())
        compacting.result()
    assert all(one == expected for one in seen)


@pytest.mark.parametrize("table", ["tables", "table_cells", "requests", "runs"])
def test_every_reader_opens_a_folder_of_compacted_and_new_files(tmp_path: Path, table: str) -> None:
    for number, name in enumerate((PAPER, SCAN)):
        write_run(tmp_path, of(name), number)
    compact(tmp_path)
    write_run(tmp_path, of(PRICES), 2)
    ((expected,),) = connect(tmp_path).sql(f"SELECT count(*) FROM {table}_all").fetchall()
    folder = tmp_path / table
    assert len(pd.read_parquet(folder)) == expected
    assert pl.read_parquet(folder).height == expected
    assert ds.dataset(folder, partitioning="hive").to_table().num_rows == expected
    assert duckdb.sql(f"SELECT count(*) FROM '{folder}/**/*.parquet'").fetchall() == [(expected,)]
