"""Worker processes survive what is thrown at them, and their memory does not grow with the document."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from pipeline.plan import page_image
from pipeline.rasterize import rasterize
from pipeline.workers import Workers
from schemas.document import Document, Page, Source
from schemas.errors import RasterizeCrash, RasterizeTimeout
from schemas.preset import ImageLimits
from schemas.settings import Settings

SETTINGS = Settings(workers=1)


def peak_mb() -> int:
    """The most memory this process ever held. `ru_maxrss` would be the parent's: it is inherited."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def sleep_long() -> None:
    time.sleep(60)


def crash() -> None:
    os.kill(os.getpid(), 11)


def take_memory() -> int:
    return len(bytearray(10**11))


def test_a_hang_costs_its_deadline_and_no_more() -> None:
    async def hang_then_work() -> tuple[float, int]:
        async with Workers(SETTINGS) as workers:
            await workers.call(30, "warm up", peak_mb)
            started = time.monotonic()
            with pytest.raises(RasterizeTimeout, match="page 1 took longer than 1 s"):
                await workers.call(1, "page 1", sleep_long)
            return time.monotonic() - started, await workers.call(30, "page 2", peak_mb)

    seconds, memory = asyncio.run(hang_then_work())
    assert seconds < 10
    assert memory > 0


@pytest.mark.parametrize("function", [crash, take_memory])
def test_a_crash_is_named_and_the_next_page_is_drawn(function: Callable[[], object]) -> None:
    async def crash_then_work() -> int:
        async with Workers(SETTINGS) as workers:
            with pytest.raises(RasterizeCrash, match="page 1"):
                await workers.call(30, "page 1", function)
            return await workers.call(30, "page 2", peak_mb)

    assert asyncio.run(crash_then_work()) > 0


def long_document(path: Path, pages: int) -> Document:
    with pymupdf.open() as file:
        for number in range(pages):
            page = file.new_page()
            picture = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 300, 300), 0)
            picture.set_rect(picture.irect, (number % 250, 10, 10))
            page.insert_image((50, 50, 350, 350), pixmap=picture)
            page.insert_text((72, 500), f"page {number} " * 8)
        file.save(path)
    source = Source(uri=str(path), filename=path.name)
    sizes = tuple(Page(page_no=number + 1, width_pt=595, height_pt=842) for number in range(pages))
    return Document(doc_id="d", path=str(path), sources=(source,), bytes=1, pages=sizes)


async def peak_after(document: Document) -> int:
    async with Workers(SETTINGS) as workers:
        for page in document.pages:
            image = page_image(document, page, 100, ImageLimits())
            await workers.call(60, "page", rasterize, document.path, image, "mupdf")
        return await workers.call(60, "peak", peak_mb)


def test_memory_does_not_grow_with_the_number_of_pages(tmp_path: Path) -> None:
    few = asyncio.run(peak_after(long_document(tmp_path / "few.pdf", 20)))
    many = asyncio.run(peak_after(long_document(tmp_path / "many.pdf", 220)))
    assert many - few < 20
