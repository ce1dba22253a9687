"""Answer one question from the pages of its scope, compute what is to be computed, and verify the evidence.

A scope that fits one request is asked directly: the pages first, as in the survey, and the question last. For a larger one its pages were
looked through (`pipeline.findings`); the best of every document go into one joint request at reading resolution, with notes of what was
found. A number that no page prints is computed from the operands that the answer names (`pipeline.settle`).
"""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatch
from functools import partial
from typing import NamedTuple

from pipeline import ladder, parse, prompt, verify
from pipeline.extract import transcript
from pipeline.findings import Found, Looked, batches_of, find_in, grounded
from pipeline.line import Line
from pipeline.pack import cost
from pipeline.plan import read_dpi, survey_dpi
from pipeline.settle import settle, unanswerable
from pipeline.shortlist import PageKey, Room, fair_order, fitting
from schemas.batch import Batch, PageImage
from schemas.document import Document, Page
from schemas.errors import BackendError, CompletionError, Incomputable, LongreadError, SettingsError, Ungrounded
from schemas.extraction import AnswerReading
from schemas.message import Completion
from schemas.result import Answer, Evidence
from schemas.settings import Question


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


async def answer(line: Line, question: Question, scope: Sequence[str], looked: Looked) -> tuple[Answer, ...]:
    """Return the answer, or nothing if the question could not be asked; the failure is in the ledger.

    `looked` is what looking through a scope that is larger than a request has brought; empty if it is not.
    """
    try:
        reading, cited = await _read(line, question, scope, looked)
    except LongreadError as error:
        told = type(error)(f"question {question.id} was not answered: {error}") if isinstance(error, CompletionError) else error
        line.ledger.fail("complete", told, doc_id=scope[0] if len(scope) == 1 else None)
        return ()
    verified = [await _verified(line, place) for place in cited]
    return (Answer(question=question, doc_ids=tuple(scope), reading=reading, evidence=tuple(verified)),)


async def _read(line: Line, question: Question, scope: Sequence[str], looked: Looked) -> tuple[AnswerReading, tuple[Cited, ...]]:
    if isinstance(looked, LongreadError):
        raise looked
    joint = _joint(line, question, looked[question.id]) if looked else Joint(batches_of(line, scope)[0], ())
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
    leads = await find_in(line, [question], ladder.halves_of(line, batch))
    joint = _joint(line, question, leads[question.id])
    if not joint:
        return unanswerable(), ()
    if set(joint.batch.images) == set(batch.images):
        raise error  # nothing was left out: the same question again
    return await _ask(line, question, joint)


def _joint(line: Line, question: Question, found: Sequence[Found]) -> Joint | None:
    """Return one batch of the pages that were found, fair to all documents; None if none were."""
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
    said = sorted((one for one in found if one.lead.key in shown and one.says), key=lambda one: order.index(one.lead.key))
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
    proven = [*grounded(line, completion, batch, operands)]
    for operand, evidence in proven:
        numbers.setdefault(evidence, []).append(operand.text)
    for _, evidence in grounded(line, completion, batch, reading.evidence):
        numbers.setdefault(evidence, [])
    if not numbers or len(proven) < len(operands):
        msg = f"it cites no page{' for some of its operands' if numbers else ''}, so it does not count"
        raise Ungrounded(msg)
    return tuple(Cited(evidence, tuple(texts)) for evidence, texts in numbers.items())


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
