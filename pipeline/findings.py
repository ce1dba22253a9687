"""Look through the pages of a scope that is larger than a request: which of them help to answer which question.

Every batch is asked for several questions at a time, so that its pages are sent once for all of them. A question that a common reply
leaves out is asked alone, and a batch that cannot be asked in halves.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from pipeline import ladder, parse, prompt
from pipeline.line import Line
from pipeline.shortlist import Lead
from schemas.batch import Batch, PageImage
from schemas.errors import BackendError, CompletionError, LongreadError, NothingRead, Ungrounded
from schemas.extraction import CitedEvidence, Findings, QuestionFindings
from schemas.message import Completion
from schemas.result import Evidence
from schemas.settings import Question

C = TypeVar("C", bound=CitedEvidence)


class Found(NamedTuple):
    """A page that helps, and what it says."""

    lead: Lead
    says: str


Leads = dict[str, list[Found]]
"""What was found, by the id of the question."""
Looked = Leads | LongreadError
"""What was found, or why the pages could not be looked through."""


def batches_of(line: Line, scope: Sequence[str]) -> tuple[Batch, ...]:
    """Return the pages of a scope that could be read, as they were surveyed, in requests.

    Raises:
        NothingRead: there are none.
    """
    lost = line.ledger.failed_pages()
    images = [image for doc_id in scope for image in line.survey_images(line.documents[doc_id])]
    images = [image for image in images if (image.doc_id, image.page_no) not in lost]
    if not images:
        msg = "none of the pages it is about could be read"
        raise NothingRead(msg)
    return line.batches(images)


def is_too_large(line: Line, scope: Sequence[str]) -> bool:
    """Return whether the pages of a scope take more than one request."""
    try:
        return len(batches_of(line, scope)) > 1
    except LongreadError:
        return False  # the answer will meet it


async def find(line: Line, questions: Sequence[Question], scope: Sequence[str]) -> Looked:
    """Return what the pages of a scope contribute to some questions."""
    try:
        return await find_in(line, questions, batches_of(line, scope))
    except LongreadError as error:
        return error


async def find_in(line: Line, questions: Sequence[Question], batches: Iterable[Batch]) -> Leads:
    """Return what each of the batches contributes to each question.

    Raises:
        LongreadError: the server is gone.
    """
    leads: Leads = {question.id: [] for question in questions}
    for batch in batches:
        for name, found in (await _look(line, questions, batch)).items():
            leads[name] += found
    return leads


async def _look(line: Line, questions: Sequence[Question], batch: Batch) -> Leads:
    request = prompt.finding(line.served, batch, questions)
    try:
        completion, told = await ladder.ask(line, request, partial(parse.read, model=Findings))
    except (BackendError, CompletionError) as error:
        return await _look_at_less(line, questions, batch, error)
    answered = {item.question: item for item in told.questions}
    leads = {
        question.id: _leads(line, completion, batch, answered[number])
        for number, question in enumerate(questions, start=1)
        if number in answered
    }
    left_out = [question for question in questions if question.id not in leads]
    for question in left_out if len(questions) > 1 else ():
        leads |= await _look(line, [question], batch)
    return leads


def _leads(line: Line, completion: Completion, batch: Batch, told: QuestionFindings) -> list[Found]:
    return [
        Found(Lead(at.doc_id, at.page_no, rank, finding.starts_before, finding.goes_on, finding.relevance), finding.says or finding.quote)
        for rank, (finding, at) in enumerate(grounded(line, completion, batch, told.evidence))
    ]


async def _look_at_less(line: Line, questions: Sequence[Question], batch: Batch, error: LongreadError) -> Leads:
    """Ask for each question alone, and for a single one of each half of the pages."""
    if not await ladder.smaller_may_help(line, error):
        raise error
    if len(questions) > 1:
        return {name: found for question in questions for name, found in (await _look(line, [question], batch)).items()}
    (question,) = questions
    if len(batch.images) == 1:
        _fail(line, question, batch.images[0], error)
        return {}
    return await find_in(line, questions, ladder.halves_of(line, batch))


def _fail(line: Line, question: Question, image: PageImage, error: LongreadError) -> None:
    told = type(error)(f"question {question.id} was not asked of page {image.page_no}: {error}")
    line.ledger.fail("complete", told, doc_id=image.doc_id, page_no=image.page_no)


def grounded(line: Line, completion: Completion, batch: Batch, cited: Iterable[C]) -> Iterator[tuple[C, Evidence]]:
    """Yield the citations of pages that were shown; one of an invented page is recorded and left out."""
    shown = {(image.doc_id, image.page_no) for image in batch.images}
    documents = prompt.document_numbers(batch)
    for citation in cited:
        try:
            yield citation, parse.evidence(citation, documents, shown)
        except Ungrounded as error:
            line.ledger.fail("parse", error, batch_id=batch.batch_id, finish_reason=completion.finish_reason)
