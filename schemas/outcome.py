"""What one run did: everything that becomes rows, and the counts that show it while it happens."""

from datetime import datetime
from typing import Literal

from schemas.batch import PageImage
from schemas.document import Document, Page, Source
from schemas.estimate import Amounts
from schemas.failure import Failure
from schemas.message import Completion, Request
from schemas.result import Answer, Chart, Record, Table
from schemas.value import Value

PageStatus = Literal["read", "failed", "skipped"]
DocumentStatus = Literal["ok", "partial", "failed", "skipped"]


class PageOutcome(Value):
    """One page of one document."""

    doc_id: str
    page: Page
    image: PageImage | None
    status: PageStatus
    reason: str | None = None
    batch_ids: tuple[str, ...] = ()
    text_recall: float | None = None


class RefusedDocument(Value):
    """A file that is there but does not open."""

    doc_id: str
    source: Source
    bytes: int


class DocumentOutcome(Value):
    """One document."""

    document: Document
    status: DocumentStatus
    pages: tuple[PageOutcome, ...]


class RequestRecord(Value):
    """One request and what came of it."""

    request: Request
    completion: Completion

    @property
    def drift(self) -> int:
        """Tokens by which the server counted other than predicted: images, which are exact, else a prompt above its bound."""
        counted = self.completion.usage
        if counted.image_tokens is not None and counted.image_tokens != self.request.image_tokens:
            return counted.image_tokens - self.request.image_tokens
        return max(0, counted.prompt_tokens - self.request.expected_prompt_tokens)


class Outcome(Value):
    """Everything one run read."""

    documents: tuple[DocumentOutcome, ...] = ()
    refused: tuple[RefusedDocument, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    answers: tuple[Answer, ...] = ()
    """Of the questions, and of every field of the records."""
    records: tuple[Record, ...] = ()
    failures: tuple[Failure, ...] = ()
    requests: tuple[RequestRecord, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n_pages(self) -> int:
        """Pages of all documents, whatever became of them."""
        return sum(len(document.pages) for document in self.documents)


class RunRecord(Value):
    """The commit: one row of the `runs` table."""

    run_id: str
    started_at: datetime
    ended_at: datetime
    status: Literal["ok", "partial", "failed"]
    longread_version: str
    config_digest: str
    config_json: str
    backend: str
    model: str
    prompt_version: str
    flow_run_id: str | None = None
    deployment: str | None = None


class Report(Value):
    """What the caller of a run gets: the commit, the counts, and what was recognised as read before."""

    record: RunRecord
    outcome: Outcome
    recognised: tuple[Document, ...] = ()
    """Documents that an earlier run of the same configuration and model has committed."""
    planned: Amounts = Amounts()
    """What the documents and questions were estimated to take when the run began."""

    @property
    def actual(self) -> Amounts:
        """What they took: every request, also those whose completions were in the store."""
        requests = self.outcome.requests
        usages = [record.completion.usage for record in requests]
        return Amounts(
            pages=self.outcome.n_pages,
            batches=len({record.request.batch_id for record in requests if record.request.kind == "survey"}),
            requests=len(requests),
            image_tokens=sum(record.request.image_tokens for record in requests),
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            cached_tokens=sum(usage.cached_tokens or 0 for usage in usages),
            output_tokens=sum(usage.completion_tokens for usage in usages),
        )


class Progress(Value):
    """Where a run is."""

    stage: str = "open"
    documents: int = 0
    pages_total: int = 0
    pages_done: int = 0
    batches_total: int = 0
    batches_done: int = 0
    reads_total: int = 0
    """Tables, charts and questions to read after the survey."""
    reads_done: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failures: int = 0
