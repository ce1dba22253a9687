"""Answer one question from the pages of its scope, compute what is to be computed, and verify the evidence.

A scope that fits one request is asked directly: the pages first, as in the survey, and the question last. For a larger one every batch
says where it holds something useful and what; the best pages of every document then go into one joint request at reading resolution,
with these notes. A number that no page prints is computed from the operands that the answer names (`pipeline.settle`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import partial
from typing import NamedTuple, TypeVar

from pipeline import ladder, parse, prompt, verify
from pipeline.extract import transcript
from pipeline.line import Line
from pipeline.pack import cost
from pipeline.plan import read_dpi, survey_dpi
from pipeline.settle import settle, unanswerable
from pipeline.shortlist import Lead, PageKey, Room, fair_order, fitting
from schemas.batch import Batch, PageImage
from schemas.document import Document, Page
from schemas.errors import BackendError, CompletionError, Incomputable, LongreadError, NothingRead, SettingsError, Ungrounded
from schemas.extraction import AnswerReading, CitedEvidence, Findings
from schemas.message import Completion
from schemas.result import Answer, Evidence
from schemas.settings import Question

C = TypeVar("C", bound=CitedEvidence)


class Cited(NamedTuple):
    """A place that an answer rests on, and the operands' numbers that its quote has to hold."""

    evidence: Evidence
    numbers: tuple[str, ...]


class Joint(NamedTuple):
    """The pages on which a question is answered at last, and what was found on them before."""

    batch: Batch
    notes: tuple[str, ...]


def scope_of(question: Question, documents: Iterable[Document]) -> tuple[str, ...]:
    """Return the doc_ids that the question is asked of, in the order of its `docs`; all documents if it names none.

    Raises:
        SettingsError: a name matches no document.
    """
    documents = [*documents]
    if not question.docs:
        return tuple(document.doc_id for document in documents)
    chosen: dict[str, None] = {}
    for pattern in question.docs:
        matching = [d.doc_id for d in documents if any(fnmatch(s.filename, pattern) or s.uri == pattern for s in d.sources)]
        if not matching:
            msg = f"question {question.id} asks of {pattern}, which is not among the documents that were read"
            raise SettingsError(msg)
        chosen |= dict.fromkeys(matching)
    return tuple(chosen)


async def answer(line: Line, question: Question, scope: Sequence[str]) -> tuple[Answer, ...]:
    """Return the answer, or nothing if the question could not be asked; the failure is in the ledger."""
    try:
        reading, cited = await _read(line, question, scope)
    except LongreadError as error:
        told = type(error)(f"question {question.id} was not answered: {error}") if isinstance(error, CompletionError) else error
        line.ledger.fail("complete", told, doc_id=scope[0] if len(scope) == 1 else None)
        return ()
    verified = [await _verified(line, place) for place in cited]
    return (Answer(question=question, doc_ids=tuple(scope), reading=reading, evidence=tuple(verified)),)


async def _read(line: Line, question: Question, scope: Sequence[str]) -> tuple[AnswerReading, tuple[Cited, ...]]:
    lost = line.ledger.failed_pages()
    images = [image for doc_id in scope for image in line.survey_images(line.documents[doc_id])]
    images = [image for image in images if (image.doc_id, image.page_no) not in lost]
    if not images:
        msg = "none of the pages it is about could be read"
        raise NothingRead(msg)
    batches = line.batches(images)
    joint = await _joint(line, question, batches) if len(batches) > 1 else Joint(batches[0], ())
    if not joint:
        return unanswerable(), ()
    try:
        return await _ask(line, question, joint)
    except (BackendError, CompletionError) as error:
        return await _ask_of_less(line, question, joint.batch, error)


async def _ask_of_less(line: Line, question: Question, batch: Batch, error: LongreadError) -> tuple[AnswerReading, tuple[Cited, ...]]:
    """Ask each half of the pages what it contributes, and then the pages that do."""
    if len(batch.images) == 1 or not await ladder.smaller_may_help(line, error):
        raise error
    middle = len(batch.images) // 2
    halves = (*line.batches(batch.images[:middle]), *line.batches(batch.images[middle:]))
    joint = await _joint(line, question, halves)
    if not joint:
        return unanswerable(), ()
    if set(joint.batch.images) == set(batch.images):
        raise error  # nothing was left out: the same question again
    return await _ask(line, question, joint)


async def _joint(line: Line, question: Question, batches: Sequence[Batch]) -> Joint | None:
    """Return one batch of the pages that the batches of the scope point to, fair to all documents; None if none points to any."""
    found = [lead for batch in batches for lead in await _leads(line, question, batch)]
    order = fair_order(lead for lead, _ in found)
    lost = line.ledger.failed_pages()
    images = joint_images(line, [key for key in order if key not in lost])
    if not images:
        return None
    without = {lead.doc_id for lead, _ in found} - {image.doc_id for image in images}
    if without:
        line.ledger.warn(
            f"question {question.id}: {len(without)} of its documents found no room in the joint request; ask of fewer at a time"
        )
    (batch,) = line.batches(images)
    numbers = {doc_id: number for number, doc_id in prompt.document_numbers(batch).items()}
    shown = {(image.doc_id, image.page_no) for image in images}
    said = sorted((pair for pair in found if pair[0].key in shown and pair[1]), key=lambda pair: order.index(pair[0].key))
    notes = [prompt.note(numbers[lead.doc_id], lead.page_no, text) for lead, text in said]
    return Joint(batch, prompt.notes_that_fit(notes, line.capacity - sum(cost(segment, line.price) for segment in batch.segments)))


def joint_images(line: Line, order: Sequence[PageKey], spare: int = 0) -> tuple[PageImage, ...]:
    """Return the first pages of `order` that fit one request, which leaves `spare` tokens free, in the order of the documents.

    They are at reading resolution, but coarser where that would shut out a whole document.
    """
    capacity = line.capacity - spare
    with_notes = capacity - min(prompt.NOTES_BYTES, capacity // 8)
    tries = ((read_dpi, with_notes), (survey_dpi, with_notes), (survey_dpi, capacity))
    images: tuple[PageImage, ...] = ()
    for dpi, tokens in tries[1:] if line.job.profile == "fast" else tries:
        room = Room(tokens, line.price.per_image, line.price.per_document, line.card.limits.most_images)
        images = fitting(order, {key: image for key in order if (image := _image(line, key, dpi))}, room)
        if {image.doc_id for image in images} == {doc_id for doc_id, _ in order}:
            break
    place = {doc_id: number for number, doc_id in enumerate(line.documents)}
    return tuple(sorted(images, key=lambda image: (place[image.doc_id], image.page_no)))


def _image(line: Line, key: PageKey, dpi: Callable[[Page], float]) -> PageImage | None:
    """Return the image of a page; None for the neighbour of a page if it is blank or there is none."""
    doc_id, page_no = key
    pages = line.documents[doc_id].pages
    if not 1 <= page_no <= len(pages) or pages[page_no - 1].is_blank:
        return None
    return line.image(doc_id, page_no, dpi(pages[page_no - 1]))


async def _leads(line: Line, question: Question, batch: Batch) -> list[tuple[Lead, str]]:
    """Return the pages of a batch that help, and what each says; a batch that cannot be asked is asked in halves.

    Raises:
        LongreadError: the server is gone.
    """
    try:
        completion, found = await ladder.ask(line, prompt.finding(line.served, batch, question), partial(parse.read, model=Findings))
    except (BackendError, CompletionError) as error:
        return await _leads_of_less(line, question, batch, error)
    grounded = _grounded(line, completion, batch, found.evidence)
    return [
        (Lead(at.doc_id, at.page_no, rank, finding.starts_before, finding.goes_on, finding.relevance), finding.says or finding.quote)
        for rank, (finding, at) in enumerate(grounded)
    ]


async def _leads_of_less(line: Line, question: Question, batch: Batch, error: LongreadError) -> list[tuple[Lead, str]]:
    if not await ladder.smaller_may_help(line, error):
        raise error
    if len(batch.images) == 1:
        (image,) = batch.images
        told = type(error)(f"question {question.id} was not asked of page {image.page_no}: {error}")
        line.ledger.fail("complete", told, doc_id=image.doc_id, page_no=image.page_no)
        return []
    middle = len(batch.images) // 2
    halves = (*line.batches(batch.images[:middle]), *line.batches(batch.images[middle:]))
    return [lead for half in halves for lead in await _leads(line, question, half)]


async def _ask(line: Line, question: Question, joint: Joint) -> tuple[AnswerReading, tuple[Cited, ...]]:
    batch, notes = joint
    request = prompt.answer(line.served, batch, question, thinking=line.job.profile == "thorough", notes=notes)
    completion, told = await ladder.ask(line, request, partial(parse.read, model=AnswerReading))
    try:
        reading = settle(told, question.answer_kind)
        cited = _cited(line, completion, batch, told) if reading.is_answerable else ()
    except (Incomputable, Ungrounded) as error:
        refused = type(error)(f"question {question.id} ({told.text or told.operation}) was not answered: {error}")
        line.ledger.fail("parse", refused, finish_reason=completion.finish_reason)
        return unanswerable(str(error)), ()
    return reading, cited


def _cited(line: Line, completion: Completion, batch: Batch, reading: AnswerReading) -> tuple[Cited, ...]:
    """Return every place that the answer rests on once, with the numbers that are to be found there.

    Raises:
        Ungrounded: there is none, or an operand's is not among the pages shown.
    """
    operands = reading.operands if reading.operation not in {"none", "count"} else ()
    numbers: dict[Evidence, list[str]] = {}
    proven = [*_grounded(line, completion, batch, operands)]
    for operand, evidence in proven:
        numbers.setdefault(evidence, []).append(operand.text)
    for _, evidence in _grounded(line, completion, batch, reading.evidence):
        numbers.setdefault(evidence, [])
    if not numbers or len(proven) < len(operands):
        msg = f"it cites no page{' for some of its operands' if numbers else ''}, so it does not count"
        raise Ungrounded(msg)
    return tuple(Cited(evidence, tuple(texts)) for evidence, texts in numbers.items())


def _grounded(line: Line, completion: Completion, batch: Batch, cited: Iterable[C]) -> Iterator[tuple[C, Evidence]]:
    """Yield the citations of pages that were shown; one of an invented page is recorded and left out."""
    shown = {(image.doc_id, image.page_no) for image in batch.images}
    documents = prompt.document_numbers(batch)
    for citation in cited:
        try:
            yield citation, parse.evidence(citation, documents, shown)
        except Ungrounded as error:
            line.ledger.fail("parse", error, batch_id=batch.batch_id, finish_reason=completion.finish_reason)


async def _verified(line: Line, cited: Cited) -> Evidence:
    """Return the evidence with whether it is printed there; a quote that lacks its operand's number proves nothing."""
    evidence = await _looked_up(line, cited.evidence)
    if evidence.verify_status == "match" and not all(verify.quotes(evidence.quote, number) for number in cited.numbers):
        return evidence.model_copy(update={"verify_status": "mismatch"})
    return evidence


async def _looked_up(line: Line, evidence: Evidence) -> Evidence:
    words = (await line.words(evidence.doc_id, [evidence.page_no])).get(evidence.page_no, ())
    if words or not evidence.box:
        return verify.verify_evidence(evidence, words)
    try:
        lines = await transcript(line, evidence.doc_id, evidence.page_no, evidence.box)
    except LongreadError as error:
        line.ledger.fail("verify", error, doc_id=evidence.doc_id, page_no=evidence.page_no)
        return evidence
    return verify.verify_reread(evidence, lines)
