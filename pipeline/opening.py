"""Open every source of a job: what opens becomes a document, what does not is refused by name."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from pipeline.ledger import Ledger
from pipeline.open import file_digest, open_document
from pipeline.sources import expand, local_path
from pipeline.workers import Workers
from schemas.document import Document, Source
from schemas.errors import LongreadError, MissingSource, SourceError
from schemas.outcome import RefusedDocument
from schemas.settings import Job, Settings


async def open_sources(workers: Workers, job: Job, settings: Settings, ledger: Ledger) -> tuple[list[Document], list[RefusedDocument]]:
    """Return the documents that open, in the order of the sources and each once, and the files that do not."""
    ledger.stage("open")
    named = [*_expanded(job, ledger)]
    opened = await asyncio.gather(*(_open(workers, job, settings, ledger, source) for source in named))
    documents: dict[str, Document] = {}
    for document in opened:
        if isinstance(document, Document):
            known = documents.setdefault(document.doc_id, document)
            others = [source for source in document.sources if source not in known.sources]
            documents[document.doc_id] = known.model_copy(update={"sources": (*known.sources, *others)})
    ledger.count(documents=len(documents))
    return [*documents.values()], [refused for refused in opened if isinstance(refused, RefusedDocument)]


def _expanded(job: Job, ledger: Ledger) -> Iterator[Source]:
    seen: set[str] = set()
    for argument in job.sources:
        try:
            for source in expand(argument):
                if source.uri not in seen:
                    seen.add(source.uri)
                    yield source
        except SourceError as error:
            ledger.fail("open", error)


async def _open(
    workers: Workers, job: Job, settings: Settings, ledger: Ledger, source: Source
) -> Document | RefusedDocument | MissingSource:
    try:
        path = await asyncio.to_thread(local_path, source, job.out / ".store" / "sources")
    except MissingSource as error:
        ledger.fail("open", error)
        return error
    try:
        return await workers.call(
            settings.open_deadline_s, source.filename, open_document, source, path, settings.max_bytes, settings.max_pages
        )
    except LongreadError as error:
        doc_id = await asyncio.to_thread(file_digest, Path(path))
        ledger.fail("open", error, doc_id=doc_id)
        return RefusedDocument(doc_id=doc_id, source=source, bytes=(await asyncio.to_thread(Path(path).stat)).st_size)
