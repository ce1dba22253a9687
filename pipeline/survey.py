"""The survey of one batch: which tables and charts are on which page. A reply that cannot be used splits the work; it never loses it.

The ladder: a cut reply keeps its whole pages and the rest is asked again; pages it left out are asked again; a reply that is no use is
asked again warmer, then for half of the pages at a time; so is a request that a living server fails to answer; a single page is then
shown in two halves, and one that still fails becomes a failure.

A page whose numbers, as read, disagree with its text layer was shown too coarse: it is surveyed again finer, as long as that helps.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from pipeline import halves, ladder, parse, plan, prompt, verify
from pipeline.line import Line
from schemas.batch import Batch, PageImage
from schemas.errors import CompletionError, LongreadError, Malformed, PagesLost, Truncated
from schemas.extraction import Survey
from schemas.failure import Stage
from schemas.located import SurveyedPage
from schemas.message import Completion

_PAGE_IN_STREAM = '"kind"'
LEGIBLE = 0.9
"""Share of the numbers read on a page that its text layer must have; of eight, each."""

PageKey = tuple[str, int]


async def survey(line: Line, batch: Batch) -> tuple[SurveyedPage, ...]:
    """Return what is on the pages that the batch owns; pages that could not be surveyed are in the ledger."""
    owned = {(image.doc_id, image.page_no): image for segment in batch.segments for image in segment.owned}
    first = _Round(line, batch.batch_id, len(owned))
    pages = await _survey_batch(first, batch)
    line.ledger.count(batches_done=1)
    surveyed = {_key(page): page for page in pages if _key(page) in owned}
    if line.job.profile != "fast":
        surveyed |= await _finer_where_it_helps(line, batch.batch_id, [_Seen(page, owned[key]) for key, page in surveyed.items()])
    return tuple(surveyed.values())


class _Seen(NamedTuple):
    page: SurveyedPage
    image: PageImage
    legible: float = -1.0


async def _finer_where_it_helps(line: Line, batch_id: str, seen: Sequence[_Seen]) -> dict[PageKey, SurveyedPage]:
    """Return the pages that are worth being shown finer, as they look then; the line remembers at which resolution."""
    found: dict[PageKey, SurveyedPage] = {}
    while seen:
        blurred = {}
        for page, image, legible in await _judged(line, seen):
            finer = plan.finer(line.documents[image.doc_id], image, line.limits)
            if legible < LEGIBLE and finer:
                blurred[_key(page)] = _Seen(page, finer, legible)
        looked = await _survey(_Round(line, batch_id, is_second_look=True), [again.image for again in blurred.values()])
        better = [_Seen(page, blurred[_key(page)].image, blurred[_key(page)].legible) for page in looked]
        seen = [now for now, before in zip(await _judged(line, better), better, strict=True) if now.legible > before.legible]
        found |= {_key(now.page): now.page for now in seen}
        line.finer |= {_key(now.page): now.image for now in seen}
    return found


async def _judged(line: Line, seen: Sequence[_Seen]) -> list[_Seen]:
    """Return the pages with the share of their numbers that agrees with the text layer; 1 where nothing can be compared."""
    with_numbers: dict[str, list[int]] = {}
    for item in seen:
        if item.page.numbers:
            with_numbers.setdefault(item.page.doc_id, []).append(item.page.page_no)
    words = {doc_id: await line.words(doc_id, page_nos) for doc_id, page_nos in with_numbers.items()}
    shares = [verify.share_legible(page.numbers, words.get(page.doc_id, {}).get(page.page_no, ())) for page, _, _ in seen]
    return [item._replace(legible=1.0 if share is None else share) for item, share in zip(seen, shares, strict=True)]


class _Round:
    """One look at pages. Counts them as they stream past, so that a batch of a hundred pages shows progress; never more than there are.

    At a second look nothing is counted, and nothing fails: the first one stands.
    """

    def __init__(self, line: Line, batch_id: str, pages: int = 0, *, is_second_look: bool = False) -> None:
        self.line = line
        self.batch_id = batch_id
        self._left = pages
        self._tail = ""
        self._is_second_look = is_second_look

    def __call__(self, text: str) -> None:
        seen = self._tail + text
        self._add(seen.count(_PAGE_IN_STREAM))
        self._tail = seen[-len(_PAGE_IN_STREAM) + 1 :]

    def finish(self) -> None:
        self._add(self._left)

    def fail(self, images: Sequence[PageImage], error: LongreadError) -> None:
        for image in images:
            self._fail_page((image.doc_id, image.page_no), "parse" if isinstance(error, CompletionError) else "complete", error)

    def lose(self, error: PagesLost) -> None:
        for page, reason in error.lost.items():
            self._fail_page(page, "rasterize", reason)

    def _fail_page(self, page: PageKey, stage: Stage, error: LongreadError) -> None:
        if not self._is_second_look:
            self.line.ledger.fail(stage, error, doc_id=page[0], page_no=page[1], batch_id=self.batch_id)

    def _add(self, pages: int) -> None:
        counted = min(self._left, pages)
        self._left -= counted
        if counted:
            self.line.ledger.count(pages_done=counted)


async def _survey(look: _Round, images: Sequence[PageImage]) -> tuple[SurveyedPage, ...]:
    found: list[SurveyedPage] = []
    for batch in look.line.batches(images):
        found += await _survey_batch(look, batch.model_copy(update={"batch_id": look.batch_id}))
    return tuple(found)


async def _survey_batch(look: _Round, batch: Batch) -> tuple[SurveyedPage, ...]:
    request = prompt.survey(look.line.served, batch)
    try:
        completion, found = await ladder.ask(look.line, request, partial(_parsed, batch=batch), look)
    except LongreadError as error:
        return await _recovered(look, batch.images, error)
    told = {_key(page) for page in found}
    missing = [image for image in batch.images if (image.doc_id, image.page_no) not in told]
    if not found:
        return await _halves(look, batch.images, _silence(completion))
    if missing:
        return (*found, *await _survey(look, missing))
    look.finish()
    return found


async def _recovered(look: _Round, images: Sequence[PageImage], error: LongreadError) -> tuple[SurveyedPage, ...]:
    """Return what can still be read of pages whose request failed."""
    if isinstance(error, PagesLost):
        look.lose(error)
        rest = [image for image in images if (image.doc_id, image.page_no) not in error.lost]
        return await _survey(look, rest)
    if await ladder.smaller_may_help(look.line, error):
        return await _halves(look, images, error)
    look.fail(images, error)
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


async def _halves(look: _Round, images: Sequence[PageImage], error: LongreadError) -> tuple[SurveyedPage, ...]:
    if len(images) == 1:
        return await _halves_of_page(look, images[0], error)
    middle = len(images) // 2
    return (*await _survey(look, images[:middle]), *await _survey(look, images[middle:]))


async def _halves_of_page(look: _Round, image: PageImage, error: LongreadError) -> tuple[SurveyedPage, ...]:
    """Return the page as its upper and its lower half show it; nothing if one of them cannot be read either."""
    found: list[SurveyedPage] = []
    for half in ladder.halves_of_page():
        crop = look.line.image(image.doc_id, image.page_no, image.dpi, half)
        batch = look.line.batches([crop])[0].model_copy(update={"batch_id": look.batch_id})
        try:
            _, pages = await ladder.ask(look.line, prompt.survey(look.line.served, batch), partial(_parsed, batch=batch))
        except LongreadError:
            pages = ()  # the error of the whole page tells more
        found += [halves.of_half(page, half) for page in pages]
    if len(found) < 2:
        look.fail([image], error)
        return ()
    return (halves.joined(found[0], found[1]),)


def _key(page: SurveyedPage) -> PageKey:
    return page.doc_id, page.page_no


def _silence(completion: Completion) -> Malformed:
    return Malformed(f"the reply to request {completion.request_id} reports none of the pages shown")
