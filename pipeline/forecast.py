"""The requests that a run will send, before anything is located, rasterized or sent.

Survey and questions are packed as the run packs them. What the survey will find and the questions will cite is estimated: each number here
that is no arithmetic is an assumption with a name, and docs/scale.md compares them with runs.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from pipeline.answer import scope_of
from pipeline.bound import lower_bound
from pipeline.crops import MOST_TOGETHER, Cost, together
from pipeline.fields import Unread
from pipeline.line import Line, price_of, text_count
from pipeline.pack import pack
from pipeline.plan import page_image, read_dpi, survey_dpi, survey_images
from pipeline.probable import Site, probable_sites
from pipeline.prompt import asked_together, fixed_cost, instruction_cost
from pipeline.tokens import TextCount
from pipeline.windows import Pages, Price, pages_of
from schemas.batch import Batch, PageImage
from schemas.document import Box, Document, NumberBand, Page
from schemas.errors import SettingsError
from schemas.message import RequestKind
from schemas.preset import ImageLimits
from schemas.settings import Job, Profile, Question, Settings

BYTES_PER_TOKEN = 4
"""Of the text in requests, where no tokenizer is at hand: English and JSON."""
PRINT_BYTES_PER_PIXEL, SCAN_BYTES_PER_PIXEL = 0.14, 0.35
"""Of a page image as PNG, with a text layer and without one."""
REPLY_TOKENS_PER_PAGE = 40
REPLY_TOKENS_PER_SITE = 40
REPLY_TOKENS_PER_CELL = 20
REPLY_TOKENS_PER_READING = 120
REPLY_TOKENS_PER_ANSWER = 150
REPLY_TOKENS_PER_TRANSCRIPT = 100
REPLY_TOKENS_PER_FIELDS = 1_000
"""Of a user's schema; arrays may take many more."""
THINKING_TOKENS = 2_000
"""Of an answer of the profile thorough."""
CITED_PAGES_PER_FINDING = 2
CROP_MARGIN = 0.04
TRANSCRIPT_BAND = NumberBand(0.4, 0.44, 0)
"""A second look at evidence: a crop of about a line with its margins."""


class Terms(NamedTuple):
    """What the planned requests depend on besides documents and questions."""

    limits: ImageLimits
    capacity: int
    price: Price
    count: TextCount
    """Tokens of a text, as estimated."""
    most_output: int
    most_images: int | None = None
    profile: Profile = "balanced"
    reads: bool = True
    """Whether tables or charts are asked for."""


class PlannedRequest(NamedTuple):
    """One request."""

    kind: RequestKind
    page_set: str
    """Requests of the same one share all of their pages."""
    shown: dict[str, int]
    """Image tokens by doc_id."""
    n_images: int
    image_bytes: int
    page_tokens: int
    """From the beginning of the prompt to the end of its pages."""
    prompt_tokens: int
    cached_tokens: int
    """Of the prompt, what an earlier request begins with."""
    output_tokens: int

    @property
    def image_tokens(self) -> int:
        """Image tokens of all images."""
        return sum(self.shown.values())


class Forecast(NamedTuple):
    """All requests in the order in which they are sent."""

    batches: tuple[Batch, ...]
    lower_bound: int
    """Batches of the survey, at least."""
    sites: dict[str, int]
    """Estimated number of tables and charts by doc_id."""
    requests: tuple[PlannedRequest, ...]


def terms_of_job(job: Job, settings: Settings) -> Terms:
    """Return the terms of a job whose server takes the full context."""
    bound = text_count(job)
    most_output = min(settings.max_output_tokens, settings.context_tokens // 4)
    return Terms(
        limits=job.image_limits,
        capacity=settings.context_tokens - most_output - fixed_cost(bound),
        price=price_of(bound),
        count=bound if job.checkpoint else estimated_text_tokens,
        most_output=most_output,
        profile=job.profile,
        reads=bool({"tables", "charts"} & {*job.tasks}),
    )


def terms_of_line(line: Line) -> Terms:
    """Return the terms of a run whose server is known."""
    return terms_of_job(line.job, line.settings)._replace(
        limits=line.limits,
        capacity=line.capacity,
        price=line.price,
        most_output=line.served.max_tokens,
        most_images=line.card.limits.most_images,
    )


def estimated_text_tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    return math.ceil(len(text.encode()) / BYTES_PER_TOKEN)


def scopes(questions: Iterable[Question], documents: Sequence[Document]) -> Iterator[tuple[Question, tuple[str, ...]]]:
    """Yield each question with its scope; one that names an unknown document costs nothing, and the run reports it."""
    for question in questions:
        with suppress(SettingsError):
            yield question, scope_of(question, documents)


def forecast(
    documents: Sequence[Document],
    asked: Iterable[tuple[Question, Sequence[str]]],
    known: Iterable[Document],
    terms: Terms,
    unread: Iterable[Unread] = (),
) -> Forecast:
    """Return the requests that survey and read the documents, ask each question of its scope, doc_ids of `known`, and fill in schemas.

    Raises:
        BudgetError: one page alone is over the capacity.
    """
    asked = [*asked]
    batches = _packed(documents, terms, [scope for _, scope in asked])
    by_id = {document.doc_id: document for document in (*known, *documents)}
    sites = {document.doc_id: tuple(probable_sites(document.pages)) if terms.reads else () for document in documents}
    planned = _Planned(terms, by_id)
    surveys = [planned.of_pages("survey", batch, _survey_reply(batch, sites)) for batch in batches]
    reads = [request for document in documents for request in _reads(planned, document, sites[document.doc_id])]
    answers = [request for questions, scope in _by_scope(asked) for request in _asks(planned, questions, [by_id[i] for i in scope])]
    return Forecast(
        batches=batches,
        lower_bound=lower_bound(_pages(documents, terms), terms.capacity, terms.price, terms.most_images),
        sites={doc_id: len(found) for doc_id, found in sites.items()},
        requests=(*surveys, *reads, *answers, *(request for one in unread for request in _fills(planned, one, by_id))),
    )


def _by_scope(asked: Iterable[tuple[Question, Sequence[str]]]) -> Iterator[tuple[list[Question], tuple[str, ...]]]:
    """Yield the questions of each scope together, in the order in which a run asks them."""
    scoped = [(question, tuple(scope)) for question, scope in asked]
    order = {scope: number for number, scope in enumerate(dict.fromkeys(scope for _, scope in scoped))}
    for scope, group in groupby(sorted(scoped, key=lambda pair: order[pair[1]]), key=lambda pair: pair[1]):
        yield [question for question, _ in group], scope


def _packed(documents: Iterable[Document], terms: Terms, joined: Iterable[Iterable[str]] = ()) -> tuple[Batch, ...]:
    return pack(_pages(documents, terms), terms.capacity, terms.price, terms.most_images, joined)


def _pages(documents: Iterable[Document], terms: Terms) -> list[Pages]:
    return [pages_of(document, survey_images(document, terms.limits)) for document in documents]


def _survey_reply(batch: Batch, sites: dict[str, tuple[Site, ...]]) -> int:
    shown = {(image.doc_id, image.page_no) for image in batch.images}
    found = sum((doc_id, page.page_no) in shown for doc_id in {*batch.doc_ids} for site in sites[doc_id] for page, _ in site.parts)
    return len(batch.images) * REPLY_TOKENS_PER_PAGE + found * REPLY_TOKENS_PER_SITE


def _reads(planned: "_Planned", document: Document, sites: Sequence[Site]) -> Iterator[PlannedRequest]:
    """Yield the requests for the sites of a document, small ones together."""
    terms = planned.terms
    costs = [_cost(document, site, terms) for site in sites]
    for group in together(costs, Cost(terms.capacity, terms.most_output // 2), terms.most_images or MOST_TOGETHER):
        if len(group) == 1:
            yield from _read(planned, document, sites[group[0]])
            continue
        images = [_crop(document, *sites[number].parts[0], terms) for number in group]
        yield planned.of_crops("tables", images, sum(costs[number].reply_tokens for number in group))


def _cost(document: Document, site: Site, terms: Terms) -> Cost:
    if len(site.parts) > 1:
        return Cost(terms.capacity, terms.most_output)
    crop = _crop(document, *site.parts[0], terms)
    return Cost(crop.tokens + 2 * terms.price.per_image, _reply(site))


def _reply(site: Site) -> int:
    return REPLY_TOKENS_PER_READING + site.n_cells * REPLY_TOKENS_PER_CELL


def _read(planned: "_Planned", document: Document, site: Site) -> Iterator[PlannedRequest]:
    """Yield the requests for one site: one for every chunk that fits, and more where a reply does not hold its rows."""
    terms = planned.terms
    for images in _chunks([_crop(document, page, band, terms) for page, band in site.parts], terms):
        part = math.ceil(_reply(site) * len(images) / len(site.parts))
        replies = math.ceil(part / terms.most_output)
        for _ in range(replies):
            yield planned.of_crops("table", images, math.ceil(part / replies))
    if terms.profile == "thorough":
        for page, band in site.parts:
            if not page.text_layer_chars:
                yield planned.of_crops("verify", [_crop(document, page, band, terms)], band.n_cells * REPLY_TOKENS_PER_CELL // 2)


def _asks(planned: "_Planned", questions: Sequence[Question], documents: Sequence[Document]) -> Iterator[PlannedRequest]:
    """Yield the requests for questions of one scope: directly, or a finding for every batch and a joint one over the pages cited."""
    terms = planned.terms
    batches = _packed(documents, terms)
    joint = _joint(documents, batches, terms) if len(batches) > 1 else batches
    reply = REPLY_TOKENS_PER_ANSWER + (THINKING_TOKENS if terms.profile == "thorough" else 0)
    for group in asked_together(questions) if len(batches) > 1 else ():
        for batch in batches:
            text = "\n".join(question.question for question in group)
            yield planned.of_pages("finding", batch, len(group) * REPLY_TOKENS_PER_ANSWER, text)
    for question in questions:
        for batch in joint[:1]:
            yield planned.of_pages("answer", batch, reply, question.question)
            if not any(document.has_text_layer for document in documents):
                first = documents[0]
                crop = _crop(first, first.pages[0], TRANSCRIPT_BAND, terms)
                yield planned.of_crops("verify", [crop], REPLY_TOKENS_PER_TRANSCRIPT)


def _fills(planned: "_Planned", unread: Unread, documents: Mapping[str, Document]) -> Iterator[PlannedRequest]:
    """Yield the requests for the fields of a schema: one for every batch of the scope, and a joint one if there are several."""
    terms, scope = planned.terms, [documents[doc_id] for doc_id in unread.doc_ids]
    batches = _packed(scope, terms)
    for batch in (*batches, *(_joint(scope, batches, terms)[:1] if len(batches) > 1 else ())):
        yield planned.of_pages("fields", batch, REPLY_TOKENS_PER_FIELDS, unread.reply_schema)


def _joint(documents: Iterable[Document], batches: Sequence[Batch], terms: Terms) -> tuple[Batch, ...]:
    """Return the batch of the pages that the findings are taken to cite: some of each, as many as fit."""
    by_id = {document.doc_id: document for document in documents}
    cited: dict[tuple[str, int], PageImage] = {}
    room = terms.capacity
    for batch in batches:
        for image in batch.images[:: max(1, len(batch.images) // CITED_PAGES_PER_FINDING)][:CITED_PAGES_PER_FINDING]:
            document = by_id[image.doc_id]
            page = document.page(image.page_no)
            finer = page_image(document, page, read_dpi(page), terms.limits)
            cost = finer.tokens + terms.price.per_image + terms.price.per_document
            if (image.doc_id, image.page_no) not in cited and cost <= room:
                cited[image.doc_id, image.page_no] = finer
                room -= cost
    pages = [pages_of(document, [image for image in cited.values() if image.doc_id == document.doc_id]) for document in by_id.values()]
    return pack(pages, terms.capacity, terms.price, terms.most_images)


def _crop(document: Document, page: Page, band: NumberBand, terms: Terms) -> PageImage:
    dpi = survey_dpi(page) if terms.profile == "fast" else read_dpi(page)
    box = Box(x0=0, y0=band.y0, x1=1, y1=band.y1).grown(0, CROP_MARGIN)
    return page_image(document, page, dpi, terms.limits, box)


def _chunks(images: Sequence[PageImage], terms: Terms) -> Iterator[list[PageImage]]:
    chunk: list[PageImage] = []
    for image in images:
        if chunk and sum(each.tokens + 2 * terms.price.per_image for each in [*chunk, image]) > terms.capacity:
            yield chunk
            chunk = []
        chunk.append(image)
    yield chunk


class _Planned:
    """Makes planned requests in the order of sending, and remembers what they begin with."""

    def __init__(self, terms: Terms, documents: Mapping[str, Document]) -> None:
        self.terms = terms
        self._documents = documents
        self._per_image = price_of(terms.count).per_image
        self._per_document = terms.count("[doc 1: annual-report-2023.pdf]")
        self._text = lru_cache(partial(instruction_cost, count=terms.count))
        self._shown: dict[str, tuple[str, int]] = {}
        self._begun: set[str] = set()

    def of_pages(self, kind: RequestKind, batch: Batch, output_tokens: int, text: str = "") -> PlannedRequest:
        """Return the request that shows a batch; `text` is its question or schema."""
        known = self._shown.get(batch.batch_id)
        page_set, pages, cached = (*known, known[1]) if known else self._new(batch)
        after = self._text(kind) + self.terms.count(text)
        return self._request(kind, page_set, batch.images, pages, after, cached, output_tokens)

    def _new(self, batch: Batch) -> tuple[str, int, int]:
        """Return page set, tokens and cached tokens of a batch that no request has shown yet: its first pages may have been."""
        digest, total, cached = "", self._text("system"), 0
        for number, segment in enumerate(batch.segments, start=1):
            total += self._per_document
            for image in segment.images:
                total += image.tokens + self._per_image
                seen = f"{digest}|{number}|{image.doc_id}:{image.page_no}:{image.width}x{image.height}"
                digest = hashlib.sha256(seen.encode()).hexdigest()[:16]
                cached = total if digest in self._begun else cached
                self._begun.add(digest)
        self._shown[batch.batch_id] = digest, total
        return digest, total, cached

    def of_crops(self, kind: RequestKind, images: Sequence[PageImage], output_tokens: int) -> PlannedRequest:
        """Return the request that shows crops, after its instruction; a continued reply begins like the one before."""
        page_set = hashlib.sha256("|".join(image.model_dump_json() for image in images).encode()).hexdigest()[:16]
        instruction = self._text("system") + self._text(kind)
        pages = instruction + sum(image.tokens + self._per_image for image in images)
        cached = pages if page_set in self._begun else instruction if kind in self._begun else 0
        self._begun |= {page_set, kind}
        return self._request(kind, page_set, images, pages, 0, cached, output_tokens)

    def _request(
        self, kind: RequestKind, page_set: str, images: Sequence[PageImage], pages: int, text: int, cached: int, output_tokens: int
    ) -> PlannedRequest:
        shown: dict[str, int] = {}
        for image in images:
            shown[image.doc_id] = shown.get(image.doc_id, 0) + image.tokens
        image_bytes = round(sum(map(self._bytes, images)))
        return PlannedRequest(kind, page_set, shown, len(images), image_bytes, pages, pages + text, cached, output_tokens)

    def _bytes(self, image: PageImage) -> float:
        page = self._documents[image.doc_id].page(image.page_no)
        return image.width * image.height * (PRINT_BYTES_PER_PIXEL if page.text_layer_chars else SCAN_BYTES_PER_PIXEL)
