"""The dataset that a perfect reading of the samples would give: their truth, taken through the stages that come after reading."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import yaml

from data.generator.truth import AnswerTruth, ChartTruth, DocumentTruth, TableTruth
from pipeline.merge import PartialReading, merge
from pipeline.to_rows import to_rows
from pipeline.values import typed
from pipeline.write import write
from schemas.batch import PageImage
from schemas.document import Box, Document, Page, Source
from schemas.extraction import AnswerReading, ChartReading, ReadAxis, ReadCell, ReadPoint, ReadRow, ReadSeries, RowKind, TableReading
from schemas.located import Located, TableSite
from schemas.message import Completion, ImagePart, Request, Usage
from schemas.outcome import DocumentOutcome, Outcome, PageOutcome, RequestRecord, RunRecord
from schemas.result import Answer, Cell, Chart, Evidence, Table
from schemas.settings import Job, Question
from tests.conftest import ROOT

SAMPLES = ROOT / "data" / "samples"
STARTED = datetime(2026, 11, 21, 9, tzinfo=UTC)
SCANS = {"inspection-scan.pdf", "price-list.png"}
NOWHERE = Box(x0=0.1, y0=0.1, x1=0.9, y1=0.9)


def write_samples(root: Path) -> Path:
    """Write one committed run of all samples and return the dataset's folder."""
    write_run(root, samples())
    return root


def write_run(root: Path, outcome: Outcome, number: int = 0, **config: object) -> str:
    """Write a committed run, the later the higher its number; `config` changes what it was asked to do. Return its id."""
    record = record_of(outcome, number, **config)
    write(root, record.run_id, record.started_at.date(), to_rows(outcome, record))
    return record.run_id


def record_of(outcome: Outcome | None = None, number: int = 0, **config: object) -> RunRecord:
    """The record of a run."""
    job = Job.model_validate({"sources": ("data/samples",), **config})
    started = STARTED + timedelta(hours=number)
    return RunRecord(
        run_id=f"{started:%Y%m%dT%H%M%S}-{number:08d}",
        started_at=started,
        ended_at=started + timedelta(minutes=4),
        status="partial" if outcome and outcome.failures else "ok",
        longread_version="0.1.0",
        config_digest=job.config_digest,
        config_json=job.config_json,
        backend="embedded",
        model="truth",
        prompt_version="truth",
    )


@cache
def samples() -> Outcome:
    """Everything the samples hold, as one run's outcome."""
    truths = [DocumentTruth.model_validate_json(path.read_text(encoding="utf-8")) for path in sorted((SAMPLES / "truth").glob("*-*.json"))]
    documents = {truth.document: _document(truth) for truth in truths}
    ids = {name: document.doc_id for name, document in documents.items()}
    return Outcome(
        documents=tuple(DocumentOutcome(document=document, status="ok", pages=tuple(_pages(document))) for document in documents.values()),
        tables=tuple(_table(truth, ids[truth.document], number) for truth in truths for number in range(len(truth.tables))),
        charts=tuple(_chart(chart, ids[truth.document], number) for truth in truths for number, chart in enumerate(truth.charts)),
        answers=tuple(_answers(ids)),
        requests=tuple(_requests(documents)),
    )


def of(*filenames: str) -> Outcome:
    """The part of the samples' outcome that is about some documents and no other."""
    everything = samples()
    documents = tuple(done for done in everything.documents if done.document.filename in filenames)
    ids = {done.document.doc_id for done in documents}
    return Outcome(
        documents=documents,
        tables=tuple(table for table in everything.tables if table.doc_id in ids),
        charts=tuple(chart for chart in everything.charts if chart.doc_id in ids),
        answers=tuple(answer for answer in everything.answers if ids.issuperset(answer.doc_ids)),
        requests=tuple(record for record in everything.requests if ids.issuperset(record.request.doc_ids)),
    )


def _document(truth: DocumentTruth) -> Document:
    path = SAMPLES / truth.document
    content = path.read_bytes()
    chars = 0 if truth.document in SCANS else 1_500
    return Document(
        doc_id=hashlib.sha256(content).hexdigest()[:32],
        path=str(path),
        sources=(Source(uri=f"data/samples/{truth.document}", filename=truth.document),),
        bytes=len(content),
        pages=tuple(Page(page_no=number, width_pt=612, height_pt=792, text_layer_chars=chars) for number in range(1, truth.n_pages + 1)),
    )


def _pages(document: Document) -> Iterator[PageOutcome]:
    for page in document.pages:
        yield PageOutcome(
            doc_id=document.doc_id,
            page=page,
            image=_image(document.doc_id, page.page_no),
            status="read",
            batch_ids=("b1",),
            text_recall=1.0,
        )


def _image(doc_id: str, page_no: int) -> PageImage:
    return PageImage(doc_id=doc_id, page_no=page_no, width=616, height=784, tokens=616, dpi=72)


def _table(truth: DocumentTruth, doc_id: str, ordinal: int) -> Table:
    told = truth.tables[ordinal]
    by_rows = told.direction == "rows"
    regions = told.regions if by_rows else told.regions[:1]
    parts = tuple(Located(page_no=region.page, box=_box(region.box), title=told.title) for region in regions)
    reading = TableReading(
        title=told.title,
        footnotes=told.footnotes,
        scale=told.scale,
        currency=told.currency,
        n_cols=len(told.rows[0]),
        n_rows=len(told.rows),
        rows=tuple(_rows(told, by_rows=by_rows)),
    )
    (table,) = merge(TableSite(doc_id=doc_id, parts=parts), ordinal, [PartialReading(reading, parts, [part.box for part in parts])])
    check = "no_layer" if truth.document in SCANS else "match"
    return table.model_copy(update={"cells": tuple(_checked(cell, check) for cell in table.cells)})


def _rows(told: TableTruth, *, by_rows: bool) -> Iterator[ReadRow]:
    spans = {(span.row, span.col): span for span in told.spans}
    covered = {
        (row, col)
        for span in told.spans
        for row in range(span.row, span.row + span.row_span)
        for col in range(span.col, span.col + span.col_span)
        if (row, col) != (span.row, span.col)
    }
    for number, texts in enumerate(told.rows):
        cells = []
        for col, text in enumerate(texts):
            span = spans.get((number, col))
            if (number, col) not in covered:
                cells.append(ReadCell(text=text, row_span=span.row_span if span else 1, col_span=span.col_span if span else 1))
        shown = [place for place, part in enumerate(told.fragments, 1) if by_rows and part.row_start <= number < part.row_end]
        yield ReadRow(image=shown[0] if shown else 1, kind=_kind(number, texts, told.n_header_rows), cells=tuple(cells))


def _kind(number: int, texts: tuple[str, ...], n_header_rows: int) -> RowKind:
    if number < n_header_rows:
        return "header"
    if texts[0].startswith("Total"):
        return "total"
    return "section" if not any(texts[1:]) else "data"


def _checked(cell: Cell, check: str) -> Cell:
    is_number = cell.kind in {"data", "total"} and typed(cell.text).number is not None
    return cell.model_copy(update={"check": check if is_number else "unchecked"})


def _chart(told: ChartTruth, doc_id: str, ordinal: int) -> Chart:
    series = tuple(
        ReadSeries(
            name=one.name,
            points=tuple(
                ReadPoint(
                    x=x, y=y, y_text=f"{y:,g}" if told.printed else None, error=None if told.printed else (told.y_max - told.y_min) / 100
                )
                for x, y in one.points
            ),
        )
        for one in told.series
    )
    reading = ChartReading(
        chart_type=told.chart_type,
        orientation=told.orientation,  # type: ignore[arg-type]
        title=told.title,
        x_axis=ReadAxis(label=told.x_label, kind="category"),
        y_axis=ReadAxis(label=told.y_label, unit=_axis_unit(told.y_label)),
        series=series,
    )
    return Chart(doc_id=doc_id, ordinal=ordinal, page_no=told.page, box=_box(told.box), reading=reading)


def _axis_unit(label: str | None) -> str | None:
    """The unit that an axis states: "mm" of "Difference (mm)", and "$ millions" of an axis that says only that."""
    if label is None:
        return None
    return label.partition("(")[2].rstrip(")") or (label if "million" in label else None)


def _answers(ids: dict[str, str]) -> Iterator[Answer]:
    questions = {
        question["id"]: Question(**question) for question in yaml.safe_load((SAMPLES / "questions.yaml").read_text(encoding="utf-8"))
    }
    for told in map(AnswerTruth.model_validate, json.loads((SAMPLES / "truth" / "answers.json").read_text(encoding="utf-8"))):
        question = questions[told.id]
        doc_ids = tuple(ids[name] for name in ids if not question.docs or any(fnmatch(name, glob) for glob in question.docs))
        number = typed(told.answer.split(" ")[0]).number if told.answer_kind in {"number", "percent", "currency"} else None
        reading = AnswerReading(
            is_answerable=told.is_answerable,
            kind=told.answer_kind,
            text=told.answer or None,
            number=number,
            unit=_unit(told),
            confidence=0.9 if told.is_answerable else None,
        )
        evidence = tuple(
            Evidence(
                doc_id=ids[place.document],
                page_no=place.page,
                box=NOWHERE,
                quote=told.answer,
                source_kind="text",
                verify_method="text_layer",
                verify_status="match",
            )
            for place in told.evidence[:2]
        )
        yield Answer(question=question, doc_ids=doc_ids, reading=reading, evidence=evidence)


def _unit(told: AnswerTruth) -> str | None:
    if told.answer_kind == "percent":
        return "%"
    if told.answer_kind != "currency":
        return None
    return " ".join(["USD", *(word for word in ("thousand", "million") if word in told.answer)])


def _requests(documents: dict[str, Document]) -> Iterator[RequestRecord]:
    """Yield a survey request over all documents, and one to read each document again."""
    everything = list(documents.values())
    for number, shown in enumerate([everything, *([document] for document in everything)]):
        parts = tuple(ImagePart(image=_image(document.doc_id, page.page_no)) for document in shown for page in document.pages)
        request = Request(
            kind="survey" if number == 0 else "tables",
            model="truth",
            prompt_version="truth",
            rasterizer="none",
            system="",
            parts=parts,
            max_tokens=100 + number,
            expected_prompt_tokens=700 * len(parts),
            batch_id="b1",
        )
        usage = Usage(prompt_tokens=650 * len(parts), image_tokens=616 * len(parts), cached_tokens=0, completion_tokens=40 * len(parts))
        completion = Completion(
            request_id=request.request_id, model="truth", text="", finish_reason="stop", usage=usage, latency_ms=100.0 * len(parts)
        )
        yield RequestRecord(request=request, completion=completion)


def _box(edges: tuple[float, float, float, float]) -> Box:
    x0, y0, x1, y1 = edges
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
