"""The main job as the README gives it, on the sample documents with the embedded reader: what a stranger sees first."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipeline.evaluate.evaluation import Evaluation, evaluate
from pipeline.evaluate.found import read_found
from pipeline.evaluate.harness import needs_of
from pipeline.evaluate.truths.formats import load_truth
from pipeline.open import file_digest
from schemas.rows import TABLES
from tests.conftest import ROOT


def main_job() -> list[str]:
    """The README's command, without the installation before it."""
    (line,) = re.findall(r"^\$ pip install .*&& (longread run .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return shlex.split(line)


def longread(*arguments: str, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *arguments]
    command[command.index("--out") + 1] = str(out)
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "COLUMNS": "140"})


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset that the README's main job writes."""
    folder = tmp_path_factory.mktemp("samples") / "out"
    done = longread(*main_job()[1:], out=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def evaluation(samples: Path, out: Path) -> Evaluation:
    truth = load_truth(samples).truth
    doc_ids = {doc: file_digest(doc) for doc in truth.docs}
    return evaluate(truth, read_found(out, needs_of(truth, doc_ids)), doc_ids)


def share(evaluation: Evaluation, metric: str, *kinds: str) -> float:
    """Return a metric over all items, or those of some kinds."""
    scores = [score for score in evaluation.scores if score.metric == metric and (not kinds or score.kind in kinds)]
    return sum(score.right for score in scores) / sum(score.out_of for score in scores)


def test_the_fields_of_a_schema_are_read_as_the_readme_says(tmp_path: Path) -> None:
    (command,) = re.findall(r"^\$ (longread run .* --schema .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    done = longread(*shlex.split(command)[1:], out=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = pd.read_parquet(tmp_path / "schema_annual_report").to_dict("records")
    assert (report["fiscal_year"], report["net_revenue"]) == (2022, 987_578)
    assert len(pd.read_parquet(tmp_path / "schema_annual_report_segments")) == 4


def test_every_table_of_the_contract_is_there(out: Path) -> None:
    for name, schema in TABLES.items():
        assert pq.read_schema(next((out / name).rglob("*.parquet"))).equals(schema), name


def test_every_page_of_every_sample_is_read(out: Path) -> None:
    pages = pd.read_parquet(out / "pages")
    documents = pd.read_parquet(out / "documents")
    assert set(pages["status"]) <= {"read", "skipped"}
    assert len(pages) == documents["n_pages"].sum()
    assert set(documents["status"]) == {"ok"}


def test_nine_in_ten_table_cells_are_right(evaluation: Evaluation) -> None:
    assert share(evaluation, "cells_recall") >= 0.9


def test_nine_in_ten_points_of_bars_and_lines_are_right(evaluation: Evaluation) -> None:
    assert share(evaluation, "points_recall", "bar", "line") >= 0.9


def test_six_in_ten_questions_are_right(evaluation: Evaluation) -> None:
    assert share(evaluation, "correct") >= 0.6


def test_right_answers_cite_a_right_page(evaluation: Evaluation) -> None:
    assert share(evaluation, "evidence_of_correct") >= 0.95


def test_nothing_is_invented_where_the_documents_are_silent(evaluation: Evaluation) -> None:
    assert share(evaluation, "abstention_recall") >= 0.85


def test_nine_in_ten_answers_that_join_documents_are_right(evaluation: Evaluation) -> None:
    joint = [one for one in evaluation.matches.answers if len({page.doc for page in one.truth.evidence}) > 1]
    assert len(joint) >= 10
    assert sum(one.is_correct for one in joint) >= 0.9 * len(joint)


def test_computed_answers_show_their_formula_and_every_number_is_found(out: Path) -> None:
    query = f"""SELECT evidence_status, count(*) FROM '{out}/answers/**/*.parquet'
                WHERE answer_kind IN ('number', 'percent', 'currency') AND rationale LIKE '% = %' GROUP BY 1"""
    ((status, number),) = duckdb.sql(query).fetchall()
    assert (status, number >= 10) == ("verified", True)


def test_tables_cross_pages_and_keep_the_page_of_every_row(out: Path) -> None:
    query = f"""SELECT count(DISTINCT c.page_no) FROM '{out}/table_cells/**/*.parquet' c JOIN '{out}/tables/**/*.parquet' t
                USING (table_id) WHERE t.n_fragments > 1 GROUP BY table_id"""
    assert [pages for (pages,) in duckdb.sql(query).fetchall()]
    assert all(pages > 1 for (pages,) in duckdb.sql(query).fetchall())


def test_predicted_image_tokens_are_the_servers(out: Path) -> None:
    requests, pages = pd.read_parquet(out / "requests"), pd.read_parquet(out / "pages")
    surveys = requests[requests["kind"] == "survey"]
    assert surveys["image_tokens"].sum() == pages.loc[pages["status"] == "read", "image_tokens"].sum()
    assert (requests["prompt_tokens"] <= requests["expected_prompt_tokens"]).all()
    assert (requests["expected_prompt_tokens"] <= 131_072).all()


def test_numbers_pages_and_boxes_are_typed_for_polars_too(out: Path) -> None:
    cells = pl.read_parquet(out / "table_cells")
    assert cells["value_num"].dtype == pl.Float64
    numbers = cells.filter(pl.col("value_kind") == "number")
    assert numbers["value_num"].null_count() == 0
    boxes = cells.drop_nulls("x0")
    assert ((boxes["x0"] < boxes["x1"]) & (boxes["y1"] <= 1)).all()


def test_most_numbers_are_found_in_the_text_layer(out: Path) -> None:
    (checked, matched) = duckdb.sql(f"SELECT sum(numbers_checked), sum(numbers_matched) FROM '{out}/tables/**/*.parquet'").fetchall()[0]
    assert checked > 500
    assert matched / checked > 0.95


def test_the_same_command_again_does_nothing_and_changes_nothing(out: Path) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*.parquet")}
    done = longread(*main_job()[1:], out=out)
    assert done.returncode == 0, done.stderr
    assert "0 requests, 0 tokens" in done.stdout
    assert {path: path.read_bytes() for path in before} == before
    (new,) = set(out.rglob("*.parquet")) - set(before)
    assert new.relative_to(out).parts[0] == "runs"


def test_the_query_of_the_readme_finds_numbers(out: Path) -> None:
    (query,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", query], capture_output=True, text=True, check=True, cwd=out.parent)
    assert "1,120,537" in done.stdout
