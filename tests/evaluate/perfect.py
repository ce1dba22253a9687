"""Datasets as a run would write them that read everything exactly as the truth has it, or some of it otherwise."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.evaluate.truth import Truth, TruthChart, TruthQuestion, TruthTable
from pipeline.open import file_digest
from pipeline.prompt import PROMPT_VERSION
from pipeline.write import write
from schemas.rows import TABLES
from schemas.settings import Job

BLANKS: dict[pa.DataType, Any] = {
    pa.string(): "",
    pa.int16(): 1,
    pa.int32(): 1,
    pa.int64(): 0,
    pa.float32(): 0.0,
    pa.float64(): 0.0,
    pa.bool_(): False,
    pa.list_(pa.string()): [],
}
NOWHERE = "http://127.0.0.1:9"
"""Made these runs; nothing answers there, so that nothing can be read."""
Rows = dict[str, list[dict[str, Any]]]


def write_perfect(root: Path, truth: Truth, day: int = 1, **changes: Any) -> None:
    """Write one committed run that read the truth, with `changes` to the row in `runs`."""
    write(root, f"run-{day}", date(2026, 1, day), perfect_rows(truth, day, **changes))


def perfect_rows(truth: Truth, day: int = 1, **changes: Any) -> Rows:
    """Return the rows of that run."""
    ids = {doc: file_digest(doc) for doc in truth.docs}
    rows: Rows = {name: [] for name in TABLES}
    made = {"backend": NOWHERE, "prompt_version": PROMPT_VERSION, "config_json": Job(sources=("-",)).config_json}
    rows["runs"] = [_row("runs", **{"started_at": datetime(2026, 1, day, tzinfo=UTC), **made, **changes})]
    rows["documents"] = [_row("documents", doc_id=doc_id, filename=doc.name) for doc, doc_id in ids.items()]
    rows["pages"] = [
        _row("pages", doc_id=doc_id, page_no=page, width_pt=612.0, height_pt=792.0) for doc_id in ids.values() for page in range(1, 23)
    ]
    for table in truth.tables:
        _add_table(rows, table, ids[table.doc])
    for chart in truth.charts:
        _add_chart(rows, chart, ids[chart.doc])
    for question in truth.questions:
        _add_answer(rows, question, ids)
    return rows


def _row(table: str, **values: Any) -> dict[str, Any]:
    blanks = {field.name: None if field.nullable else BLANKS.get(field.type, datetime(2026, 1, 1, tzinfo=UTC)) for field in TABLES[table]}
    return blanks | values


def _add_table(rows: Rows, table: TruthTable, doc_id: str) -> None:
    known = {"table_id": table.item_id, "doc_id": doc_id}
    sizes = {(span.row, span.col): {"row_span": span.row_span, "col_span": span.col_span} for span in table.grid.spans}
    rows["tables"].append(_row("tables", **known, n_rows=len(table.grid.rows), n_cols=table.grid.n_cols, trust="verified"))
    for i, line in enumerate(table.grid.rows):
        rows["table_cells"] += [
            _row("table_cells", **known, row=i, col=j, text=text, check="match", **sizes.get((i, j), {})) for j, text in enumerate(line)
        ]
    placed = [(region.page_no, *region.on_page(612, 792)) for region in table.regions] or [(page, 0, 0, 1, 1) for page in table.pages]
    for page_no, x0, y0, x1, y1 in placed:
        rows["table_fragments"].append(_row("table_fragments", **known, page_no=page_no, x0=x0, y0=y0, x1=x1, y1=y1))


def _add_chart(rows: Rows, chart: TruthChart, doc_id: str) -> None:
    known = {"chart_id": chart.item_id, "doc_id": doc_id}
    x0, y0, x1, y1 = chart.regions[0].edges if chart.regions else (0, 0, 1, 1)
    kind = chart.kind.replace(" ", "_")
    rows["charts"].append(_row("charts", **known, page_no=chart.page_no, chart_type=kind, trust="verified", x0=x0, y0=y0, x1=x1, y1=y1))
    for i, series in enumerate(chart.chart.series):
        rows["chart_points"] += [
            _row("chart_points", **known, series_no=i, series=series.name, point_no=j, x_text=x, y_num=y)
            for j, (x, y) in enumerate(series.points)
        ]


def _add_answer(rows: Rows, question: TruthQuestion, ids: Mapping[Path, str]) -> None:
    rows["answers"].append(
        _row(
            "answers",
            answer_id=question.item_id,
            question_id=question.item_id,
            question=question.question,
            doc_ids=[ids[doc] for doc in question.docs],
            answer_text=question.expected.answer if question.is_answerable else None,
            is_answerable=question.is_answerable,
            confidence=0.95,
            evidence_status="verified",
        )
    )
    for number, page in enumerate(question.evidence):
        known = {"target_kind": "answer", "target_id": question.item_id, "evidence_no": number}
        rows["evidence"].append(_row("evidence", **known, doc_id=ids[page.doc], page_no=page.page_no))
