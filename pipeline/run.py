"""The line itself: from what the user named to the committed dataset."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import chain, groupby
from typing import NamedTuple, Protocol, TypeVar

import pyarrow as pa
import pyarrow.dataset as ds

from pipeline import answer as answers
from pipeline import extract, field_columns, fields, findings, merge, verify, write
from pipeline.estimate import amounts
from pipeline.fields import Unread
from pipeline.forecast import forecast, terms_of_line
from pipeline.ledger import Ledger, Observe, silent
from pipeline.line import Line, open_line
from pipeline.opening import open_sources
from pipeline.plan import survey_dpi, survey_images
from pipeline.prompt import PROMPT_VERSION, asked_together
from pipeline.survey import survey
from pipeline.to_rows import run_row, to_rows
from schemas.batch import Batch
from schemas.document import Document, LayerWord
from schemas.errors import BudgetError, Malformed, SettingsError
from schemas.estimate import Amounts
from schemas.located import SurveyedPage
from schemas.outcome import DocumentOutcome, DocumentStatus, Outcome, PageOutcome, Report, RequestRecord, RunRecord
from schemas.result import Answer, Chart, Record, Table, answer_id
from schemas.settings import Job, Question, Settings
from schemas.value import Value

T = TypeVar("T")
PageKey = tuple[str, int]
"""doc_id and page_no."""


class Spawn(Protocol):
    """Runs a named unit of work: a batch, a document or a question. The flow makes each a Prefect task."""

    def __call__(self, name: str, work: Callable[[], Awaitable[T]], /) -> Awaitable[T]:
        """Return the outcome of `work`."""
        ...


def inline(_: str, work: Callable[[], Awaitable[T]]) -> Awaitable[T]:
    """Run the work as it is."""
    return work()


class Origin(Value):
    """Where a run was started from, if Prefect started it."""

    flow_run_id: str | None = None
    deployment: str | None = None


async def run(job: Job, settings: Settings, observe: Observe = silent, spawn: Spawn = inline, origin: Origin | None = None) -> Report:
    """Read everything the job names and commit it; what could not be read is in the report's failures.

    Raises:
        BackendError: the backend is unusable from the start.
        WriteError: the output folder cannot be written.
    """
    started = datetime.now(UTC)
    ledger = Ledger(observe)
    write.clear_uncommitted(job.out)
    async with open_line(job, settings, ledger) as line:
        found, refused = await open_sources(line.workers, job, settings, ledger)
        line.documents = {document.doc_id: document for document in found}
        known = _committed(line, "documents", "doc_id", ok_only=True)
        new = [document for document in found if document.doc_id not in known]
        recognised = tuple(document for document in found if document.doc_id in known)
        ledger.count(pages_total=sum(len(document.pages) for document in new))
        questions = _open_questions(line, job.questions if "answers" in job.tasks else ())
        unread = _unread(line)
        planned = _planned(line, new, questions, unread)
        if new or questions or unread:
            await line.show_canary()
        read = await _read_documents(line, new, [scope for _, scope in questions], spawn)
        answered = await _answer(line, questions, spawn)
        documents = [await _document_outcome(line, document, read) for document in new]
        records = await _records(line, unread, spawn)
    outcome = Outcome(
        documents=tuple(documents),
        refused=tuple(refused),
        tables=read.tables,
        charts=read.charts,
        answers=(*answered, *(answer for record in records for answer in record.answers)),
        records=records,
        failures=ledger.failures,
        requests=ledger.requests,
        warnings=(*ledger.warnings, *_drifts(ledger.requests)),
    )
    ledger.stage("write")
    record = _record(line, started, outcome, origin or Origin())
    nothing_new = found and not (new or questions or unread or refused or outcome.failures)
    rows = {"runs": [run_row(outcome, record)]} if nothing_new else to_rows(outcome, record)
    own = {table.name: table.schema for schema in job.user_schemas for table in field_columns.tables(schema)}
    write.write(job.out, record.run_id, started.date(), rows, own)
    return Report(record=record, outcome=outcome, recognised=recognised, planned=planned)


def _planned(
    line: Line, documents: Sequence[Document], asked: Sequence[tuple[Question, tuple[str, ...]]], unread: Sequence[Unread]
) -> Amounts:
    try:
        return amounts(documents, forecast(documents, asked, line.documents.values(), terms_of_line(line), unread))
    except BudgetError as error:  # the stage that needs the page says so too
        line.ledger.warn(f"the run could not be planned: {error}")
        return Amounts()


def _drifts(requests: Sequence[RequestRecord]) -> Iterator[str]:
    """Yield a warning if the server counted tokens other than predicted: then batches are not as large as they are planned to be."""
    drifted = [record for record in requests if record.drift]
    if drifted:
        worst = max(drifted, key=lambda record: abs(record.drift))
        yield (
            f"the server counted other tokens than predicted in {len(drifted)} of {len(requests)} requests, by up to {worst.drift:+}: "
            "give the served checkpoint's folder with --checkpoint, and see longread check"
        )


class _Read(NamedTuple):
    shown_in: Mapping[PageKey, tuple[str, ...]]
    """The batches that show each surveyed page."""
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]


async def _read_documents(line: Line, documents: Sequence[Document], asked_together: Iterable[Iterable[str]], spawn: Spawn) -> _Read:
    """Survey all documents batch by batch, then read what was found document by document."""
    line.ledger.stage("survey")
    images = [image for document in documents for image in survey_images(document, line.limits)]
    line.ledger.count(pages_done=sum(page.is_blank for document in documents for page in document.pages))
    batches = line.batches(images, together=asked_together)
    line.ledger.count(batches_total=len(batches))
    surveys = await asyncio.gather(
        *(spawn(f"survey batch {number} of {len(batches)}", partial(survey, line, batch)) for number, batch in enumerate(batches, 1))
    )
    pages: dict[str, list[SurveyedPage]] = {document.doc_id: [] for document in documents}
    for page in chain.from_iterable(surveys):
        pages[page.doc_id].append(page)
    line.ledger.stage("read")
    read = await asyncio.gather(
        *(
            spawn(f"read {document.filename}", partial(_read_document, line, pages[document.doc_id], document.blank_pages))
            for document in documents
        )
    )
    return _Read(
        _shown_in(batches, {(page.doc_id, page.page_no) for page in chain.from_iterable(surveys)}),
        tuple(table for tables, _ in read for table in tables),
        tuple(chart for _, charts in read for chart in charts),
    )


def _shown_in(batches: Iterable[Batch], surveyed: Container[PageKey]) -> dict[PageKey, tuple[str, ...]]:
    """Return the batches that show each surveyed page."""
    shown: dict[PageKey, tuple[str, ...]] = {}
    for batch in batches:
        for image in batch.images:
            key = (image.doc_id, image.page_no)
            if key in surveyed:
                shown[key] = (*shown.get(key, ()), batch.batch_id)
    return shown


async def _read_document(line: Line, pages: Iterable[SurveyedPage], blank: Collection[int]) -> tuple[tuple[Table, ...], tuple[Chart, ...]]:
    tables, charts = merge.sites(pages, blank)
    tables, charts = tables if "tables" in line.job.tasks else (), charts if "charts" in line.job.tasks else ()
    line.ledger.count(reads_total=len(tables) + len(charts))
    read_charts = asyncio.gather(*(_counted(line, extract.read_chart(line, site, number)) for number, site in enumerate(charts)))
    done_tables, done_charts = await asyncio.gather(extract.read_tables(line, [*merge.numbered(tables)]), read_charts)
    return done_tables, tuple(chart for done in done_charts for chart in done)


async def _counted(line: Line, work: Awaitable[T]) -> T:
    result = await work
    line.ledger.count(reads_done=1)
    return result


async def _answer(line: Line, questions: Sequence[tuple[Question, tuple[str, ...]]], spawn: Spawn) -> tuple[Answer, ...]:
    line.ledger.stage("answer")
    line.ledger.count(reads_total=len(questions))
    # Those of the same pages one after the other: the server's cache holds the pages of some questions, not of all.
    scopes = {scope: number for number, scope in enumerate(dict.fromkeys(scope for _, scope in questions))}
    order = sorted(range(len(questions)), key=lambda number: scopes[questions[number][1]])
    together = [questions[number] for number in order]
    looked = await _looked(line, together, spawn)
    answered = await asyncio.gather(
        *(
            spawn(f"answer {question.id}", partial(_counted, line, answers.answer(line, question, scope, looked.get(question.id, {}))))
            for question, scope in together
        )
    )
    in_order = sorted(zip(order, answered, strict=True), key=lambda numbered: numbered[0])
    return tuple(answer for _, found in in_order for answer in found)


async def _looked(line: Line, questions: Iterable[tuple[Question, tuple[str, ...]]], spawn: Spawn) -> dict[str, findings.Looked]:
    """Return what is found for the questions whose scope is larger than a request; those of one scope are looked for together."""
    scoped = [(scope, [question for question, _ in pairs]) for scope, pairs in groupby(questions, key=lambda pair: pair[1])]
    groups = [(group, scope) for scope, asked in scoped if findings.is_too_large(line, scope) for group in asked_together(asked)]
    found = await asyncio.gather(
        *(spawn(f"find {', '.join(one.id for one in group)}", partial(findings.find, line, group, scope)) for group, scope in groups)
    )
    return {question.id: looked for (group, _), looked in zip(groups, found, strict=True) for question in group}


def _open_questions(line: Line, questions: Iterable[Question]) -> list[tuple[Question, tuple[str, ...]]]:
    """Return the questions that no committed run of this configuration has answered for these documents, with their scope."""
    done = _committed(line, "answers", "answer_id")
    still_open = []
    for question in questions:
        try:
            scope = answers.scope_of(question, line.documents.values())
        except SettingsError as error:
            line.ledger.fail("plan", error)
            continue
        if answer_id(question, scope) not in done:
            still_open.append((question, scope))
    return still_open


def _unread(line: Line) -> list[Unread]:
    """Return the documents and collections whose fields no committed run of this configuration has read."""
    still_unread = []
    for schema in line.job.user_schemas:
        table = field_columns.root_table(schema.name)
        done = _committed(line, table, "record_id", own=field_columns.ROOT_KEYS)
        still_unread += [one for one in fields.scopes(schema, line.documents.values()) if one.record_id not in done]
    return still_unread


async def _records(line: Line, unread: Sequence[Unread], spawn: Spawn) -> tuple[Record, ...]:
    if unread:
        line.ledger.stage("fields")
    line.ledger.count(reads_total=len(unread))
    read = await asyncio.gather(
        *(spawn(f"fields {_subject(line, one)}", partial(_counted, line, fields.read_record(line, one))) for one in unread)
    )
    return tuple(record for records in read for record in records)


def _subject(line: Line, unread: Unread) -> str:
    of = line.documents[unread.doc_ids[0]].filename if unread.schema.scope == "document" else unread.collection or "all documents"
    return f"{unread.schema.name} of {of}"


def _committed(line: Line, table: str, column: str, *, ok_only: bool = False, own: pa.Schema | None = None) -> set[str]:
    """Return the values of a column over the committed runs of this configuration, model and prompt version."""
    if line.job.force:
        return set()
    same = ds.field("config_digest").isin([line.job.config_digest]) & ds.field("model").isin([line.served.model])
    same &= ds.field("prompt_version").isin([PROMPT_VERSION])
    rows = write.committed(line.job.out, table, [column, "status"] if ok_only else [column], same, own).to_pylist()
    return {row[column] for row in rows if not ok_only or row["status"] in {"ok", "skipped"}}


async def _document_outcome(line: Line, document: Document, read: _Read) -> DocumentOutcome:
    tables = [table for table in read.tables if table.doc_id == document.doc_id]
    layers = await line.words(document.doc_id, {fragment.page_no for table in tables for fragment in table.fragments})
    failed = line.ledger.failed_pages()
    pages = []
    for page in document.pages:
        key = (document.doc_id, page.page_no)
        done = PageOutcome(
            doc_id=document.doc_id,
            page=page,
            image=line.finer.get(key) or line.image(*key, survey_dpi(page)),
            status="skipped" if page.is_blank else "read" if key in read.shown_in else "failed",
            reason="blank" if page.is_blank else failed.get(key) or line.second_engine.get(key),
            batch_ids=read.shown_in.get(key, ()),
            text_recall=_recall(tables, page.page_no, layers.get(page.page_no, ())),
        )
        if done.status == "failed" and key not in failed:
            line.ledger.fail(
                "check", Malformed(f"page {page.page_no} is neither read nor failed"), doc_id=document.doc_id, page_no=page.page_no
            )
        pages.append(done)
    return DocumentOutcome(document=document, status=_status(line, document, pages), pages=tuple(pages))


def _recall(tables: Sequence[Table], page_no: int, words: Sequence[LayerWord]) -> float | None:
    fragments = [fragment for table in tables for fragment in table.fragments if fragment.page_no == page_no]
    cells = [cell for table in tables for cell in table.cells if cell.page_no == page_no]
    return verify.text_recall(words, fragments, cells)


def _status(line: Line, document: Document, pages: Sequence[PageOutcome]) -> DocumentStatus:
    states = {page.status for page in pages}
    if states == {"failed"}:
        return "failed"
    if any(failure.doc_id == document.doc_id for failure in line.ledger.failures):
        return "partial"
    return "skipped" if states == {"skipped"} else "ok"


def _record(line: Line, started: datetime, outcome: Outcome, origin: Origin) -> RunRecord:
    nothing = outcome.failures and not line.documents
    return RunRecord(
        run_id=f"{started:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}",
        started_at=started,
        ended_at=datetime.now(UTC),
        status="failed" if nothing else "partial" if outcome.failures else "ok",
        longread_version=version("longread"),
        config_digest=line.job.config_digest,
        config_json=line.job.config_json,
        backend=line.job.backend,
        model=line.served.model,
        prompt_version=PROMPT_VERSION,
        flow_run_id=origin.flow_run_id,
        deployment=origin.deployment,
    )
