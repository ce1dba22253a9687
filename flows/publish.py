"""What a finished flow run shows: a table of its documents and a summary in Markdown.

Prefect's browser pages take both for Markdown. What comes out of a document or a file name is escaped, so that nothing
in it can make the browser load anything.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from schemas.failure import Failure
from schemas.outcome import Outcome, Report
from schemas.result import Answer

DOCUMENTS_KEY = "longread-documents"
SUMMARY_KEY = "longread-summary"
SHOWN = 500
"""Items of any one list: Prefect keeps an artifact in one column of its database, and a browser draws it."""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_OPENING = re.compile(r"([\\<\[])")
_EXAMPLES = {
    # of each table that may hold something, in the order of what people look for
    "table_cells": "table_id, row_path, col_path, text, value_num",
    "chart_points": "chart_id, series, x_text, y_num, unit",
    "answers": "question, answer_text, evidence_status",
    "failures": "stage, category, message",
}

Row = dict[str, str | int]


async def publish(report: Report, out: Path) -> None:
    """Create the artifacts of a run whose dataset lies in `out`."""
    rows = document_rows(report.outcome)
    told = f"{counted(len(rows), 'document')}, what failed first; at most {SHOWN} are shown"
    await acreate_table_artifact(rows[:SHOWN], key=DOCUMENTS_KEY, description=told)
    await acreate_markdown_artifact(summary(report, out), key=SUMMARY_KEY, description=f"run {report.record.run_id}")


def counted(number: int, noun: str) -> str:
    """Return `1 page`, `2,000 pages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def document_rows(outcome: Outcome) -> list[Row]:
    """Return file, pages, tables, charts and status of each document and unopened file, what failed first."""
    tables, charts = (Counter(item.doc_id for item in items) for items in (outcome.tables, outcome.charts))
    rows: list[Row] = [
        _row(
            done.document.filename,
            len(done.pages),
            tables[done.document.doc_id],
            charts[done.document.doc_id],
            done.status,
        )
        for done in outcome.documents
    ]
    rows += [_row(refused.source.filename, 0, 0, 0, "failed") for refused in outcome.refused]
    order = ("failed", "partial", "ok", "skipped")
    return sorted(rows, key=lambda row: order.index(str(row["status"])))


def _row(filename: str, n_pages: int, n_tables: int, n_charts: int, status: str) -> Row:
    file = _OPENING.sub(r"\\\1", filename)  # the newer pages show a cell as it is: no more escapes than safety needs
    return {"file": file, "pages": n_pages, "tables": n_tables, "charts": n_charts, "status": status}


def summary(report: Report, out: Path) -> str:
    """Return the run in Markdown: counts, failures, answers with their evidence, and how to query the dataset."""
    outcome = report.outcome
    names = {done.document.doc_id: done.document.filename for done in outcome.documents}
    names |= {document.doc_id: document.filename for document in report.recognised}
    names |= {refused.doc_id: refused.source.filename for refused in outcome.refused}
    sections = (
        f"# Run {report.record.run_id}: {report.record.status}",
        _counts(report),
        *_warnings(outcome.warnings),
        *_failures(outcome.failures, names),
        *_answers([answer for answer in outcome.answers if not answer.field], names),
        *_dataset(report, out),
    )
    return "\n\n".join(sections)


def _counts(report: Report) -> str:
    outcome, record = report.outcome, report.record
    numbers = {
        "document": len(outcome.documents),
        "page": outcome.n_pages,
        "table": len(outcome.tables),
        "chart": len(outcome.charts),
        "answer": len(outcome.answers),
        "failure": len(outcome.failures),
    }
    parts = [counted(number, noun) for noun, number in numbers.items()]
    if report.recognised:
        parts.append(f"{counted(len(report.recognised), 'document')} committed before")
    paid = [item.completion.usage for item in outcome.requests if not item.completion.from_store]
    tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in paid)
    seconds = (record.ended_at - record.started_at).total_seconds()
    cost = f"{counted(len(paid), 'request')}, {counted(tokens, 'token')}, {seconds:,.0f} s with {plain(record.model)}"
    return f"{', '.join(parts)}. {cost}."


def _warnings(warnings: Sequence[str]) -> Iterator[str]:
    if warnings:
        yield _listed([f"**warning** {plain(warning)}" for warning in warnings])


def _failures(failures: Sequence[Failure], names: Mapping[str, str]) -> Iterator[str]:
    if not failures:
        return
    yield "## What is missing, and what to do"
    yield _listed([f"**{plain(f.category)}**{_place(f, names)}: {plain(f.message)}" for f in failures])
    if any(failure.retryable for failure in failures):
        yield "Some of these may pass: start the same request again; what has been read is not read twice."


def _place(failure: Failure, names: Mapping[str, str]) -> str:
    name = names.get(failure.doc_id or "", "")
    return plain(f", {name}" + (f", p. {failure.page_no}" if failure.page_no else "")) if name else ""


def _answers(answers: Sequence[Answer], names: Mapping[str, str]) -> Iterator[str]:
    if answers:
        yield "## Answers"
        yield _listed([f"{plain(a.question.question)}\\\n  {_found(a)}{_evidence(a, names)}" for a in answers])


def _found(answer: Answer) -> str:
    return f"**{plain(answer.reading.text)}**" if answer.reading.text else "not in these documents"


def _evidence(answer: Answer, names: Mapping[str, str]) -> str:
    ids = dict.fromkeys((item.doc_id, item.page_no) for item in answer.evidence)
    places = [f"{names.get(doc_id, f'document {doc_id}')}, p. {page_no}" for doc_id, page_no in ids]
    return plain(f" ({'; '.join(places)}; {answer.evidence_status})") if places else ""


def _dataset(report: Report, out: Path) -> Iterator[str]:
    outcome = report.outcome
    written = (outcome.tables, outcome.charts, outcome.answers, outcome.failures)
    yield f"## The dataset\n\nParquet in {plain(str(out))}, one folder per table."
    for (table, columns), _ in [example for example in zip(_EXAMPLES.items(), written, strict=True) if example[1]][:1]:
        files = str(out / table / "**" / "*.parquet").replace("'", "''")
        query = (
            f"SELECT {columns}",
            f"FROM read_parquet('{files}', hive_partitioning = true)",
            f"WHERE run_id = '{report.record.run_id}';",
        )
        yield "In DuckDB, for example:"
        yield "\n".join(("```sql", *query, "```"))


def _listed(items: Sequence[str]) -> str:
    more = [f"… and {len(items) - SHOWN:,} more in the dataset"] if len(items) > SHOWN else []
    return "\n".join(f"- {item}" for item in [*items[:SHOWN], *more])


def plain(text: str) -> str:
    """Return Markdown that shows as the text, in one line (CommonMark 2.4: any ASCII punctuation may be escaped)."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
