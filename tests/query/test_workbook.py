"""A workbook opens in a spreadsheet with numbers that are numbers, texts that are texts, and notes that name the page."""

from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection
from openpyxl import Workbook, load_workbook

from pipeline.query import connect, run_sql
from pipeline.query.workbook import write_document, write_result
from schemas.errors import WriteError
from tests.query.truth_dataset import of, samples, write_run

REPORT, PRICES = "northwind-annual-report-2022.pdf", "price-list.png"
EVIL = ("=1+1", '=HYPERLINK("http://example.invalid")', "+1+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "https://example.invalid/")


def id_of(name: str) -> str:
    return of(name).documents[0].document.doc_id


@pytest.fixture(scope="module")
def report(samples_db: DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    path = tmp_path_factory.mktemp("book") / "report.xlsx"
    assert write_document(samples_db, id_of(REPORT), path) == len(of(REPORT).tables)
    return load_workbook(path)


def test_every_table_has_a_sheet_and_the_first_sheet_lists_them(report: Workbook) -> None:
    contents, *sheets = report.worksheets
    assert [row[0].value for row in contents.iter_rows(min_row=2)] == [sheet.title for sheet in sheets]
    assert len(sheets) == len(of(REPORT).tables)
    assert [contents.cell(2, col).value for col in (2, 3, 4)] == ["Financial highlights 2022", "page 3", "USD, in units of 1,000,000"]


def test_numbers_are_numbers_and_notes_name_the_page(report: Workbook) -> None:
    sheet = report.worksheets[1]
    assert [cell.value for cell in sheet[2]] == ["Net revenue", 987.6, 924.9, pytest.approx(0.068)]
    assert sheet["D2"].number_format.endswith("%")
    assert [sheet[place].number_format.split(";")[0] for place in ("B2", "B9", "B11")] == ["#,##0.0", "#,##0.00", "#,##0"]
    assert sheet["A1"].comment.text.startswith("page 3")


def test_a_number_that_contradicts_the_text_layer_is_yellow_and_says_what_stands_there(tmp_path: Path) -> None:
    outcome = of(REPORT)
    table = outcome.tables[0]
    wrong = next(cell for cell in table.cells if cell.text == "$987.6")
    cells = tuple(cell.model_copy(update={"check": "mismatch", "layer_text": "$997.6"}) if cell is wrong else cell for cell in table.cells)
    write_run(tmp_path, outcome.model_copy(update={"tables": (table.model_copy(update={"cells": cells}),)}))
    write_document(connect(tmp_path), table.doc_id, tmp_path / "a.xlsx")
    cell = load_workbook(tmp_path / "a.xlsx").worksheets[1]["B2"]
    assert (cell.value, cell.fill.fgColor.rgb, cell.comment.text) == (987.6, "FFFFE08A", "page 3: the text layer has $997.6")


def test_spanning_headings_span(report: Workbook) -> None:
    merged = [str(cells) for cells in report.worksheets[2].merged_cells.ranges]
    assert "B1:C1" in merged


def test_a_table_over_two_pages_notes_where_the_second_begins(samples_db: DuckDBPyConnection, tmp_path: Path) -> None:
    name = "crossing-tables.pdf"
    table = next(table for table in of(name).tables if len(table.fragments) > 1)
    write_document(samples_db, id_of(name), tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx").worksheets[table.ordinal + 1]
    notes = [cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment]
    assert [note.split("\n")[0] for note in notes] == [f"page {fragment.page_no}" for fragment in table.fragments]


def test_no_text_of_a_document_becomes_a_formula_or_a_link(tmp_path: Path) -> None:
    outcome = of(PRICES)
    table = outcome.tables[0]
    labels = [cell for cell in table.cells if cell.kind == "row_header"][: len(EVIL)]
    told = dict(zip(labels, EVIL, strict=True))
    cells = tuple(cell.model_copy(update={"text": told.get(cell, cell.text)}) for cell in table.cells)
    write_run(tmp_path, outcome.model_copy(update={"tables": (table.model_copy(update={"title": EVIL[0], "cells": cells}),)}))
    write_document(connect(tmp_path), table.doc_id, tmp_path / "evil.xlsx")
    book = load_workbook(tmp_path / "evil.xlsx")
    found = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.value for cell in found} >= set(EVIL)
    assert not [cell for cell in found if cell.data_type == "f" or cell.hyperlink]


def test_sheets_whose_tables_are_called_the_same_have_names_of_their_own(tmp_path: Path) -> None:
    outcome = of(REPORT)
    same = tuple(
        table.model_copy(update={"title": "A/B: [very] long title that no sheet could be called by *?"}) for table in outcome.tables
    )
    write_run(tmp_path, outcome.model_copy(update={"tables": same}))
    write_document(connect(tmp_path), id_of(REPORT), tmp_path / "same.xlsx")
    names = load_workbook(tmp_path / "same.xlsx").sheetnames
    assert len(names) == len({name.casefold() for name in names}) == len(same) + 1


def test_the_result_of_a_query_has_a_sheet_with_typed_columns(samples_db: DuckDBPyConnection, tmp_path: Path) -> None:
    result = run_sql(
        samples_db, "SELECT filename, n_pages, status = 'ok' AS is_ok, uris, DATE '2023-06-30' AS day FROM v_documents ORDER BY 1"
    )
    assert write_result(result, tmp_path / "q.xlsx") == len(samples().documents)
    first = [cell.value for cell in load_workbook(tmp_path / "q.xlsx").active[2]]
    assert first[:4] == ["crossing-tables.pdf", 12, True, "data/samples/crossing-tables.pdf"]
    assert f"{first[4]:%Y-%m-%d}" == "2023-06-30"


def test_values_that_excel_does_not_know_do_not_stop_the_export(samples_db: DuckDBPyConnection, tmp_path: Path) -> None:
    values = (
        "'inf'::DOUBLE AS huge, 'nan'::DOUBLE AS nothing, 1.5::DECIMAL(9, 2) AS exact, DATE '1850-01-01' AS old, repeat('x', 40000) AS long"
    )
    write_result(run_sql(samples_db, f"SELECT {values}, TIMESTAMPTZ '2026-01-01 12:00:00+00' AS moment"), tmp_path / "odd.xlsx")
    _, _, exact, old, long, moment = (cell.value for cell in load_workbook(tmp_path / "odd.xlsx").active[2])
    assert (exact, old, len(long), f"{moment:%H:%M}") == (1.5, "1850-01-01", 32_767, "12:00")


def test_headings_whose_spans_overlap_are_written_all_the_same(tmp_path: Path) -> None:
    outcome = of(REPORT)
    table = next(table for table in outcome.tables if any(cell.col_span > 1 for cell in table.cells))
    cells = tuple(cell.model_copy(update={"col_span": 2, "row_span": 2}) if cell.kind == "column_header" else cell for cell in table.cells)
    write_run(tmp_path, outcome.model_copy(update={"tables": (table.model_copy(update={"cells": cells}),)}))
    write_document(connect(tmp_path), table.doc_id, tmp_path / "a.xlsx")
    texts = {cell.value for row in load_workbook(tmp_path / "a.xlsx").worksheets[1].iter_rows() for cell in row}
    assert {cell.text for cell in cells if cell.kind == "row_header"} <= texts


def test_a_place_that_cannot_be_written_is_named(samples_db: DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteError, match="--to"):
        write_document(samples_db, id_of(PRICES), tmp_path / "file" / "a.xlsx")
