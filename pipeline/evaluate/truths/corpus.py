"""The files of the project's own collection of public documents: tables.jsonl, charts.jsonl, chartqa.jsonl, questions.jsonl.

One object a line; paths count from the collection's folder, pages from 1. A spanned cell's text is in its top-left position only.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline.evaluate.answers import FORMATS, Expected
from pipeline.evaluate.charts import Chart, Series
from pipeline.evaluate.tables import Grid, Span
from pipeline.evaluate.truth import PageOf, Truth, TruthChart, TruthQuestion, TruthTable
from pipeline.evaluate.truths.files import lines

TABLES, CHARTS, CHART_QUESTIONS, QUESTIONS = "tables/tables.jsonl", "charts/charts.jsonl", "charts/chartqa.jsonl", "docs/questions.jsonl"
_COMPLETE = frozenset({"icdar2013", "pubtabnet", "nv-ingest"})
_CHART_FORMATS = {"number": "number", "string": "text"}

Row = Mapping[str, Any]


def is_here(path: Path) -> bool:
    """Whether the folder has any of those files."""
    return any((path / name).is_file() for name in (TABLES, CHARTS, CHART_QUESTIONS, QUESTIONS))


def load(path: Path) -> Truth:
    """Return the truth of the folder."""
    tables = [(path / row["doc"], row) for row in lines(path / TABLES)]
    return Truth(
        tables=tuple(_table(doc, row) for doc, row in tables),
        charts=tuple(_chart(path, row) for row in lines(path / CHARTS)),
        questions=(*_chart_questions(path), *(_question(path, row) for row in lines(path / QUESTIONS))),
        incomplete=frozenset(doc for doc, row in tables if row["source"] not in _COMPLETE),
    )


def _table(doc: Path, row: Row) -> TruthTable:
    spans = tuple(Span(span["row"], span["col"], span["rowspan"], span["colspan"]) for span in row["spans"] or ())
    grid = Grid(tuple(tuple(cell or "" for cell in cells) for cells in row["rows"]), spans)
    return TruthTable(f"table {row['table_id']}", row["source"], row["gt_quality"].partition(" ")[0], doc, (row["page"],), grid)


def _chart(path: Path, row: Row) -> TruthChart:
    doc = path / row["image"]
    return TruthChart(f"chart {doc.name}", row["source"], doc, 1, chart_of(row))


def chart_of(row: Row) -> Chart:
    """Return the chart with x as the independent variable: horizontal bars are listed as drawn, the value first."""
    turned = row["points_are"].startswith("[x, y]") and row["value_axis"] == "x"
    series = tuple(Series(one["name"], tuple(_points(one["points"], turned=turned))) for one in row["series"])
    values = [value for one in series for _, value in one.points]
    is_printed = not row["points_are"].startswith("[x, y]") and row["chart_type"] != "pie"
    return Chart(
        kind=f"stacked {row['chart_type']}" if row["stacked"] else row["chart_type"],
        series=series,
        value_range=(min(0.0, *values), max(0.0, *values)),
        is_printed=is_printed,
    )


def _points(listed: Iterable[list[Any]], *, turned: bool) -> Iterator[tuple[str, float]]:
    for point in listed:
        x, y = reversed(point) if turned else point
        if y is not None:  # a category without a value: nothing is drawn there
            yield "-".join(map(str, x)) if isinstance(x, list) else str(x), float(y)


def _chart_questions(path: Path) -> Iterator[TruthQuestion]:
    for number, row in enumerate(lines(path / CHART_QUESTIONS), 1):
        doc, kind = path / row["image"], row["answer_format"].partition(" ")[0]
        expected = Expected(row["answer"], _CHART_FORMATS.get(kind, "prose"))
        yield TruthQuestion(f"chartqa {number}", row["source"], kind, (doc,), row["question"], expected)


def _question(path: Path, row: Row) -> TruthQuestion:
    docs = tuple(path / doc for doc in row["docs"])
    pages = row["evidence_pages"] or ()
    return TruthQuestion(
        item_id=row["id"],
        source=row["source"],
        kind=row["answer_format"],
        docs=docs,
        question=row["question"],
        expected=Expected(row["answer"], FORMATS[row["answer_format"]]),
        evidence=tuple(chain.from_iterable(_pages(docs, pages))),
    )


def _pages(docs: tuple[Path, ...], pages: Iterable[int]) -> Iterator[list[PageOf]]:
    """Pages of joint questions name no document: they cannot be checked."""
    if len(docs) == 1:
        yield [PageOf(docs[0], page) for page in pages]
