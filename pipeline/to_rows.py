"""Turn what a run read into the rows of the contract, pure."""

import html
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pipeline import field_columns
from pipeline.values import number_of, typed
from schemas.document import Box
from schemas.extraction import ReadAxis, ReadPoint, ReadSeries
from schemas.outcome import DocumentOutcome, Outcome, PageOutcome, RequestRecord, RunRecord
from schemas.result import Answer, Cell, Chart, Table
from schemas.settings import SCHEMA_VERSION

Row = dict[str, Any]
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}


def to_rows(outcome: Outcome, record: RunRecord) -> dict[str, list[Row]]:
    """Return the rows of every table, by table name; those of the users' schemas, as far as there are any, come last."""
    return {
        "runs": [run_row(outcome, record)],
        "documents": [*_documents(outcome)],
        "pages": [_page(page) for document in outcome.documents for page in document.pages],
        "tables": [_table(table) for table in outcome.tables],
        "table_fragments": [row for table in outcome.tables for row in _fragments(table)],
        "table_cells": [_cell(table, cell) for table in outcome.tables for cell in table.cells],
        "charts": [_chart(chart) for chart in outcome.charts],
        "chart_points": [row for chart in outcome.charts for row in _points(chart)],
        "answers": [_answer(answer) for answer in outcome.answers],
        "evidence": [row for answer in outcome.answers for row in _evidence(answer)],
        "failures": [{"failure_id": f.failure_id, **f.model_dump()} for f in outcome.failures],
        "requests": [_request(record) for record in outcome.requests],
        "tool_calls": [],
        **_fields(outcome),
    }


def run_row(outcome: Outcome, record: RunRecord) -> Row:
    """Return the row that commits the run. Tokens are those paid now, not those of stored completions."""
    paid = [r.completion.usage for r in outcome.requests if not r.completion.from_store]
    return {
        **record.model_dump(exclude={"run_id"}),
        "schema_version": SCHEMA_VERSION,
        "n_documents": len(outcome.documents) + len(outcome.refused),
        "n_pages": outcome.n_pages,
        "n_tables": len(outcome.tables),
        "n_charts": len(outcome.charts),
        "n_answers": len(outcome.answers),
        "n_failures": len(outcome.failures),
        "prompt_tokens": sum(usage.prompt_tokens for usage in paid),
        "image_tokens": sum(usage.image_tokens or 0 for usage in paid),
        "cached_tokens": sum(usage.cached_tokens or 0 for usage in paid),
        "completion_tokens": sum(usage.completion_tokens for usage in paid),
        "replaces": [],
    }


def _documents(outcome: Outcome) -> Iterator[Row]:
    for done in outcome.documents:
        for source in done.document.sources:
            yield {**source.model_dump(exclude={"password_env"}), **_document(done)}
    for refused in outcome.refused:
        yield {
            **refused.source.model_dump(exclude={"password_env"}),
            "doc_id": refused.doc_id,
            "bytes": refused.bytes,
            "n_pages": 0,
            "has_text_layer": False,
            "is_repaired": False,
            "status": "failed",
            "pages_read": 0,
            "pages_failed": 0,
        }


def _document(done: DocumentOutcome) -> Row:
    document, states = done.document, Counter(page.status for page in done.pages)
    return {
        "doc_id": document.doc_id,
        "bytes": document.bytes,
        "n_pages": len(document.pages),
        "title": document.title,
        "has_text_layer": document.has_text_layer,
        "is_repaired": document.is_repaired,
        "status": done.status,
        "pages_read": states["read"],
        "pages_failed": states["failed"],
    }


def _page(done: PageOutcome) -> Row:
    image = done.image
    return {
        **done.page.model_dump(exclude={"font_size_pt", "image_dpi"}),
        "doc_id": done.doc_id,
        "dpi": image.dpi if image else 0.0,
        "image_width": image.width if image else 0,
        "image_height": image.height if image else 0,
        "image_tokens": image.tokens if image else 0,
        "status": done.status,
        "reason": done.reason,
        "batch_ids": list(done.batch_ids),
        "text_recall": done.text_recall,
    }


def _table(table: Table) -> Row:
    pages = [fragment.page_no for fragment in table.fragments]
    return {
        **table.model_dump(exclude={"cells", "fragments", "n_dropped_rows", "n_joined_rows", "n_dropped_cols"}),
        "footnotes": list(table.footnotes),
        "table_id": table.table_id,
        "page_first": min(pages),
        "page_last": max(pages),
        "n_fragments": len(pages),
        "html": table_html(table),
        "numbers_checked": table.numbers_checked,
        "numbers_matched": table.numbers_matched,
        "trust": table.trust,
    }


def table_html(table: Table) -> str:
    """Return the table as HTML, headings as th."""
    rows = groupby(sorted(table.cells, key=lambda cell: (cell.row, cell.col)), key=lambda cell: cell.row)
    lines = ["<tr>" + "".join(map(_cell_html, cells)) + "</tr>" for _, cells in rows]
    return "<table>" + "".join(lines) + "</table>"


def _cell_html(cell: Cell) -> str:
    tag = "th" if cell.kind in {"column_header", "row_header", "section"} else "td"
    spans = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    spans += f' colspan="{cell.col_span}"' if cell.col_span > 1 else ""
    return f"<{tag}{spans}>{html.escape(cell.text)}</{tag}>"


def _fragments(table: Table) -> Iterator[Row]:
    for number, fragment in enumerate(table.fragments):
        yield {
            **fragment.model_dump(exclude={"box"}),
            **_edges(fragment.box),
            "table_id": table.table_id,
            "doc_id": table.doc_id,
            "fragment_no": number,
        }


def _cell(table: Table, cell: Cell) -> Row:
    value = typed(cell.text)
    is_number = value.number is not None
    unit = value.unit or (table.currency if value.kind == "currency" else table.unit) if is_number else None
    # A percentage in a table "in thousands" is not in thousands.
    scale = value.scale or (table.scale if value.kind != "percent" else None) if is_number else None
    return {
        **cell.model_dump(exclude={"box"}),
        **_edges(cell.box),
        "table_id": table.table_id,
        "doc_id": table.doc_id,
        "value_num": value.number,
        "value_date": value.day,
        "value_kind": value.kind,
        "unit": unit,
        "scale": scale,
    }


def _chart(chart: Chart) -> Row:
    reading = chart.reading
    y2 = reading.y2_axis or ReadAxis()
    return {
        "chart_id": chart.chart_id,
        "doc_id": chart.doc_id,
        "ordinal": chart.ordinal,
        "page_no": chart.page_no,
        **_edges(chart.box),
        "chart_type": reading.chart_type,
        "orientation": reading.orientation,
        "title": reading.title,
        "caption": reading.caption,
        "x_label": reading.x_axis.label,
        "x_unit": reading.x_axis.unit,
        "x_kind": reading.x_axis.kind,
        "y_label": reading.y_axis.label,
        "y_unit": reading.y_axis.unit,
        "y_kind": reading.y_axis.kind,
        "y2_label": y2.label,
        "y2_unit": y2.unit,
        "n_series": len(reading.series),
        "has_printed_values": any(point.y_text for series in reading.series for point in series.points),
        "trust": chart.trust,
    }


def _points(chart: Chart) -> Iterator[Row]:
    for series_no, series in enumerate(chart.reading.series):
        for point_no, point in enumerate(series.points):
            yield {
                **_point(chart, series, point),
                "chart_id": chart.chart_id,
                "doc_id": chart.doc_id,
                "series_no": series_no,
                "series": series.name,
                "point_no": point_no,
                "axis": series.axis,
            }


def _point(chart: Chart, series: ReadSeries, point: ReadPoint) -> Row:
    axis = chart.reading.y2_axis if series.axis == "y2" else chart.reading.y_axis
    printed = typed(point.y_text) if point.y_text else None
    x = typed(point.x)
    unit = (printed.unit if printed else None) or (axis.unit if axis else None)
    return {
        "x_text": point.x,
        "x_num": x.number,
        "x_date": x.day,
        "y_text": point.y_text,
        "y_num": printed.number if printed and printed.number is not None else point.y,
        "y_low": point.y_low,
        "y_high": point.y_high,
        "size_num": point.size,
        "unit": unit,
        "scale": (printed.scale if printed else None) or _scale_in(unit),
        "value_source": "printed" if point.y_text else "estimated",
        "est_error": None if point.y_text else point.error,
    }


def _scale_in(unit: str | None) -> float | None:
    return next((scale for word, scale in _SCALES.items() if word in (unit or "").casefold()), None)


def _answer(answer: Answer) -> Row:
    reading = answer.reading
    number = reading.number if reading.number is not None else number_of(reading.text or "")
    return {
        "answer_id": answer.answer_id,
        "question_id": answer.question.id,
        "question": answer.question.question,
        "scope": answer.scope,
        "doc_ids": list(answer.doc_ids),
        "schema_name": answer.field.schema_name if answer.field else None,
        "field_path": answer.field.path if answer.field else None,
        "answer_text": reading.text,
        "answer_kind": reading.kind,
        "value_num": number if reading.kind in {"number", "percent", "currency"} else None,
        "value_list": list(reading.items) or None,
        "unit": reading.unit,
        "is_answerable": reading.is_answerable,
        "confidence": reading.confidence,
        "rationale": reading.rationale,
        "evidence_status": answer.evidence_status,
    }


def _evidence(answer: Answer) -> Iterator[Row]:
    for number, item in enumerate(answer.evidence):
        yield {
            **item.model_dump(exclude={"box"}),
            **_edges(item.box),
            "target_kind": "answer",
            "target_id": answer.answer_id,
            "evidence_no": number,
        }


def _fields(outcome: Outcome) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for record in outcome.records:
        for table, rows in field_columns.rows(record).items():
            found.setdefault(table, []).extend(rows)
    return found


def _request(record: RequestRecord) -> Row:
    request, completion = record.request, record.completion
    return {
        "request_id": request.request_id,
        "batch_id": request.batch_id,
        "kind": request.kind,
        "doc_ids": list(request.doc_ids),
        "n_pages": len(request.images),
        "attempt": completion.attempt,
        "model": request.model,
        "expected_prompt_tokens": request.expected_prompt_tokens,
        **completion.usage.model_dump(),
        "latency_ms": completion.latency_ms,
        "finish_reason": completion.finish_reason,
        "from_store": completion.from_store,
        "loop_detected": completion.finish_reason == "repetition",
    }


def _edges(box: Box | None) -> Row:
    return box.model_dump() if box else {}
