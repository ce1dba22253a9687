"""What planning counts is what a real server counts, for every kind of request; and the pages of a batch are paid for once."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import prompt
from pipeline.checkpoint import Checkpoint
from pipeline.line import open_backend
from pipeline.open import open_document
from pipeline.pack import Pages, Price, pack
from pipeline.plan import page_image, read_dpi, survey_images
from pipeline.prompt import Crop, Served
from pipeline.rasterize import rasterize
from schemas.batch import Batch, PageImage
from schemas.document import Box, Document, Source
from schemas.message import Completion, Request
from schemas.settings import Job, Question, Settings
from tests.server.processes import Running

QUESTIONS = tuple(Question(id=str(number), question=text) for number, text in enumerate(("What is shown?", "How many?", "Since when?")))
UPPER, LOWER = Box(x0=0.05, y0=0.05, x1=0.95, y1=0.3), Box(x0=0.1, y0=0.5, x1=0.9, y1=0.7)


@pytest.fixture(scope="module")
def documents(samples: Path) -> list[Document]:
    paths = [samples / name for name in ("tide-gauge-paper.pdf", "inspection-scan.pdf")]
    return [open_document(Source(uri=str(path), filename=path.name), str(path), 10**9, 1000) for path in paths]


def sent(server: Running, checkpoint: Checkpoint, documents: list[Document], make: Callable[[Served], list[Request]]) -> list[Any]:
    """Send what `make` writes one after the other; return pairs of request and completion."""
    paths = {document.doc_id: document.path for document in documents}

    async def complete() -> list[tuple[Request, Completion]]:
        pairs = []
        async with open_backend(Job(sources=("-",), backend=server.url), Settings(attempts=2)) as backend:
            model = (await backend.card()).model
            for request in make(Served(model, "test", 1, count=checkpoint.text_tokens)):
                drawn = [rasterize(paths[image.doc_id], image, "mupdf")[0] for image in request.images]
                pairs.append((request, await backend.complete(request, drawn, lambda _: None)))
        return pairs

    return asyncio.run(complete())


def image(document: Document, page_no: int, checkpoint: Checkpoint, crop: Box | None = None) -> PageImage:
    page = document.page(page_no)
    return page_image(document, page, read_dpi(page), checkpoint.image_limits, crop)


def batch(documents: list[Document], images: Callable[[Document], list[PageImage]]) -> Batch:
    (only,) = pack([Pages(document.filename, images(document)) for document in documents], 100_000, Price(20, 50))
    return only


def shortened(document: Document, checkpoint: Checkpoint) -> list[PageImage]:
    return [*survey_images(document, checkpoint.image_limits)][:2]


@pytest.mark.parametrize("server", ["sglang_moe", "sglang_dense"])
def test_every_kind_of_request_is_counted_to_the_token(
    server: str, checkpoints: dict[str, Path], documents: list[Document], request: pytest.FixtureRequest
) -> None:
    checkpoint = Checkpoint(checkpoints[server.removeprefix("sglang_")])
    paper, scan = documents

    def make(served: Served) -> list[Request]:
        surveyed = batch(documents, lambda document: shortened(document, checkpoint))
        joint = batch(documents, lambda document: [image(document, 1, checkpoint)])
        parts = [Crop(image(paper, number, checkpoint, LOWER), UPPER) for number in (2, 3)]
        small = [Crop(image(paper, 1, checkpoint, UPPER), LOWER), Crop(image(scan, 2, checkpoint, LOWER), UPPER)]
        return [
            prompt.survey(served, surveyed),
            prompt.table(served, parts),
            prompt.table(served, parts, from_row=12),
            prompt.tables(served, small),
            prompt.chart(served, small[0]),
            prompt.verify(served, small[1]),
            prompt.finding(served, surveyed, QUESTIONS),
            prompt.answer(served, joint, QUESTIONS[0], thinking=False),
            prompt.answer(served, joint, QUESTIONS[1], thinking=True),
        ]

    for asked, completion in sent(request.getfixturevalue(server), checkpoint, documents, make):
        assert completion.usage.image_tokens == asked.image_tokens, asked.kind
        assert completion.usage.prompt_tokens == checkpoint.prompt_tokens(asked), asked.kind


def test_the_pages_of_a_batch_are_paid_for_once(sglang_moe: Running, checkpoints: dict[str, Path], documents: list[Document]) -> None:
    checkpoint = Checkpoint(checkpoints["moe"])

    def make(served: Served) -> list[Request]:
        surveyed = batch(documents, lambda document: shortened(document, checkpoint))
        return [prompt.survey(served, surveyed), *(prompt.answer(served, surveyed, question, thinking=False) for question in QUESTIONS)]

    _, *questions = sent(sglang_moe, checkpoint, documents, make)
    asked_before = questions[0][0]
    for asked, completion in questions:
        after_pages = checkpoint.text_tokens(asked.parts[-1].text) if asked is asked_before else 60
        assert completion.usage.cached_tokens >= 0.95 * (completion.usage.prompt_tokens - after_pages)


def test_a_continued_table_pays_for_its_crops_once(sglang_moe: Running, checkpoints: dict[str, Path], documents: list[Document]) -> None:
    checkpoint = Checkpoint(checkpoints["moe"])

    def make(served: Served) -> list[Request]:
        parts = [Crop(image(documents[0], number, checkpoint, UPPER), LOWER) for number in (4, 5)]
        return [prompt.table(served, parts, from_row=row) for row in (0, 40, 80)]

    _, *continued = sent(sglang_moe, checkpoint, documents, make)
    assert min(completion.usage.cached_tokens / completion.usage.prompt_tokens for _, completion in continued) >= 0.95
