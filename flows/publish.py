"""What a finished flow run shows: a table of its documents and a summary in Markdown."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from schemas.failure import Failure
from schemas.outcome import Report
from schemas.result import Answer

DOCUMENTS_KEY = "longread-documents"
SUMMARY_KEY = "longread-summary"
SHOWN = 500
"""Rows of any one list: Prefect keeps an artifact in one column of its database, and a browser draws it."""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")

Row = dict[str, str | int]


async def publish(report: Report, out: Path) -> None:
    """Create the artifacts of a run whose dataset lies in `out`."""
    rows = document_rows(report)
    told = f"{len(rows)} documents, what failed first" + (f"; the first {SHOWN} are shown" if len(rows) > SHOWN else "")
    await acreate_table_artifact(rows[:SHOWN], key=DOCUMENTS_KEY, description=told)
    await acreate_markdown_artifact(summary(report, out), key=SUMMARY_KEY, description=f"run {report.record.run_id}")


def document_rows(report: Report) -> list[Row]:
    """Return file, pages, tables, charts and status of each document and each file that does not open, what failed first."""
    outcome = report.outcome
    rows: list[Row] = [
        {
            "file": done.document.filename,
            "pages": len(done.pages),
            "tables": sum(table.doc_id == done.document.doc_id for table in outcome.tables),
            "charts": sum(chart.doc_id == done.document.doc_id for chart in outcome.charts),
            "status": done.status,
        }
        for done in outcome.documents
    ]
    rows += [{"file": refused.source.filename, "pages": 0, "tables": 0, "charts": 0, "status": "failed"} for refused in outcome.refused]
    order = ("failed", "partial", "ok", "skipped")
    return sorted(rows, key=lambda row: order.index(str(row["status"])))


def summary(report: Report, out: Path) -> str:
    """Return the run in Markdown: counts, failures, answers with their evidence, and how to query the dataset.

    Whatever comes out of a document is escaped: a page must not be able to make the reader's browser load anything.
    """
    names = {done.document.doc_id: done.document.filename for done in report.outcome.documents}
    names |= {refused.doc_id: refused.source.filename for refused in report.outcome.refused}
    sections = (
        f"# Run {report.record.run_id}: {report.record.status}",
        _counts(report),
        *_failures(report.outcome.failures, names),
        *_answers(report.outcome.answers, names),
        *_dataset(report, out),
    )
    return "\n\n".join(sections)


def _counts(report: Report) -> str:
    outcome, record = report.outcome, report.record
    counts = {
        "documents": len(outcome.documents),
        "pages": outcome.n_pages,
        "tables": len(outcome.tables),
        "charts": len(outcome.charts),
        "answers": len(outcome.answers),
        "failures": len(outcome.failures),
    }
    if report.n_recognised:
        counts["documents committed before"] = report.n_recognised
    paid = [item.completion.usage for item in outcome.requests if not item.completion.from_store]
    tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in paid)
    seconds = (record.ended_at - record.started_at).total_seconds()
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    return f"{told}. {len(paid):,} requests, {tokens:,} tokens, {seconds:,.0f} s with {plain(record.model)}."


def _failures(failures: Sequence[Failure], names: Mapping[str, str]) -> Iterator[str]:
    if not failures:
        return
    yield "## What is missing"
    rows = [(failure.category, plain(_place(failure, names)), plain(failure.message)) for failure in failures]
    yield _table(("failure", "where", "why, and what to do"), rows)
    if any(failure.retryable for failure in failures):
        yield "Start the same request again: what has been read is not read twice, and some of these failures may pass."


def _place(failure: Failure, names: Mapping[str, str]) -> str:
    name = names.get(failure.doc_id or "", "")
    return f"{name}, p. {failure.page_no}" if failure.page_no else name


def _answers(answers: Sequence[Answer], names: Mapping[str, str]) -> Iterator[str]:
    if answers:
        yield "## Answers"
        rows = [(plain(a.question.question), plain(a.reading.text or "not in these documents"), plain(_evidence(a, names))) for a in answers]
        yield _table(("question", "answer", "evidence"), rows)


def _evidence(answer: Answer, names: Mapping[str, str]) -> str:
    places = dict.fromkeys(f"{names.get(item.doc_id, item.doc_id)}, p. {item.page_no}" for item in answer.evidence)
    return f"{'; '.join(places)} ({answer.evidence_status})" if places else ""


def _dataset(report: Report, out: Path) -> Iterator[str]:
    yield "## The dataset"
    yield f"Parquet in `{out}`, one folder per table. In DuckDB, for example:"
    cells = str(out / "table_cells" / "**" / "*.parquet").replace("'", "''")
    yield "\n".join(
        (
            "```sql",
            "SELECT table_id, row_path, col_path, text, value_num",
            f"FROM read_parquet('{cells}', hive_partitioning = true)",
            f"WHERE run_id = '{report.record.run_id}' AND kind = 'data';",
            "```",
        )
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows[:SHOWN]]
    more = f"\n\n… and {len(rows) - SHOWN} more in the dataset." if len(rows) > SHOWN else ""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + more


def plain(text: str) -> str:
    """Return Markdown that shows as the text itself, in one line (CommonMark: any ASCII punctuation may be escaped)."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
