"""What all stages of one run share: the worker processes, the backend, the store, the ledger; and how a request is completed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from cachetools import LRUCache

from pipeline.backend import Backend, connect
from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.serve import embedded_server
from pipeline.ledger import Ledger
from pipeline.open import password_of
from pipeline.pack import Pages, Price, pack
from pipeline.plan import page_image
from pipeline.prompt import FILENAME_COST, MARKER_COST, Served, fixed_cost
from pipeline.rasterize import MUPDF_VERSION, layer_words, rasterize
from pipeline.store import Store
from pipeline.workers import Workers
from schemas.batch import Batch, PageImage
from schemas.document import Box, Document, Engine, LayerWord
from schemas.errors import BackendError, BudgetError, LongreadError, PagesLost
from schemas.message import Completion, ModelCard, Request
from schemas.preset import ImageLimits
from schemas.settings import EMBEDDED, Job, Settings

SMALLEST_PAGE_TOKENS = 256
PRICE = Price(per_image=MARKER_COST, per_document=FILENAME_COST)


class Line:
    """The open resources of one run."""

    def __init__(self, job: Job, settings: Settings, workers: Workers, backend: Backend, card: ModelCard, ledger: Ledger) -> None:
        self.job = job
        self.settings = settings
        self.workers = workers
        self.ledger = ledger
        self.documents: dict[str, Document] = {}
        self.second_engine: dict[tuple[str, int], str] = {}
        self.context = min(settings.context_tokens, card.max_model_len)
        self.served = Served(card.model, MUPDF_VERSION, min(settings.max_output_tokens, self.context // 4))
        self.capacity = self.context - self.served.max_tokens - fixed_cost()
        self.limits = _within(job.image_limits, self.capacity - PRICE.per_image - PRICE.per_document)
        self._backend = backend
        self._store = Store(job.out / ".store" / "completions")
        self._slots = asyncio.Semaphore(settings.concurrency)
        # Many questions show the same pages; what was drawn lately is kept, up to a bound.
        self._images: LRUCache[PageImage, tuple[bytes, Engine]] = LRUCache(settings.image_memory_bytes, lambda drawn: len(drawn[0]))

    async def ask(self, request: Request, on_text: Callable[[str], None] = lambda _: None) -> Completion:
        """Return the completion of a request: from the store, or from the backend, and then it is in the store.

        Raises:
            PagesLost: some of its pages cannot be rasterized; nothing was sent.
            BackendError: no completion came.
        """
        completion = self._store.get(request.request_id)
        if completion is None:
            async with self._slots:
                images = await self._rasterized(request.images)
                completion = await self._backend.complete(request, [encoded for encoded, _ in images], on_text)
            drawn = zip(request.images, images, strict=True)
            second = tuple((image.doc_id, image.page_no) for image, (_, engine) in drawn if engine != "mupdf")
            completion = completion.model_copy(update={"second_engine": second})
            self._store.put(completion)
        self.ledger.completed(request, completion)
        self.second_engine |= dict.fromkeys(completion.second_engine, "rasterized by poppler, the second engine")
        return completion

    async def is_served(self) -> bool:
        """Tell whether the backend still serves the model."""
        try:
            await self._backend.card()
        except BackendError:
            return False
        return True

    async def words(self, doc_id: str, page_nos: Iterable[int]) -> dict[int, tuple[LayerWord, ...]]:
        """Return the text layer of some pages of a document; none of pages whose text layer cannot be read."""
        document = self.documents[doc_id]
        wanted = tuple(sorted({number for number in page_nos if document.page(number).text_layer_chars}))
        if not wanted:
            return {}
        password = password_of(document.sources[0])
        try:
            return await self.workers.call(self.settings.open_deadline_s, document.filename, layer_words, document.path, wanted, password)
        except LongreadError as error:
            self.ledger.fail("verify", error, doc_id=doc_id)
            return {}

    def image(self, doc_id: str, page_no: int, dpi: float, crop: Box | None = None) -> PageImage:
        """Return the image of a page, or of a crop of it, at about `dpi`."""
        document = self.documents[doc_id]
        return page_image(document, document.page(page_no), dpi, self.limits, crop)

    def batches(self, images: Sequence[PageImage]) -> tuple[Batch, ...]:
        """Return the images packed into requests; documents in the order in which they first appear."""
        pages: dict[str, list[PageImage]] = {}
        for image in images:
            pages.setdefault(image.doc_id, []).append(image)
        return pack([Pages(self.documents[doc_id].filename, own) for doc_id, own in pages.items()], self.capacity, PRICE)

    async def _rasterized(self, images: Sequence[PageImage]) -> list[tuple[bytes, Engine]]:
        results = await asyncio.gather(*(self._page(image) for image in images), return_exceptions=True)
        lost = {}
        for image, result in zip(images, results, strict=True):
            if isinstance(result, LongreadError):
                lost[image.doc_id, image.page_no] = result
            elif isinstance(result, BaseException):
                raise result
        if lost:
            raise PagesLost(lost)
        return [result for result in results if isinstance(result, tuple)]

    async def _page(self, image: PageImage) -> tuple[bytes, Engine]:
        drawn = self._images.get(image)
        if drawn is None:
            drawn = self._images[image] = await self._drawn(image)
        return drawn

    async def _drawn(self, image: PageImage) -> tuple[bytes, Engine]:
        document = self.documents[image.doc_id]
        subject = f"page {image.page_no} of {document.filename}"
        deadline = self.settings.page_deadline_s
        password = password_of(document.sources[0])
        return await self.workers.call(deadline, subject, rasterize, document.path, image, document.engine, password)


def _within(limits: ImageLimits, tokens: int) -> ImageLimits:
    """Return limits under which one page never takes more than all tokens of a request.

    Raises:
        BudgetError: the context has no room for a page at all.
    """
    if tokens < SMALLEST_PAGE_TOKENS:
        msg = f"the server's context leaves {tokens:,} tokens for a page: serve the model with a longer one (--context-length)"
        raise BudgetError(msg)
    area = limits.temporal_patch_size * limits.factor**2 * tokens
    return limits.model_copy(update={"longest_edge": min(limits.longest_edge, area)})


@asynccontextmanager
async def open_line(job: Job, settings: Settings, ledger: Ledger) -> AsyncIterator[Line]:
    """Yield the line of a run, its backend reached and its worker processes ready.

    Raises:
        BackendError: the backend is unusable.
    """
    async with open_backend(job, settings) as backend, Workers(settings) as workers:
        yield Line(job, settings, workers, backend, await backend.card(), ledger)


@asynccontextmanager
async def open_backend(job: Job, settings: Settings) -> AsyncIterator[Backend]:
    """Yield the job's backend; the embedded reader is started in this process, on a private Unix socket."""
    if job.backend != EMBEDDED:
        async with connect(job.backend, settings, job.model) as backend:
            yield backend
        return
    async with (
        embedded_server(EmbeddedConfig(workers=settings.workers)) as endpoint,
        connect("http://embedded", settings, job.model, endpoint.uds) as backend,
    ):
        yield backend
