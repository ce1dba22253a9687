"""What the terminal shows: progress while it runs, tables when it is done. rich draws."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from pipeline.check import Check
from pipeline.ledger import Observe
from schemas.estimate import DocumentEstimate, Estimate
from schemas.failure import Failure
from schemas.outcome import Progress as Counts
from schemas.outcome import Report
from schemas.result import Answer

SHOWN_FAILURES = 10
SHOWN_DOCUMENTS = 50


@contextmanager
def progress(console: Console) -> Iterator[Observe]:
    """Yield an observer that draws a bar of pages and of reads with batches, tokens and the time left."""
    columns = (
        TextColumn("{task.description:<8}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[what]}"),
        TextColumn("{task.fields[more]}", style="dim"),
        TimeElapsedColumn(),
        TextColumn("left", style="dim"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=not console.is_terminal) as bars:
        survey = bars.add_task("survey", total=0, what="pages", more="")
        read = bars.add_task("read", total=0, what="tables, charts, questions", more="", start=False)

        def observe(counts: Counts) -> None:
            more = f"{counts.batches_done}/{counts.batches_total} batches · {counts.prompt_tokens + counts.completion_tokens:,} tokens"
            bars.update(
                survey,
                description=counts.stage if counts.stage in {"open", "survey"} else "survey",
                total=counts.pages_total,
                completed=counts.pages_done,
                more=more,
            )
            if counts.reads_total:
                bars.start_task(read)
                bars.update(read, total=counts.reads_total, completed=counts.reads_done, more=_failed(counts.failures))

        yield observe


def summary(console: Console, report: Report, out: Path) -> None:
    """Print what was read, document by document, and where it lies."""
    outcome, record = report.outcome, report.record
    if outcome.documents:
        table = Table("document", "pages", "tables", "charts", "status", title=f"run {record.run_id}: {record.status}")
        for done in outcome.documents:
            own = done.document.doc_id
            n_tables, n_charts = (sum(item.doc_id == own for item in items) for items in (outcome.tables, outcome.charts))
            table.add_row(done.document.filename, str(len(done.pages)), str(n_tables), str(n_charts), done.status)
        console.print(table)
    if asked := [answer for answer in outcome.answers if not answer.field]:
        answers = Table("question", "answer", "evidence", title="answers")
        for answer in asked:
            answers.add_row(answer.question.question, _answer(answer), _evidence(answer))
        console.print(answers)
    if outcome.records:
        console.print(_records(report))
    if report.planned.requests:
        comparison(console, report)
    failures(console, outcome.failures)
    for warning in outcome.warnings:
        console.print(f"[yellow]warning[/yellow] {warning}", highlight=False, soft_wrap=True)
    if report.recognised:
        console.print(f"{len(report.recognised)} documents were committed before and are not read again (--force reads them)")
    paid = [r.completion.usage for r in outcome.requests if not r.completion.from_store]
    tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in paid)
    seconds = (record.ended_at - record.started_at).total_seconds()
    console.print(f"{len(paid)} requests, {tokens:,} tokens, {seconds:.0f} s; the dataset is in [bold]{out}[/bold]", highlight=False)


def _records(report: Report) -> Table:
    documents = (*report.recognised, *(done.document for done in report.outcome.documents))
    names = {document.doc_id: document.filename for document in documents}
    table = Table("schema", "of", "values", "verified", title="fields")
    for record in report.outcome.records:
        of = record.collection or ", ".join(names[doc_id] for doc_id in record.doc_ids)
        known = [answer for answer in record.answers if answer.reading.is_answerable]
        verified = sum(answer.evidence_status == "verified" for answer in known)
        table.add_row(record.user_schema.name, of, f"{len(known)} of {len(record.answers)}", str(verified))
    return table


def _answer(answer: Answer) -> str:
    text, unit = answer.reading.text, answer.reading.unit
    if not text:
        return "(not in these documents)"
    return f"{text} ({unit})" if unit and unit not in text else text


def _evidence(answer: Answer) -> str:
    pages = ", ".join(f"p. {page_no}" for page_no in dict.fromkeys(item.page_no for item in answer.evidence))
    return f"{pages} {answer.evidence_status}" if pages else ""


def checks(console: Console, name: str, found: Sequence[Check]) -> None:
    """Print what was found out about a backend, a line each."""
    table = Table("", "", "what was seen, and what to change", title=name)
    colours = {"ok": "green", "warning": "yellow", "failed": "red"}
    for line in found:
        table.add_row(line.name, f"[{colours[line.verdict]}]{line.verdict}[/]", Text(line.told))
    console.print(table)


def plan(console: Console, estimated: Estimate) -> None:
    """Print an estimate: what each document takes, what each stage takes, all together, and what the figures rest on."""
    columns = ("pages", "tables,\ncharts", "requests", "tokens in", "GPU s")
    named = Column("document", overflow="fold")
    table = Table(named, *(Column(name, justify="right") for name in columns), box=SIMPLE, padding=(0, 1, 0, 0))
    for document in estimated.per_document[:SHOWN_DOCUMENTS]:
        table.add_row(Text(document.filename), *_amounts(document))
    if len(estimated.per_document) > SHOWN_DOCUMENTS:
        table.add_row(f"… {len(estimated.per_document) - SHOWN_DOCUMENTS:,} more in --json")
    table.add_section()
    table.add_row("all", *_amounts(estimated))
    console.print(table)
    hosted = f"; USD {estimated.estimated_hosted_usd:,.2f} at a hosted service" if estimated.estimated_hosted_usd is not None else ""
    console.print(
        f"tokens in: survey {estimated.survey_tokens:,}, read ~{estimated.read_tokens:,}, answer {estimated.answer_tokens:,}; of these "
        f"{estimated.cached_tokens:,} need no prefill, because an earlier request begins with them. "
        f"Tokens out: ~{estimated.output_tokens:,}. Images: {estimated.image_bytes / 1e6:,.0f} MB.\n"
        f"blank pages, not sent: {estimated.blank_pages}; batches {estimated.batches} (no packing takes fewer than "
        f"{estimated.lower_bound_batches}), requests {estimated.requests:,}; "
        f"~{estimated.estimated_gpu_seconds:,.0f} GPU-seconds, {estimated.estimated_wall_seconds:,.0f} s with "
        f"{_replicas(estimated.replicas)} always busy, USD {estimated.estimated_usd:,.2f}{hosted}.",
        highlight=False,
    )
    for assumption in estimated.assumptions:
        console.print(f"assumed: {assumption}", style="dim", highlight=False, markup=False)


def _amounts(amounts: Estimate | DocumentEstimate) -> tuple[str, ...]:
    return (
        f"{amounts.pages:,}",
        f"~{amounts.tables_and_charts:,}",
        f"{amounts.requests:,}",
        f"{amounts.prompt_tokens:,}",
        f"{amounts.estimated_gpu_seconds:,.0f}",
    )


def _replicas(number: int) -> str:
    return f"{number} replica{'' if number == 1 else 's'}"


def comparison(console: Console, report: Report) -> None:
    """Print what was planned beside what was done."""
    table = Table("", "planned", "done", title="planned and done")
    actual = report.actual.model_dump()
    for name, planned in report.planned.model_dump().items():
        table.add_row(name.replace("_", " "), f"{planned:,}", f"{actual[name]:,}")
    console.print(table)


def failures(console: Console, failed: Sequence[Failure]) -> None:
    """Print the first failures, each in a line."""
    for failure in failed[:SHOWN_FAILURES]:
        console.print(f"[red]{failure.category}[/red] {failure.message}", highlight=False, soft_wrap=True)
    if len(failed) > SHOWN_FAILURES:
        console.print(f"… and {len(failed) - SHOWN_FAILURES} more, all in the table failures", highlight=False)


def _failed(number: int) -> str:
    return f"{number} failures" if number else ""
