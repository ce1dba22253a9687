"""How fine must a page be: resolution against the numbers that are read, on real documents, and what escalating pays.

    python -m benchmarks.legibility read       reads the sampled pages at every resolution; goes on where it was stopped
    python -m benchmarks.legibility report     the curve, the rules, the plot; docs/legibility.md quotes it

The reader is the embedded one's OCR, a stand-in for GLM-4.6V; the truth is the text layer. A page is sampled if its layer has ten numbers
or more. Scans are made of sampled pages, drawn at 150 dpi with noise, turned a little and saved as JPEG, so that their truth is known.
"""

import io
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pymupdf
from PIL import Image, ImageFilter
from rich.progress import track

from benchmarks.corpus import CORPUS
from pipeline.embedded.ocr import read_lines
from pipeline.open import open_document
from pipeline.plan import page_image
from pipeline.rasterize import layer_words, rasterize
from schemas.document import Document, Page, Source
from schemas.preset import ImageLimits

RESOLUTIONS = (52, 60, 72, 84, 98, 116, 138, 166, 200)
PAGES_PER_DOCUMENT = 3
SCANS = 12
SCAN_DPI = 150
FEWEST_NUMBERS = 10
READINGS = Path("out/legibility.jsonl")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Sample(NamedTuple):
    """One page to read, and the numbers that its text layer has."""

    name: str
    kind: str
    document: Document
    page: Page
    truth: Counter[str]


def numbers(texts: Sequence[str]) -> Counter[str]:
    """Return the numbers in some texts, punctuation between digits kept."""
    return Counter(number for text in texts for number in _NUMBER.findall(text))


def samples(folder: Path) -> Iterator[Sample]:
    """Yield the sampled pages of the long documents, in an order that mixes them, and scans made of some."""
    chosen = [sample for path in sorted((CORPUS / "docs" / "pdf").glob("*.pdf")) for sample in _of_document(path)]
    random.Random(4).shuffle(chosen)
    scans = [_scan(sample, folder) for sample in chosen[:SCANS]]
    mixed = [*chosen, *scans]
    random.Random(5).shuffle(mixed)
    yield from mixed


def _of_document(path: Path) -> Iterator[Sample]:
    document = open_document(Source(uri=str(path), filename=path.name), str(path), 2**31, 20_000)
    order = [*document.pages]
    random.Random(path.name).shuffle(order)
    found = 0
    for page in order:
        truth = _truth(path, page)
        if truth.total() >= FEWEST_NUMBERS or not document.has_text_layer:
            found += 1
            yield Sample(f"{path.stem}:{page.page_no}", "text" if document.has_text_layer else "slides", document, page, truth)
        if found == PAGES_PER_DOCUMENT:
            return


def _truth(path: Path, page: Page) -> Counter[str]:
    words = layer_words(str(path), (page.page_no,))[page.page_no]
    inside = [word.text for word in words if 0 <= word.x0 < 1 and 0 <= word.y0 < 1 and (word.y1 - word.y0) * page.height_pt > 2]
    return numbers(inside)


def _scan(sample: Sample, folder: Path) -> Sample:
    """Return the page as a scanner would have left it: an image alone."""
    noise = np.random.default_rng(sample.page.page_no)
    with pymupdf.open(sample.document.path) as file:
        pixmap = file[sample.page.page_no - 1].get_pixmap(dpi=SCAN_DPI, colorspace=pymupdf.csGRAY)
        drawn = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    turned = drawn.filter(ImageFilter.GaussianBlur(0.6)).rotate(noise.uniform(-0.6, 0.6), fillcolor=255, resample=Image.Resampling.BICUBIC)
    grainy = np.clip(np.asarray(turned, float) + noise.normal(0, 10, (turned.height, turned.width)), 0, 255).astype(np.uint8)
    saved = io.BytesIO()
    Image.fromarray(grainy).save(saved, "JPEG", quality=70)
    path = folder / f"{sample.name.replace(':', '-')}.pdf"
    with pymupdf.open() as scanned:
        page = scanned.new_page(width=sample.page.width_pt, height=sample.page.height_pt)
        page.insert_image(page.rect, stream=saved.getvalue())
        scanned.save(path)
    document = open_document(Source(uri=str(path), filename=path.name), str(path), 2**31, 20_000)
    return Sample(f"scan:{sample.name}", "scan", document, document.pages[0], sample.truth)


def read() -> None:
    """Read every sample at every resolution and append what was read to the file of readings."""
    READINGS.parent.mkdir(exist_ok=True)
    done = {(row["name"], row["dpi"]) for row in readings()}
    # The OCR's caches grow by 30 MB a page: its process is replaced now and then.
    reader = ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=40)
    with TemporaryDirectory() as folder, READINGS.open("a") as out, reader:
        for sample in track([*samples(Path(folder))], "reading"):
            for dpi in RESOLUTIONS:
                if (sample.name, dpi) not in done:
                    out.write(json.dumps(reader.submit(_reading, sample, dpi).result()) + "\n")
                    out.flush()


def _reading(sample: Sample, dpi: int) -> dict[str, Any]:
    image = page_image(sample.document, sample.page, dpi, ImageLimits())
    encoded, _ = rasterize(sample.document.path, image, sample.document.engine)
    with Image.open(io.BytesIO(encoded)) as drawn:
        lines = read_lines(np.asarray(drawn.convert("RGB")))
    return {
        "name": sample.name,
        "kind": sample.kind,
        "dpi": dpi,
        "tokens": image.tokens,
        "font_size_pt": sample.page.font_size_pt,
        "image_dpi": sample.page.image_dpi,
        "truth": dict(sample.truth),
        "read": dict(numbers([line.text for line in lines])),
        "score": round(float(np.mean([line.score for line in lines])), 4) if lines else 0.0,
    }


def readings() -> list[dict[str, Any]]:
    """Return what was read so far."""
    return [json.loads(line) for line in READINGS.read_text().splitlines()] if READINGS.exists() else []


if __name__ == "__main__":
    read()
