"""What a job will take, before any page is rasterized or any backend opened."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pipeline.answer import scope_of
from pipeline.line import price_of, text_count
from pipeline.pack import cost, pack
from pipeline.plan import survey_images
from pipeline.prompt import fixed_cost
from pipeline.windows import pages_of
from schemas.document import Document
from schemas.errors import SettingsError
from schemas.settings import Job, Question, Settings
from schemas.value import Value

# A page's entry in a survey reply, without tables: what the JSON of its marker numbers and kind takes.
REPLY_TOKENS_PER_PAGE = 60
REPLY_TOKENS_PER_ANSWER = 300


class DocumentEstimate(Value):
    """One document."""

    filename: str
    n_pages: int
    n_blank: int
    image_tokens: int


class Estimate(Value):
    """All documents of a job: the survey and the questions. Tables and charts come on top, once the survey has found them."""

    documents: tuple[DocumentEstimate, ...]
    n_batches: int
    n_requests: int
    input_tokens: int
    output_tokens: int
    gpu_seconds: float
    """Of one GLM-4.6V server, at the rates in the settings; a prefix cache makes it less."""
    cost_usd: float
    """At the prices in the settings."""


def estimate(documents: Sequence[Document], job: Job, settings: Settings) -> Estimate:
    """Return what surveying the documents and asking the questions will take."""
    images = {document.doc_id: survey_images(document, job.image_limits) for document in documents}
    count = text_count(job)
    price, fixed = price_of(count), fixed_cost(count)
    capacity = settings.context_tokens - settings.max_output_tokens - fixed
    scopes = [*_scopes(documents, job.questions if "answers" in job.tasks else ())]
    batches = pack([pages_of(document, images[document.doc_id]) for document in documents], capacity, price, together=scopes)
    segments = [segment for batch in batches for segment in batch.segments]
    asked = [sum(cost(segment, price) for segment in segments if segment.doc_id in scope) for scope in scopes]
    # Each batch's worth of a question's scope is one request; when there are several, one more joins what they found.
    asking = [math.ceil(tokens / capacity) for tokens in asked]
    n_requests = len(batches) + sum(count + (count > 1) for count in asking)
    input_tokens = sum(cost(segment, price) for segment in segments) + sum(asked) + n_requests * fixed
    n_pages = sum(len(pages) for pages in images.values())
    output_tokens = n_pages * REPLY_TOKENS_PER_PAGE + sum(asking) * REPLY_TOKENS_PER_ANSWER
    return Estimate(
        documents=tuple(
            DocumentEstimate(
                filename=document.filename,
                n_pages=len(document.pages),
                n_blank=len(document.pages) - len(images[document.doc_id]),
                image_tokens=sum(image.tokens for image in images[document.doc_id]),
            )
            for document in documents
        ),
        n_batches=len(batches),
        n_requests=n_requests,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        gpu_seconds=math.ceil(input_tokens / settings.input_tokens_per_s + output_tokens / settings.output_tokens_per_s),
        cost_usd=round((input_tokens * settings.price_per_million_input + output_tokens * settings.price_per_million_output) / 1e6, 4),
    )


def _scopes(documents: Sequence[Document], questions: Sequence[Question]) -> Iterator[tuple[str, ...]]:
    """Yield the scope of each question; one that names an unknown document costs nothing, and the run reports it."""
    for question in questions:
        with suppress(SettingsError):
            yield scope_of(question, documents)
