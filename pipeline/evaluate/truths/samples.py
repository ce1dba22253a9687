"""longread's own format, as `data/samples` has it: `truth/*.json`, one a document, `truth/answers.json` and `questions.yaml`.

A document's file lies beside the folder `truth`. Tables that cross pages are one; boxes are in parts of the page. Any one of the pages
that an answer's `evidence` names is proof of it.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pipeline.evaluate.answers import Expected
from pipeline.evaluate.charts import Chart, Series
from pipeline.evaluate.tables import Grid, Span
from pipeline.evaluate.truth import PageOf, Region, Truth, TruthChart, TruthQuestion, TruthTable
from pipeline.evaluate.truths.files import whole
from pipeline.questions import load_questions

SOURCE = "samples"
ANSWERS, QUESTIONS = "answers.json", "questions.yaml"

Row = Mapping[str, Any]


def is_here(path: Path) -> bool:
    """Whether a folder, or its folder `truth`, has documents' truth."""
    return any(_documents(path))


def load(path: Path) -> Truth:
    """Return the truth of the folder."""
    home = path.parent if path.name == "truth" else path
    rows = [*_documents(path)]
    docs = [home / row["document"] for row in rows]
    return Truth(
        tables=tuple(
            _table(doc, number, table) for doc, row in zip(docs, rows, strict=True) for number, table in enumerate(row["tables"], 1)
        ),
        charts=tuple(
            _chart(doc, number, chart) for doc, row in zip(docs, rows, strict=True) for number, chart in enumerate(row["charts"], 1)
        ),
        questions=tuple(_questions(home, docs)),
    )


def _documents(path: Path) -> Iterator[Row]:
    folder = path / "truth" if (path / "truth").is_dir() else path
    for file in sorted(folder.glob("*.json")):
        row = whole(file) if file.name != ANSWERS else None
        if isinstance(row, dict) and {"document", "tables", "charts"} <= row.keys():
            yield row


def _table(doc: Path, number: int, row: Row) -> TruthTable:
    spans = tuple(Span(span["row"], span["col"], span["row_span"], span["col_span"]) for span in row["spans"])
    return TruthTable(
        item_id=f"table {doc.stem}#{number}",
        source=SOURCE,
        kind="one page" if len(set(row["pages"])) == 1 else "over pages",
        doc=doc,
        pages=tuple(row["pages"]),
        grid=Grid(tuple(map(tuple, row["rows"])), spans),
        regions=tuple(Region(region["page"], tuple(region["box"])) for region in row["regions"]),
    )


def _chart(doc: Path, number: int, row: Row) -> TruthChart:
    series = tuple(Series(one["name"], tuple((x, y) for x, y in one["points"])) for one in row["series"])
    chart = Chart(row["chart_type"].replace("_", " "), series, (row["y_min"], row["y_max"]), row["printed"])
    return TruthChart(f"chart {doc.stem}#{number}", SOURCE, doc, row["page"], chart, (Region(row["page"], tuple(row["box"])),))


def _questions(home: Path, docs: list[Path]) -> Iterator[TruthQuestion]:
    asked = {question.id: question for question in load_questions(home / QUESTIONS)} if (home / QUESTIONS).is_file() else {}
    answers = home / "truth" / ANSWERS
    for row in whole(answers) if answers.is_file() else ():
        if question := asked.get(row["id"]):
            named = [doc for doc in docs if not question.docs or any(fnmatch(doc.name, pattern) for pattern in question.docs)]
            yield TruthQuestion(
                item_id=row["id"],
                source=SOURCE,
                kind=row["answer_kind"],
                docs=tuple(named),
                question=question.question,
                expected=Expected(row["answer"], row["answer_kind"] if row["is_answerable"] else "none"),
                evidence=tuple(PageOf(home / page["document"], page["page"]) for page in row["evidence"]),
                one_proves=True,
            )
