"""The survey of one batch: which tables and charts are on which page. A reply that cannot be used splits the work; it never loses it.

The ladder: a cut reply keeps its whole pages and the rest is asked again; pages it left out are asked again; a reply that is no use is
asked again warmer, then for half of the pages at a time; so is a request that a living server fails to answer; a single page is then
shown in two halves, and one that still fails becomes a failure.
"""

from collections.abc import Sequence
from functools import partial

from pipeline import halves, ladder, parse, prompt
from pipeline.line import Line
from schemas.batch import Batch, PageImage
from schemas.errors import CompletionError, LongreadError, Malformed, PagesLost, Truncated
from schemas.extraction import Survey
from schemas.located import SurveyedPage
from schemas.message import Completion

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
        completion, found = await ladder.ask(line, prompt.survey(line.served, batch), partial(_parsed, batch=batch), counter)
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
    if await ladder.smaller_may_help(line, error):
        return await _halves(line, images, batch_id, error, counter)
    _fail(line, images, batch_id, error)
    return ()


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
        return await _halves_of_page(line, images[0], batch_id, error)
    middle = len(images) // 2
    first = await _survey(line, images[:middle], batch_id, counter)
    return (*first, *await _survey(line, images[middle:], batch_id, counter))


async def _halves_of_page(line: Line, image: PageImage, batch_id: str, error: LongreadError) -> tuple[SurveyedPage, ...]:
    """Return the page as its upper and its lower half show it; nothing if one of them cannot be read either."""
    found: list[SurveyedPage] = []
    for half in ladder.halves_of_page():
        crop = line.image(image.doc_id, image.page_no, image.dpi, half)
        batch = line.batches([crop])[0].model_copy(update={"batch_id": batch_id})
        try:
            _, pages = await ladder.ask(line, prompt.survey(line.served, batch), partial(_parsed, batch=batch))
        except LongreadError:
            pages = ()  # the error of the whole page tells more
        found += [halves.of_half(page, half) for page in pages]
    if len(found) < 2:
        _fail(line, [image], batch_id, error)
        return ()
    return (halves.joined(found[0], found[1]),)


def _fail(line: Line, images: Sequence[PageImage], batch_id: str, error: LongreadError) -> None:
    was_parsed = isinstance(error, CompletionError)
    for image in images:
        line.ledger.fail("parse" if was_parsed else "complete", error, doc_id=image.doc_id, page_no=image.page_no, batch_id=batch_id)


def _silence(completion: Completion) -> Malformed:
    return Malformed(f"the reply to request {completion.request_id} reports none of the pages shown")
