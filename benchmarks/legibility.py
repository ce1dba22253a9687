"""How fine must a page be: resolution against the numbers that are read, on real documents, and what escalating pays.

    python -m benchmarks.legibility read       reads the sampled pages at every resolution; goes on where it was stopped
    python -m benchmarks.legibility land       reads them as a run surveys them
    python -m benchmarks.legibility_report     the curve, the rules, the plot; docs/legibility.md quotes it

The reader is the embedded one's OCR, a stand-in for GLM-4.6V; the truth is the text layer. A page is sampled if its layer has ten numbers
or more. Scans are made of sampled pages, drawn at 150 dpi with noise, turned a little and saved as JPEG, so that their truth is known. The
corpus' one slide deck has no layer, so the slides are those of the project's own samples.
"""

import io
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pymupdf
from PIL import Image, ImageFilter
from rich.progress import track

from benchmarks.corpus import CORPUS
from pipeline.embedded.layout import smallest_numbers
from pipeline.embedded.ocr import read_lines
from pipeline.embedded.reading import Line
from pipeline.open import open_document
from pipeline.plan import finer, page_image, survey_dpi
from pipeline.rasterize import layer_words, rasterize
from pipeline.survey import LEGIBLE
from pipeline.verify import share_legible
from schemas.batch import PageImage
from schemas.document import Document, LayerWord, Page, Source
from schemas.preset import ImageLimits

RESOLUTIONS = (52, 60, 72, 84, 98, 116, 138, 166, 200)
PAGES_PER_DOCUMENT = 3
SCANS = 12
SCAN_DPI = 150
FEWEST_NUMBERS = 10
READINGS = Path("out/legibility.jsonl")
LANDED = Path("out/legibility-landed.jsonl")
SCANNED = Path("out/legibility-scans")
SLIDES = Path("data/samples/product-review-slides.pdf")
SLIDES_SAMPLED = 6
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
    yield from (sample._replace(kind="slides") for sample in _of_document(SLIDES, SLIDES_SAMPLED))


def _of_document(path: Path, most: int = PAGES_PER_DOCUMENT) -> Iterator[Sample]:
    document = open_document(Source(uri=str(path), filename=path.name), str(path), 2**31, 20_000)
    order = [*document.pages]
    random.Random(path.name).shuffle(order)
    found = 0
    for page in order:
        truth = _truth(path, page)
        if truth.total() >= FEWEST_NUMBERS or not document.has_text_layer:
            found += 1
            yield Sample(f"{path.stem}:{page.page_no}", "text" if document.has_text_layer else "slides", document, page, truth)
        if found == most:
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
    done = {(row["name"], row["dpi"]) for row in readings(READINGS)}
    _append(READINGS, ((_reading, sample, dpi) for sample, dpi in product(_mixed(), RESOLUTIONS) if (sample.name, dpi) not in done))


def land() -> None:
    """Read every sample as a run surveys it: at the planned resolution, and finer as long as that helps."""
    done = {row["name"] for row in readings(LANDED)}
    _append(LANDED, ((_landed, sample, 0) for sample in _mixed() if sample.name not in done))


def _append(path: Path, work: Iterable[tuple[Callable[[Sample, int], dict[str, Any]], Sample, int]]) -> None:
    path.parent.mkdir(exist_ok=True)
    # The OCR's caches grow by 30 MB a page: its process is replaced now and then.
    reader = ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=40)
    with path.open("a") as out, reader:
        for function, sample, dpi in track([*work], "reading"):
            out.write(json.dumps(reader.submit(function, sample, dpi).result()) + "\n")
            out.flush()


def _mixed() -> list[Sample]:
    SCANNED.mkdir(parents=True, exist_ok=True)
    return [*samples(SCANNED)]


def _reading(sample: Sample, dpi: int) -> dict[str, Any]:
    image = page_image(sample.document, sample.page, dpi, ImageLimits())
    lines = _lines(sample, image)
    return {
        "name": sample.name,
        "kind": sample.kind,
        "dpi": dpi,
        "tokens": image.tokens,
        "font_size_pt": sample.page.font_size_pt,
        "image_dpi": sample.page.image_dpi,
        "has_rows": bool(sample.page.number_bands),
        "truth": dict(sample.truth),
        "read": dict(numbers([line.text for line in lines])),
    }


def _landed(sample: Sample, _: int) -> dict[str, Any]:
    words = layer_words(sample.document.path, (sample.page.page_no,))[sample.page.page_no]
    image = page_image(sample.document, sample.page, survey_dpi(sample.page), ImageLimits())
    looks, best, share = [image.tokens], _lines(sample, image), 0.0
    while (share := _share(best, words)) < LEGIBLE and (image := finer(sample.document, image, ImageLimits()) or image).tokens > looks[-1]:
        looks.append(image.tokens)
        again = _lines(sample, image)
        if _share(again, words) <= share:
            break
        best = again
    read = numbers([line.text for line in best])
    return {"name": sample.name, "kind": sample.kind, "looks": looks, "truth": dict(sample.truth), "read": dict(read)}


def _share(lines: Sequence[Line], words: Sequence[LayerWord]) -> float:
    share = share_legible(smallest_numbers(lines), words)
    return 1.0 if share is None else share


def _lines(sample: Sample, image: PageImage) -> tuple[Line, ...]:
    encoded, _ = rasterize(sample.document.path, image, sample.document.engine)
    with Image.open(io.BytesIO(encoded)) as drawn:
        return read_lines(np.asarray(drawn.convert("RGB")))


def readings(path: Path) -> list[dict[str, Any]]:
    """Return what was read so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


if __name__ == "__main__":
    {"read": read, "land": land}[sys.argv[1]]()
