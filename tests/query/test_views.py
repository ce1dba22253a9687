"""What the views promise: each reading once, the newest, with scale and place; and a way to see what needs a look."""

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from duckdb import DuckDBPyConnection

from pipeline.query import connect, run_sql
from pipeline.write import write
from schemas.document import Source
from schemas.errors import SettingsError
from schemas.failure import Failure
from schemas.outcome import Outcome
from tests.query.truth_dataset import STARTED, of, samples, write_run

ONE = "tide-gauge-paper.pdf"


def rows(connection: DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return run_sql(connection, sql).fetchall()


def test_numbers_have_their_scale_and_unit_and_place(samples_db: DuckDBPyConnection) -> None:
    (found,) = rows(
        samples_db,
        """SELECT text, value, unit, page_no, title FROM v_numbers WHERE filename = 'northwind-annual-report-2022.pdf'
           AND title = 'Financial highlights 2022' AND row_path = 'Net revenue' AND col_path = '2022'""",
    )
    assert found == ("$987.6", 987_600_000, "USD", 3, "Financial highlights 2022")


def test_percentages_stay_as_printed(samples_db: DuckDBPyConnection) -> None:
    query = (
        "SELECT value, unit FROM v_numbers WHERE title = 'Financial highlights 2022' AND row_path = 'Net revenue' AND col_path = 'Change'"
    )
    assert rows(samples_db, query) == [(6.8, "%")]


def test_amounts_per_share_and_counts_are_not_multiplied(samples_db: DuckDBPyConnection) -> None:
    query = """SELECT value, unit FROM v_numbers WHERE title = 'Financial highlights 2022' AND col_path = '2022'
               AND row_path IN ('Diluted earnings per share', 'Employees at year end') ORDER BY value"""
    assert rows(samples_db, query) == [(1.65, "USD"), (3942, None)]


def test_every_amount_of_a_table_has_the_currency_that_only_some_print(samples_db: DuckDBPyConnection) -> None:
    query = """SELECT text, value, unit FROM v_numbers WHERE title = 'Financial highlights 2022' AND col_path = '2022'
               AND row_path IN ('Net revenue', 'Gross profit') ORDER BY value"""
    assert rows(samples_db, query) == [("420.3", 420_300_000, "USD"), ("$987.6", 987_600_000, "USD")]


def test_a_chart_may_state_its_unit_in_its_title(samples_db: DuckDBPyConnection) -> None:
    query = """SELECT DISTINCT unit, scale FROM v_numbers WHERE source = 'chart'
               AND title IN ('Net revenue ($ millions)', 'Orders received in 2023 (USD million)', 'Net revenue by quarter')"""
    assert rows(samples_db, query) == [("USD", 1_000_000)]


def test_numbers_of_charts_are_there_and_marked_if_estimated(samples_db: DuckDBPyConnection) -> None:
    assert rows(samples_db, "SELECT count(*) FROM v_numbers WHERE source = 'chart' AND is_estimated")[0][0]
    assert rows(samples_db, "SELECT count(*) FROM v_numbers WHERE is_estimated AND text IS NOT NULL") == [(0,)]


def test_a_document_read_again_counts_once(tmp_path: Path) -> None:
    write_run(tmp_path, of(ONE), 0)
    once = rows(connect(tmp_path), "SELECT count(*) FROM table_cells")
    newest = write_run(tmp_path, of(ONE), 1)
    connection = connect(tmp_path)
    assert rows(connection, "SELECT count(*) FROM table_cells") == once
    assert rows(connection, "SELECT DISTINCT run_id FROM table_cells") == [(newest,)]
    assert rows(connection, "SELECT count(*) FROM table_cells_all") == [(2 * once[0][0],)]  # type: ignore[operator]


def test_a_run_that_was_not_asked_for_tables_hides_none(tmp_path: Path) -> None:
    write_run(tmp_path, of(ONE), 0)
    write_run(tmp_path, of(ONE).model_copy(update={"tables": ()}), 1, tasks=("charts", "answers"))
    assert rows(connect(tmp_path), "SELECT count(*) FROM tables") == [(len(of(ONE).tables),)]


def test_a_later_run_that_found_no_tables_where_it_was_asked_to_counts(tmp_path: Path) -> None:
    write_run(tmp_path, of(ONE), 0)
    write_run(tmp_path, of(ONE).model_copy(update={"tables": ()}), 1)
    assert rows(connect(tmp_path), "SELECT count(*) FROM tables") == [(0,)]


def failed(outcome: Outcome) -> Outcome:
    (done,) = outcome.documents
    failure = Failure(stage="complete", category="timeout", message="the server went silent", doc_id=done.document.doc_id, page_no=2)
    return Outcome(documents=(done.model_copy(update={"status": "failed"}),), failures=(failure,))


def test_a_later_run_that_failed_does_not_hide_what_was_read(tmp_path: Path) -> None:
    write_run(tmp_path, of(ONE), 0)
    write_run(tmp_path, failed(of(ONE)), 1)
    connection = connect(tmp_path)
    assert rows(connection, "SELECT count(*) FROM tables") == [(len(of(ONE).tables),)]
    assert rows(connection, "SELECT status FROM v_documents") == [("ok",)]


def test_a_failure_is_open_until_a_later_run_reads_the_document(tmp_path: Path) -> None:
    write_run(tmp_path, failed(of(ONE)), 0)
    opened = "SELECT is_open, filename, page_no, n_runs FROM v_failures"
    assert rows(connect(tmp_path), opened) == [(True, ONE, 2, 1)]
    assert rows(connect(tmp_path), "SELECT priority, kind, why FROM v_low_trust") == [(1, "failure", "the server went silent")]
    write_run(tmp_path, of(ONE), 1)
    assert rows(connect(tmp_path), opened) == [(False, ONE, 2, 1)]


def test_a_file_under_two_names_is_one_document_whose_numbers_count_once(tmp_path: Path) -> None:
    (done,) = of(ONE).documents
    twice = (*done.document.sources, Source(uri="copy.pdf", filename="copy.pdf"))
    named = done.model_copy(update={"document": done.document.model_copy(update={"sources": twice})})
    write_run(tmp_path, of(ONE))
    numbers = rows(connect(tmp_path), "SELECT count(*) FROM v_numbers")
    write_run(tmp_path, of(ONE).model_copy(update={"documents": (named,)}), 1)
    connection = connect(tmp_path)
    assert rows(connection, "SELECT filename, uris FROM v_documents") == [("copy.pdf", ["copy.pdf", f"data/samples/{ONE}"])]
    assert rows(connection, "SELECT count(*) FROM v_numbers") == numbers


def test_a_run_without_its_commit_is_not_seen(tmp_path: Path) -> None:
    write_run(tmp_path, of(ONE), 0)
    dead = write_run(tmp_path, samples(), 1)
    next(tmp_path.glob(f"runs/*/run_id={dead}/*.parquet")).unlink()
    assert rows(connect(tmp_path), "SELECT filename FROM v_documents") == [(ONE,)]


def test_every_page_of_every_document_is_covered(samples_db: DuckDBPyConnection) -> None:
    query = "SELECT sum(n_pages), sum(pages_read), sum(pages_missing), sum(n_tables), sum(n_charts) FROM v_coverage"
    outcome = samples()
    assert rows(samples_db, query) == [(outcome.n_pages, outcome.n_pages, 0, len(outcome.tables), len(outcome.charts))]


def test_the_cost_of_the_documents_is_the_cost_of_the_requests(samples_db: DuckDBPyConnection) -> None:
    columns = "sum(prompt_tokens), sum(image_tokens), sum(completion_tokens)"
    ((*by_document,),) = rows(samples_db, f"SELECT {columns} FROM v_cost_by_document")
    ((*by_request,),) = rows(samples_db, f"SELECT {columns} FROM requests WHERE NOT from_store")
    assert by_document == pytest.approx(by_request)


def test_a_number_that_contradicts_the_text_layer_is_shown_with_both_readings(tmp_path: Path) -> None:
    outcome = of(ONE)
    table = outcome.tables[0]
    cell = next(cell for cell in table.cells if cell.check == "match")
    doubtful = cell.model_copy(update={"check": "mismatch", "layer_text": "17"})
    changed = table.model_copy(update={"cells": tuple(doubtful if one == cell else one for one in table.cells)})
    write_run(tmp_path, outcome.model_copy(update={"tables": (changed, *outcome.tables[1:])}))
    (first, *_) = rows(connect(tmp_path), "SELECT priority, kind, why, page_no, item_id FROM v_low_trust")
    assert first == (2, "number", f'read "{cell.text}"; the text layer has "17"', cell.page_no, table.table_id)


def test_answers_come_with_their_evidence(samples_db: DuckDBPyConnection) -> None:
    query = "SELECT value, unit, filename, page_no, n_evidence, evidence FROM v_answers WHERE question_id = 'revenue-2023'"
    name = "northwind-annual-report-2023.pdf"
    assert rows(samples_db, query) == [(1_120_500_000, "USD", name, 3, 2, f"{name} p. 3 (match); {name} p. 4 (match)")]


def test_a_table_in_wide_form_has_its_own_columns_and_types(samples_db: DuckDBPyConnection) -> None:
    ((table_id,),) = rows(samples_db, "SELECT table_id FROM tables WHERE title = 'Financial highlights 2022'")
    wide = run_sql(samples_db, f"FROM v_table_wide('{table_id}')").df()
    assert list(wide.columns) == ["row", "page_no", "label", "2022", "2021", "Change"]
    assert wide.set_index("label").loc["Employees at year end", "2022"] == 3942


def test_a_chart_in_wide_form_has_a_column_for_each_series(samples_db: DuckDBPyConnection) -> None:
    ((chart_id,),) = rows(samples_db, "SELECT chart_id FROM charts WHERE title = 'Hours until first reply'")
    wide = run_sql(samples_db, f"SELECT * FROM v_chart_wide('{chart_id}')").df()
    told = next(chart for chart in samples().charts if chart.chart_id == chart_id).reading
    assert list(wide.columns) == ["x", *(series.name for series in told.series)]
    assert wide["x"].to_list() == [point.x for point in told.series[0].points]


@pytest.mark.parametrize("asked", ["v_table_wide('0')", f"v_table_wide('{'0' * 32}')", f"v_chart_wide('{'0' * 32}')"])
def test_a_wide_table_that_is_not_there_is_named(samples_db: DuckDBPyConnection, asked: str) -> None:
    with pytest.raises(SettingsError, match="0"):
        run_sql(samples_db, f"FROM {asked}")


def test_the_tables_of_a_users_schema_are_there_in_their_newest_form(tmp_path: Path) -> None:
    record = {"record_id": "r1", "schema_digest": "s", "doc_id": "d", "collection": None, "doc_ids": ["d"], "total": 1.0}
    write_run(tmp_path, of(ONE), 0)
    own = pa.schema(
        [
            pa.field("record_id", pa.string()),
            pa.field("schema_digest", pa.string()),
            pa.field("doc_id", pa.string()),
            pa.field("collection", pa.string()),
            pa.field("doc_ids", pa.list_(pa.string())),
            pa.field("total", pa.float64()),
        ]
    )
    run = pd.read_parquet(tmp_path / "runs").iloc[0]
    for number in (1, 2):
        commit = {name: run[name] for name in run.index if name not in {"run_date", "run_id"}}
        commit |= {"started_at": STARTED.replace(hour=12 + number), "flow_run_id": None, "deployment": None, "replaces": []}
        write(
            tmp_path,
            f"own{number}",
            STARTED.date(),
            {"schema_bill": [{**record, "total": float(number)}], "runs": [commit]},
            {"schema_bill": own},
        )
    connection = connect(tmp_path)
    assert rows(connection, "SELECT total FROM schema_bill") == [(2.0,)]
    assert rows(connection, "SELECT count(*) FROM schema_bill_all") == [(2,)]


def test_every_reader_sees_the_same_cells_and_their_run(dataset: Path, samples_db: DuckDBPyConnection) -> None:
    folder = dataset / "table_cells"
    ((expected, run_id),) = rows(samples_db, "SELECT count(*), any_value(run_id) FROM table_cells")
    assert len(pd.read_parquet(folder)) == expected
    assert pl.read_parquet(folder)["run_id"].unique().to_list() == [run_id]
    assert ds.dataset(folder, partitioning="hive").count_rows() == expected
    assert duckdb.sql(f"SELECT count(*) FROM '{folder}/**/*.parquet'").fetchall() == [(expected,)]


def test_views_go_to_pandas_polars_and_arrow(samples_db: DuckDBPyConnection) -> None:
    numbers = run_sql(samples_db, "FROM v_numbers")
    assert len(numbers.df()) == numbers.pl().height == numbers.to_arrow_table().num_rows


def test_a_query_fetches_nothing_from_elsewhere(samples_db: DuckDBPyConnection) -> None:
    with pytest.raises(SettingsError, match="httpfs"):
        run_sql(samples_db, "FROM 'https://example.invalid/a.parquet'")


def test_what_is_no_query_is_refused(samples_db: DuckDBPyConnection) -> None:
    with pytest.raises(SettingsError, match="longread query --list"):
        run_sql(samples_db, "SELECT nothing FROM nowhere")


def test_a_folder_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--out"):
        connect(tmp_path)
