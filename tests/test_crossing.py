"""Tables that cross pages: what is one table is one, and what is two stays two.

Every case as a model that sees all would tell it, without an image; and through the real line and the embedded reader every third, or all
if LONGREAD_CROSSING is "all", which takes five minutes.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from data.generator.crossing.cases import all_cases
from data.generator.crossing.drawing import Case, Part, draw_case, part_spec
from data.generator.truth import DocumentTruth
from pipeline.merge import PartialReading, merge, numbered, sites
from pipeline.run import run
from schemas.document import Box
from schemas.extraction import ReadRow, TableReading
from schemas.located import Located, SurveyedPage
from schemas.result import Table
from schemas.settings import Job, Settings
from tests.crossing_faults import faults

CASES = {case.name: case for case in all_cases()}
READ = [name for number, name in enumerate(CASES) if number % 3 == 0 or os.environ.get("LONGREAD_CROSSING") == "all"]
MISREAD = {
    "chart-above-second": pytest.mark.xfail(reason="the layout model takes a chart right above a table without a title for a part of it"),
}
BOX = Box(x0=0.1, y0=0.1, x1=0.9, y1=0.9)


def test_no_two_cases_have_the_same_name() -> None:
    assert len(CASES) == len(all_cases())
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_what_a_model_tells_of_the_parts_is_joined_rightly(name: str) -> None:
    assert faults(draw_case(CASES[name]).truth, told(CASES[name])) == ()


def told(case: Case) -> list[Table]:
    """The tables of a case, had every page and row been told rightly."""
    parts = {(page, block.table): block for page, sheet in enumerate(case.sheets, 1) for block in sheet.blocks if isinstance(block, Part)}
    pages = [surveyed(case, page, [part for (on, _), part in parts.items() if on == page]) for page in range(1, len(case.sheets) + 1)]
    tables: list[Table] = []
    for ordinal, site in numbered(sites(pages)[0]):
        read = [
            PartialReading(reading(case, [parts[one.page_no, int(one.title or 0)] for one in strip]), strip, [BOX] * len(strip))
            for strip in site.strips
        ]
        tables += merge(site, ordinal, read)
    return tables


def surveyed(case: Case, page: int, parts: list[Part]) -> SurveyedPage:
    located = [
        Located(
            page_no=page,
            box=BOX,
            title=str(part.table),
            continues=part.start > 0,
            adds_columns=part.start == 0 and part.cols is not None and part.cols[0] > 0,
        )
        for part in parts
    ]
    return SurveyedPage(doc_id="d", page_no=page, kind="table" if case.sheets[page - 1].blocks else "blank", tables=tuple(located))


def reading(case: Case, parts: list[Part]) -> TableReading:
    rows = [row for image, part in enumerate(parts, 1) for row in rows_of(case, part, image)]
    n_labels = 1 if parts[0].has_labels or not parts[0].cols or parts[0].cols[0] == 0 else 0
    return TableReading(n_cols=max(len(row.cells) for row in rows), n_rows=len(rows), n_row_header_cols=n_labels, rows=tuple(rows))


def rows_of(case: Case, part: Part, image: int) -> list[ReadRow]:
    rows = part_spec(case.tables[part.table], part).rows
    body = next(number for number, row in enumerate(rows) if row.kind != "header")
    kinds = [{"header": "repeated_header" if image > 1 else "header", "grand_total": "total"}.get(row.kind, row.kind) for row in rows]
    kinds[body : body + len(part.again)] = ["repeated"] * len(part.again)
    if part.first:
        kinds[body] = "continued"
    return [
        ReadRow.model_validate({"image": image, "kind": kind, "cells": [cell._asdict() for cell in row.cells]})
        for kind, row in zip(kinds, rows, strict=True)
    ]


@pytest.fixture(scope="module")
def truths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, DocumentTruth]]:
    """A folder with the documents that are read, and their truths."""
    folder = tmp_path_factory.mktemp("crossing")
    products = {name: draw_case(CASES[name]) for name in READ}
    for name, product in products.items():
        (folder / f"{name}.pdf").write_bytes(product.pdf)
    return folder, {name: product.truth for name, product in products.items()}


@pytest.fixture(scope="module")
def tables(truths: tuple[Path, Mapping[str, DocumentTruth]], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Table]]:
    """The tables that one run reads from all of them, by case."""
    out = tmp_path_factory.mktemp("out")
    report = asyncio.run(run(Job(sources=(str(truths[0]),), out=out, tasks=("tables",)), Settings()))
    assert not report.outcome.failures
    names = {one.document.doc_id: Path(one.document.filename).stem for one in report.outcome.documents}
    return {name: [table for table in report.outcome.tables if names[table.doc_id] == name] for name in READ}


@pytest.mark.parametrize("name", [pytest.param(name, marks=MISREAD.get(name, ())) for name in READ])
def test_rows_columns_and_pages_of_every_table_are_read(
    name: str, truths: tuple[Path, Mapping[str, DocumentTruth]], tables: Mapping[str, list[Table]]
) -> None:
    assert faults(truths[1][name], tables[name]) == ()
