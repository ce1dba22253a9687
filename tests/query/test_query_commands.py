"""What an analyst types, and what comes back."""

import contextlib
import csv
import io
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from duckdb import DuckDBPyConnection
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.query import run_sql
from pipeline.query.dictionary import dictionary
from pipeline.query.show import Format, show
from tests.conftest import ROOT
from tests.query.truth_dataset import of, write_run

SCAN, PRICES = "inspection-scan.pdf", "price-list.png"
COUNT = "SELECT filename, n_pages FROM v_documents WHERE n_pages < 6 ORDER BY filename"


def longread(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)], input=answer)


def ask(dataset: Path, *arguments: object) -> str:
    done = longread("query", *arguments, "--out", dataset)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_query_prints_a_table_without_leaving_columns_out(dataset: Path) -> None:
    printed = ask(dataset, COUNT)
    assert SCAN in printed
    assert "…" not in ask(dataset, "FROM v_numbers LIMIT 3").splitlines()[1]


def test_a_query_prints_what_programs_read(dataset: Path, tmp_path: Path) -> None:
    expected = [[SCAN, 3], [PRICES, 1]]
    assert [*csv.reader(io.StringIO(ask(dataset, COUNT, "--format", "csv")))] == [["filename", "n_pages"], [SCAN, "3"], [PRICES, "1"]]
    assert [[*row.values()] for row in json.loads(ask(dataset, COUNT, "--format", "json"))] == expected
    assert ask(dataset, COUNT, "--format", "markdown").splitlines()[2:] == [f"| {name} | {number} |" for name, number in expected]
    ask(dataset, COUNT, "--format", "parquet", "--to", tmp_path / "found.parquet")
    assert pd.read_parquet(tmp_path / "found.parquet").to_numpy().tolist() == expected


def test_the_list_names_the_views_and_the_columns_of_one(dataset: Path) -> None:
    listed = json.loads(ask(dataset, "--list", "--format", "json"))
    assert {"v_low_trust", "v_tables", "table_cells"} <= {row["name"] for row in listed}
    assert all(row["what a row is"] for row in listed)
    assert "the number times its scale" in ask(dataset, "v_numbers", "--list")


def test_search_prints_document_page_and_box(dataset: Path) -> None:
    (first, *_) = json.loads(ask(dataset, "--search", "net revenue 2023", "--format", "json"))
    assert first["filename"] == "northwind-annual-report-2023.pdf"
    assert {"page_no", "x0", "y0", "x1", "y1"} <= set(first)


def test_forget_names_a_file_that_still_mentions_the_document(tmp_path: Path) -> None:
    write_run(tmp_path, of(SCAN), 0)
    (tmp_path / "notes.txt").write_text(f"see data/samples/{SCAN}, page 3")
    done = longread("forget", SCAN, "--out", tmp_path, "--yes")
    assert done.exit_code == 2
    assert "notes.txt" in done.stderr


@pytest.mark.parametrize("form", ["csv", "table"])
def test_a_reader_that_has_enough_is_no_error(samples_db: DuckDBPyConnection, form: Format) -> None:
    has_enough, pipe = os.pipe()
    os.close(has_enough)
    with os.fdopen(pipe, "w") as output, contextlib.redirect_stdout(output):
        show(samples_db, run_sql(samples_db, "FROM v_numbers"), form)


@pytest.mark.parametrize("asked", [["SELECT nothing FROM nowhere"], [], ["DELETE FROM runs"]])
def test_what_cannot_be_answered_is_told_in_a_line(dataset: Path, asked: list[str]) -> None:
    done = longread("query", *asked, "--out", dataset)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith("longread: ")


def test_export_writes_a_workbook_for_each_document_or_for_a_query(dataset: Path, tmp_path: Path) -> None:
    assert longread("export", PRICES, "--out", dataset, "--to", tmp_path).exit_code == 0
    assert len(load_workbook(tmp_path / f"{PRICES}.xlsx").sheetnames) == 2
    assert longread("export", "--sql", COUNT, "--out", dataset, "--to", tmp_path / "a.xlsx").exit_code == 0
    assert load_workbook(tmp_path / "a.xlsx").active.max_row == 3
    assert longread("export", "nobody.pdf", "--out", dataset, "--to", tmp_path).exit_code == 2


def test_compact_and_forget_say_what_they_did(tmp_path: Path) -> None:
    for number, name in enumerate((SCAN, PRICES)):
        write_run(tmp_path, of(name), number)
    assert longread("compact", "--out", tmp_path).stdout == "2 runs in 26 files are now 1 in 13\n"
    assert longread("forget", SCAN, "--out", tmp_path, answer="n\n").exit_code == 1
    assert "0 of 14 files mention it" in longread("forget", SCAN, "--out", tmp_path, answer="y\n").stdout
    assert json.loads(ask(tmp_path, "SELECT filename FROM v_documents", "--format", "json")) == [{"filename": PRICES}]


def test_the_data_dictionary_is_that_of_the_code() -> None:
    told = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert told == dictionary(), "python -m pipeline.query.dictionary > docs/data.md"


def test_every_column_of_every_view_has_its_meaning() -> None:
    assert "|  |" not in dictionary()
