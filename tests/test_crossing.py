"""Tables that cross pages, through the real line and the embedded reader: what is one table is one, and what is two stays two."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from data.generator.crossing.cases import all_cases
from data.generator.crossing.drawing import draw_case
from data.generator.truth import DocumentTruth
from pipeline.run import run
from schemas.result import Table
from schemas.settings import Job, Settings
from tests.scoring.crossing import faults

CASES = {case.name: case for case in all_cases()}


@pytest.fixture(scope="module")
def truths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, DocumentTruth]]:
    """A folder with the document of every case, and their truths."""
    folder = tmp_path_factory.mktemp("crossing")
    products = {name: draw_case(case) for name, case in CASES.items()}
    for name, product in products.items():
        (folder / f"{name}.pdf").write_bytes(product.pdf)
    return folder, {name: product.truth for name, product in products.items()}


@pytest.fixture(scope="module")
def tables(truths: tuple[Path, Mapping[str, DocumentTruth]], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Table]]:
    """The tables that one run reads from all cases, by case."""
    out = tmp_path_factory.mktemp("out")
    report = asyncio.run(run(Job(sources=(str(truths[0]),), out=out, tasks=("tables",)), Settings()))
    assert not report.outcome.failures
    names = {one.document.doc_id: Path(one.document.filename).stem for one in report.outcome.documents}
    return {name: [table for table in report.outcome.tables if names[table.doc_id] == name] for name in CASES}


def test_no_two_cases_have_the_same_name() -> None:
    assert len(CASES) == len(all_cases()) >= 40


@pytest.mark.parametrize("name", CASES)
def test_rows_columns_and_pages_of_every_table_are_right(
    name: str, truths: tuple[Path, Mapping[str, DocumentTruth]], tables: Mapping[str, list[Table]]
) -> None:
    assert faults(truths[1][name], tables[name]) == ()
