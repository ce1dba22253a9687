"""What all stages of one run share: the worker processes, the backend, the store, the ledger; and how a request is completed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cachetools import LRUCache

from pipeline.backend import Backend
from pipeline.backend.chat import connect
from pipeline.backend.transformers import TRANSFORMERS, in_process
from pipeline.canary import canary, insist, was_read
from pipeline.checkpoint import Checkpoint
from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.serve import embedded_server
from pipeline.ledger import Ledger
from pipeline.open import password_of
from pipeline.pace import Pace
from pipeline.pack import pack
from pipeline.plan import page_image, survey_images
from pipeline.presets import load_preset
from pipeline.prompt import Served, filename_cost, fixed_cost, marker_cost
from pipeline.rasterize import MUPDF_VERSION, layer_words, rasterize
from pipeline.store import Store
from pipeline.tokens import TextCount, text_tokens_bound
from pipeline.turns import Turns
from pipeline.windows import Price, pages_of
from pipeline.workers import Workers
from schemas.batch import Batch, PageImage
from schemas.document import Box, Document, Engine, LayerWord
from schemas.errors import BackendError, BudgetError, ContextExceeded, LongreadError, PagesLost
from schemas.message import Completion, ModelCard, Request, RequestLimits
from schemas.preset import GLM_46V, ImageLimits, preset_of
from schemas.settings import EMBEDDED, Job, Settings

SMALLEST_PAGE_TOKENS = 256
BYTES_PER_PIXEL = 0.5
"""Of a page image as PNG: 0.1 for gray text, 0.3 for colour, 1 and more for photographs; a request is weighed once it is drawn."""


class Line:
    """The open resources of one run."""

    def __init__(
        self, job: Job, settings: Settings, workers: Workers, backend: Backend, card: ModelCard, ledger: Ledger, pace: Pace
    ) -> None:
        self.job = job
        self.settings = settings
        self.workers = workers
        self.ledger = ledger
        self.card = card
        self.documents: dict[str, Document] = {}
        self.second_engine: dict[tuple[str, int], str] = {}
        self.finer: dict[tuple[str, int], PageImage] = {}
        """The images of pages (doc_id, page_no) that the survey found too coarse at first."""
        self.context = min(settings.context_tokens, card.max_model_len)
        self._checkpoint = Checkpoint(job.checkpoint) if job.checkpoint else None
        self.served = served_by(job, settings, card, self.context, self._checkpoint)
        self.price = price_of(self.served.count)
        self.capacity = self.context - self.served.max_tokens - fixed_cost(self.served.count)
        self.limits = _within(job.image_limits, self.capacity - self.price.per_image - self.price.per_document, card.limits)
        self._backend = backend
        self._store = Store(job.out / ".store" / "completions")
        self._pace = pace
        self._turns = Turns()
        # Many questions show the same pages; what was drawn lately is kept, up to a bound.
        self._images: LRUCache[PageImage, tuple[bytes, Engine]] = LRUCache(settings.image_memory_bytes, lambda drawn: len(drawn[0]))

    async def ask(self, request: Request, on_text: Callable[[str], None] = lambda _: None) -> Completion:
        """Return the completion of a request: from the store, or from the backend, and then it is in the store.

        Raises:
            PagesLost: some of its pages cannot be rasterized; nothing was sent.
            ContextExceeded: it is longer than the context; nothing was sent.
            BackendError: no completion came.
        """
        if self._checkpoint:
            request = request.model_copy(update={"expected_prompt_tokens": self._checkpoint.prompt_tokens(request)})
        completion = self._store.get(request.request_id)
        if completion is None:
            self._insist_that_it_fits(request)
            completion = await self._sent(request, on_text)
            self._store.put(completion)
        self.ledger.completed(request, completion)
        self.second_engine |= dict.fromkeys(completion.second_engine, "rasterized by poppler, the second engine")
        return completion

    async def _sent(self, request: Request, on_text: Callable[[str], None]) -> Completion:
        size = int(BYTES_PER_PIXEL * sum(image.width * image.height for image in request.images))
        async with self._turns.after_first(request.page_set) as started, self._pace.slot(size) as weigh:
            images = await self._rasterized(request.images)
            weigh(sum(len(encoded) for encoded, _ in images))

            def heard(text: str) -> None:
                started()
                on_text(text)

            began = time.monotonic()
            try:
                completion = await self._backend.complete(request, [encoded for encoded, _ in images], heard)
            except BackendError as error:
                self.ledger.gave_up(request, error, round(1000 * (time.monotonic() - began), 1))
                raise
        drawn = zip(request.images, images, strict=True)
        second = tuple((image.doc_id, image.page_no) for image, (_, engine) in drawn if engine != "mupdf")
        return completion.model_copy(update={"second_engine": second})

    def _insist_that_it_fits(self, request: Request) -> None:
        # A router counts refused requests as faults of the worker, and may take a healthy one out.
        total = request.expected_prompt_tokens + request.max_tokens
        if total > self.context:
            msg = f"a request of {total:,} tokens does not fit the context of {self.context:,}, and was not sent"
            raise ContextExceeded(msg)

    async def show_canary(self) -> None:
        """Show the backend a page of which everything is known, before anything is asked for that counts.

        Raises:
            BackendError: it does not answer, or answers without seeing.
        """
        request, page = canary(self.served, self.limits)
        completion = await self._backend.complete(request, [page], lambda _: None)
        insist(request, completion)
        if not was_read(completion):
            self.ledger.warn(
                "the model cannot read: it was shown a page with one large number and did not return it. Is it the right checkpoint? "
                "longread check tells more"
            )

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

    def survey_images(self, document: Document) -> tuple[PageImage, ...]:
        """Return the image of every page that is not blank, at which the survey found it legible."""
        return tuple(self.finer.get((image.doc_id, image.page_no), image) for image in survey_images(document, self.limits))

    def image(self, doc_id: str, page_no: int, dpi: float, crop: Box | None = None) -> PageImage:
        """Return the image of a page, or of a crop of it, at about `dpi`."""
        document = self.documents[doc_id]
        return page_image(document, document.page(page_no), dpi, self.limits, crop)

    def batches(self, images: Sequence[PageImage], spare: int = 0, together: Iterable[Iterable[str]] = ()) -> tuple[Batch, ...]:
        """Return the images packed into requests that leave `spare` tokens free; groups of documents in one request if they fit.

        Documents come in the order in which they first appear.
        """
        pages: dict[str, list[PageImage]] = {}
        for image in images:
            pages.setdefault(image.doc_id, []).append(image)
        shown = [pages_of(self.documents[doc_id], own) for doc_id, own in pages.items()]
        return pack(shown, self.capacity - spare, self.price, self.card.limits.most_images, together)

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
        most = self.card.limits.most_image_bytes
        return await self.workers.call(deadline, subject, rasterize, document.path, image, document.engine, password, most)


def text_count(job: Job) -> TextCount:
    """Return how the job's texts are counted: by its checkpoint's tokenizer, or from above by their bytes."""
    return Checkpoint(job.checkpoint).text_tokens if job.checkpoint else text_tokens_bound


def served_model(preset: str | None, checkpoint: Path | None) -> dict[str, Any]:
    """Return the fields of a `Job` that tell the served model: its preset by name or file, and its checkpoint's folder.

    Raises:
        SettingsError: one of them cannot be read.
    """
    told: dict[str, Any] = {}
    if preset:
        chosen = load_preset(preset)
        told |= {"preset": chosen, "image_limits": chosen.image_limits}
    if checkpoint:
        opened = Checkpoint(checkpoint)
        told |= {"checkpoint": checkpoint, "tokenizer_digest": opened.digest, "image_limits": opened.image_limits}
    return told


def price_of(count: TextCount) -> Price:
    """Return what an image and a document cost beyond the image tokens."""
    return Price(per_image=marker_cost(count), per_document=filename_cost(count))


def served_by(job: Job, settings: Settings, card: ModelCard, context: int, checkpoint: Checkpoint | None) -> Served:
    """Return what every request to the card's model has in common, in a context of so many tokens."""
    preset = job.preset or preset_of(card.model) or GLM_46V
    most = card.limits.most_output_tokens or settings.max_output_tokens
    return Served(
        model=card.model,
        rasterizer=MUPDF_VERSION,
        max_tokens=min(settings.max_output_tokens, most, context // 4),
        extraction=preset.extraction,
        thinking=preset.thinking,
        thinking_budget=min(preset.thinking_budget, settings.max_output_tokens // 2),
        count=checkpoint.text_tokens if checkpoint else text_tokens_bound,
    )


def _within(limits: ImageLimits, tokens: int, server: RequestLimits) -> ImageLimits:
    """Return limits under which one page takes no more than all tokens of a request, nor more than the server takes for an image.

    Raises:
        BudgetError: the context has no room for a page at all.
    """
    if tokens < SMALLEST_PAGE_TOKENS:
        msg = f"the server's context leaves {tokens:,} tokens for a page: serve the model with a longer one (--context-length)"
        raise BudgetError(msg)
    most = min(tokens, server.most_image_tokens or tokens)
    area = limits.temporal_patch_size * limits.factor**2 * most
    return limits.model_copy(update={"longest_edge": min(limits.longest_edge, area), "longest_side": server.most_image_side})


@asynccontextmanager
async def open_line(job: Job, settings: Settings, ledger: Ledger) -> AsyncIterator[Line]:
    """Yield the line of a run, its backend reached and its worker processes ready.

    Raises:
        BackendError: the backend is unusable.
    """
    pace = Pace(_most_requests(job, settings), settings.bytes_in_flight)
    async with open_backend(job, settings, pace) as backend, Workers(settings) as workers:
        card = await backend.card()
        if card.limits.most_requests:
            pace.at_most(card.limits.most_requests)
        yield Line(job, settings, workers, backend, card, ledger, pace)


def _most_requests(job: Job, settings: Settings) -> int:
    # The embedded reader reads as many images at a time as it has processes; more requests would only wait in memory.
    return min(settings.concurrency, 2 * settings.workers) if job.backend == EMBEDDED else settings.concurrency


@asynccontextmanager
async def open_backend(job: Job, settings: Settings, pace: Pace | None = None) -> AsyncIterator[Backend]:
    """Yield the job's backend; the embedded reader is started in this process, on a private Unix socket."""
    if job.backend.startswith(TRANSFORMERS):
        async with in_process(job.backend.removeprefix(TRANSFORMERS)) as model:
            yield model
        return
    if job.backend != EMBEDDED:
        async with connect(job.backend, settings, job.model, pace=pace) as backend:
            yield backend
        return
    async with (
        embedded_server(EmbeddedConfig(workers=settings.workers)) as endpoint,
        connect("embedded+http://embedded", settings, job.model, endpoint.uds, pace) as backend,
    ):
        yield backend
