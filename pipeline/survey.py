"""The survey of one batch: which tables and charts are on which page. A reply that cannot be used splits the work; it never loses it.

The ladder: a cut reply keeps its whole pages and the rest is asked again; pages it left out are asked again; a reply that is no use is
asked again warmer, then for half of the pages at a time; so is a request that a living server fails to answer; a single page that still
fails becomes a failure.
"""

from collections.abc import Sequence

from pipeline import parse, prompt
from pipeline.line import Line
from schemas.batch import Batch, PageImage
from schemas.errors import BackendError, CompletionError, ContextExceeded, LongreadError, Malformed, PagesLost, Truncated
from schemas.extraction import Survey
from schemas.failure import Stage
from schemas.located import SurveyedPage
from schemas.message import Completion, Request, Sampling

WARMER = Sampling(temperature=0.4, top_p=0.9, top_k=50)
_PAGE_IN_STREAM = '"kind"'


async def survey(line: Line, batch: Batch) -> tuple[SurveyedPage, ...]:
    """Return what is on the pages that the batch owns; pages that could not be surveyed are in the ledger."""
    owned = {(image.doc_id, image.page_no) for segment in batch.segments for image in segment.owned}
    pages = await _survey(line, batch.images, batch.batch_id, _Counter(line, len(owned)))
    line.ledger.count(batches_done=1)
    return tuple(page for page in pages if (page.doc_id, page.page_no) in owned)


class _Counter:
    """Counts pages as they stream past, so that a batch of a hundred pages shows progress; never more than there are."""

    def __init__(self, line: Line, total: int) -> None:
        self._line = line
        self._left = total
        self._tail = ""

    def __call__(self, text: str) -> None:
        seen = self._tail + text
        self.add(seen.count(_PAGE_IN_STREAM))
        self._tail = seen[-len(_PAGE_IN_STREAM) + 1 :]

    def add(self, pages: int) -> None:
        counted = min(self._left, pages)
        self._left -= counted
        if counted:
            self._line.ledger.count(pages_done=counted)

    def finish(self) -> None:
        self.add(self._left)


async def _survey(line: Line, images: Sequence[PageImage], batch_id: str, counter: _Counter) -> tuple[SurveyedPage, ...]:
    batch = line.batches(images)[0].model_copy(update={"batch_id": batch_id})
    try:
        completion, found = await _ask(line, batch, counter)
    except LongreadError as error:
        return await _recovered(line, images, batch_id, error, counter)
    told = {(page.doc_id, page.page_no) for page in found}
    missing = [image for image in images if (image.doc_id, image.page_no) not in told]
    if not found:
        return await _halves(line, images, batch_id, _silence(completion), counter)
    if missing:
        return (*found, *await _survey(line, missing, batch_id, counter))
    counter.finish()
    return found


async def _recovered(
    line: Line, images: Sequence[PageImage], batch_id: str, error: LongreadError, counter: _Counter
) -> tuple[SurveyedPage, ...]:
    """Return what can still be read of pages whose request failed."""
    if isinstance(error, PagesLost):
        for (doc_id, page_no), reason in error.lost.items():
            line.ledger.fail("rasterize", reason, doc_id=doc_id, page_no=page_no, batch_id=batch_id)
        rest = [image for image in images if (image.doc_id, image.page_no) not in error.lost]
        return await _survey(line, rest, batch_id, counter) if rest else ()
    # One page may bring the server's answer down; but a server that is gone would fail for every half as well.
    if isinstance(error, BackendError) and not isinstance(error, ContextExceeded) and not await line.is_served():
        _fail(line, images, batch_id, "complete", error)
        return ()
    return await _halves(line, images, batch_id, error, counter)


async def _ask(line: Line, batch: Batch, counter: _Counter) -> tuple[Completion, tuple[SurveyedPage, ...]]:
    request = prompt.survey(line.served, batch)
    completion = await line.ask(request, counter)
    try:
        return completion, _parsed(completion, batch)
    except CompletionError:
        warmer: Request = request.model_copy(update={"sampling": WARMER})
        completion = await line.ask(warmer, counter)
        return completion, _parsed(completion, batch)


def _parsed(completion: Completion, batch: Batch) -> tuple[SurveyedPage, ...]:
    shown = {(image.doc_id, image.page_no) for image in batch.images}
    documents = prompt.document_numbers(batch)
    try:
        read = parse.read(completion, Survey)
    except Truncated:
        read = parse.salvage_survey(completion)
        if not read.pages:
            raise
    return parse.surveyed(read, documents, shown)


async def _halves(
    line: Line, images: Sequence[PageImage], batch_id: str, error: LongreadError, counter: _Counter
) -> tuple[SurveyedPage, ...]:
    if len(images) == 1:
        _fail(line, images, batch_id, "parse" if isinstance(error, CompletionError) else "complete", error)
        return ()
    middle = len(images) // 2
    first = await _survey(line, images[:middle], batch_id, counter)
    return (*first, *await _survey(line, images[middle:], batch_id, counter))


def _fail(line: Line, images: Sequence[PageImage], batch_id: str, stage: Stage, error: LongreadError) -> None:
    for image in images:
        line.ledger.fail(stage, error, doc_id=image.doc_id, page_no=image.page_no, batch_id=batch_id)


def _silence(completion: Completion) -> Malformed:
    return Malformed(f"the reply to request {completion.request_id} reports none of the pages shown")
