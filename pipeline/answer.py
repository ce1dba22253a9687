"""Answer one question from the pages of its scope, and verify its evidence.

A scope that fits one request is asked directly: the pages first, as in the survey, and the question last. For a larger one every batch
says where it holds something useful, and the evidence pages of all documents then go into one joint request at reading resolution.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from functools import partial

from pipeline import ladder, parse, prompt, verify
from pipeline.extract import transcript
from pipeline.line import Line
from pipeline.plan import read_dpi, survey_images
from schemas.batch import Batch, PageImage
from schemas.document import Document
from schemas.errors import BackendError, CompletionError, LongreadError, NothingRead, SettingsError, Ungrounded
from schemas.extraction import AnswerReading, CitedEvidence, Findings
from schemas.message import Completion
from schemas.result import Answer, Evidence
from schemas.settings import Question


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
    verified = [await _verified(line, evidence) for evidence in cited]
    return (Answer(question=question, doc_ids=tuple(scope), reading=reading, evidence=tuple(verified)),)


async def _read(line: Line, question: Question, scope: Sequence[str]) -> tuple[AnswerReading, tuple[Evidence, ...]]:
    lost = line.ledger.failed_pages()
    images = [image for doc_id in scope for image in survey_images(line.documents[doc_id], line.limits)]
    images = [image for image in images if (image.doc_id, image.page_no) not in lost]
    batches = line.batches(images)
    if len(batches) > 1:
        batches = await _evidence_batch(line, question, batches)
    if not images:
        msg = "none of the pages it is about could be read"
        raise NothingRead(msg)
    if not batches:
        return AnswerReading(is_answerable=False), ()
    try:
        return await _ask(line, question, batches[0])
    except (BackendError, CompletionError) as error:
        return await _ask_of_less(line, question, batches[0], error)


async def _ask_of_less(line: Line, question: Question, batch: Batch, error: LongreadError) -> tuple[AnswerReading, tuple[Evidence, ...]]:
    """Ask each half of the pages what it contributes, and then the pages that do."""
    if len(batch.images) == 1 or not await ladder.smaller_may_help(line, error):
        raise error
    middle = len(batch.images) // 2
    halves = (*line.batches(batch.images[:middle]), *line.batches(batch.images[middle:]))
    evidence = await _evidence_batch(line, question, halves)
    if not evidence:
        return AnswerReading(is_answerable=False), ()
    if set(evidence[0].images) == set(batch.images):
        raise error  # nothing was left out: the same question again
    return await _ask(line, question, evidence[0])


async def _evidence_batch(line: Line, question: Question, batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """Return one batch of the pages that the batches of the scope point to, the most useful first if not all fit."""
    return evidence_batch(line, [evidence for batch in batches for evidence in await _findings(line, question, batch)])


def evidence_batch(line: Line, found: Iterable[Evidence], spare: int = 0) -> tuple[Batch, ...]:
    """Return one batch of the pages that evidence points to, the first ones if not all fit, at reading resolution; none without any."""
    room = line.capacity - spare
    chosen: dict[tuple[str, int], PageImage] = {}
    for evidence in found:
        page = line.documents[evidence.doc_id].page(evidence.page_no)
        image = line.image(evidence.doc_id, evidence.page_no, read_dpi(page))
        cost = image.tokens + line.price.per_image + line.price.per_document
        if (evidence.doc_id, evidence.page_no) not in chosen and cost <= room:
            chosen[evidence.doc_id, evidence.page_no] = image
            room -= cost
    order = {doc_id: number for number, doc_id in enumerate(line.documents)}
    return line.batches(sorted(chosen.values(), key=lambda image: (order[image.doc_id], image.page_no)), spare)


async def _findings(line: Line, question: Question, batch: Batch) -> list[Evidence]:
    completion, found = await ladder.ask(line, prompt.finding(line.served, batch, question), partial(parse.read, model=Findings))
    return [*_grounded(line, completion, batch, found.evidence)]


async def _ask(line: Line, question: Question, batch: Batch) -> tuple[AnswerReading, tuple[Evidence, ...]]:
    request = prompt.answer(line.served, batch, question, thinking=line.job.profile == "thorough")
    completion, reading = await ladder.ask(line, request, partial(parse.read, model=AnswerReading))
    cited = tuple(_grounded(line, completion, batch, reading.evidence))
    if reading.is_answerable and not cited:
        error = Ungrounded(f"the answer to question {question.id} ({reading.text}) cites no page, so it does not count")
        line.ledger.fail("parse", error, finish_reason=completion.finish_reason)
        return AnswerReading(is_answerable=False), ()
    return reading, cited if reading.is_answerable else ()


def _grounded(line: Line, completion: Completion, batch: Batch, cited: Iterable[CitedEvidence]) -> Iterable[Evidence]:
    """Yield the citations of pages that were shown; one of an invented page is recorded and left out."""
    shown = {(image.doc_id, image.page_no) for image in batch.images}
    documents = prompt.document_numbers(batch)
    for citation in cited:
        try:
            yield parse.evidence(citation, documents, shown)
        except Ungrounded as error:
            line.ledger.fail("parse", error, batch_id=batch.batch_id, finish_reason=completion.finish_reason)


async def _verified(line: Line, evidence: Evidence) -> Evidence:
    words = (await line.words(evidence.doc_id, [evidence.page_no])).get(evidence.page_no, ())
    if words or not evidence.box:
        return verify.verify_evidence(evidence, words)
    try:
        lines = await transcript(line, evidence.doc_id, evidence.page_no, evidence.box)
    except LongreadError as error:
        line.ledger.fail("verify", error, doc_id=evidence.doc_id, page_no=evidence.page_no)
        return evidence
    return verify.verify_evidence(evidence.model_copy(update={"box": None}), verify.words_of(lines), "reread").model_copy(
        update={"box": evidence.box}
    )
