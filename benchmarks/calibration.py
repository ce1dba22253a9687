"""How far `longread plan` was off: its estimate of documents beside what a run of them found and sent.

`python -m benchmarks.calibration OUT SOURCE...` prints one Markdown row a document. The server's own counts are used, so with the embedded
reader text tokens are bytes over four, and what is cached are images, not prefixes.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipeline.forecast import forecast, terms_of_job
from pipeline.ledger import Ledger, silent
from pipeline.opening import open_sources
from pipeline.workers import Workers
from schemas.document import Document
from schemas.settings import Job, Settings

HEAD = (
    "| document | pages | tables and charts: planned, found | their image tokens: planned, sent | reply tokens: planned, written |\n"
    "|---|---|---|---|---|"
)


class Found(NamedTuple):
    """What a run read of one document."""

    sites: int
    image_tokens: int
    reply_tokens: int


def found(out: Path, doc_id: str) -> Found:
    """Return what the runs in `out` read of a document."""
    sites, requests = (f"'{out}/{table}/**/*.parquet'" for table in ("{}", "requests"))
    counts = [
        duckdb.execute(f"SELECT count(*) FROM {sites.format(table)} WHERE doc_id = ?", [doc_id]).fetchall()[0][0]
        for table in ("tables", "charts")
        if any((out / table).rglob("*.parquet"))
    ]
    read = "kind IN ('table', 'chart') AND doc_ids = [?]"
    query = f"SELECT sum(image_tokens), sum(completion_tokens) FROM {requests} WHERE {read}"
    images, replies = duckdb.execute(query, [doc_id]).fetchall()[0]
    return Found(sum(counts), int(images or 0), int(replies or 0))


def row(document: Document, done: Found, job: Job) -> str:
    """Return a document's row."""
    planned = forecast([document], (), (), terms_of_job(job, Settings()))
    reads = [request for request in planned.requests if request.kind == "table"]
    images, replies = (sum(amount) for amount in ([r.image_tokens for r in reads], [r.output_tokens for r in reads]))
    return (
        f"| {document.filename} | {len(document.pages)} | {planned.sites[document.doc_id]}, {done.sites} | "
        f"{images:,}, {done.image_tokens:,} | {replies:,}, {done.reply_tokens:,} |"
    )


async def opened(job: Job) -> Sequence[Document]:
    """Return the job's documents."""
    async with Workers(Settings()) as workers:
        return (await open_sources(workers, job, Settings(), Ledger(silent)))[0]


def main(out: Path, sources: Sequence[str]) -> None:
    """Print the rows."""
    job = Job(sources=tuple(sources))
    print(HEAD)
    for document in asyncio.run(opened(job)):
        print(row(document, found(out, document.doc_id), job))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
