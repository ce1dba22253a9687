"""How well the embedded reader reads scans of known text, and what a page costs it.

    python -m benchmarks.scans >benchmarks/results/scans.md

The text is that of the samples' reports, set in four fonts and three sizes, a page each. "Clean" is the page drawn at 150 dpi without
a text layer; "noisy" is that image blurred, grained, skewed by up to 1.5 degrees and saved as a poor JPEG. Each is read as a run reads
it: at the planned resolution. The character error rate is the Levenshtein distance over the true characters, the lines in order of
their height; spaces do not count in the first figure, and do in the second.
"""

import io
import random
import re
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pymupdf
from PIL import Image
from rapidfuzz.distance import Levenshtein
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph, SimpleDocTemplate

from data.generator.scan import scanned
from pipeline.embedded.layout import read_page
from pipeline.embedded.worker import use_one_core
from pipeline.open import open_document
from pipeline.plan import page_image, read_dpi, survey_dpi
from pipeline.rasterize import rasterize
from schemas.document import Page, Source
from schemas.preset import ImageLimits

TEXTS = Path("data/generator/texts")
FONTS = ("Times-Roman", "Helvetica", "Courier", "Times-Italic")
SIZES = (8.0, 10.0, 12.0)
DPI = 150
SKEWS = (0.4, -0.8, 1.5, -1.2, 0.0)
NOISE, QUALITY = 10.0, 45
_MARKUP = re.compile(r"<[^>]+>|&nbsp;|\{[^}]*\}|\[\d+\]")


class Read(NamedTuple):
    """One page as read."""

    condition: str
    font: str
    size: float
    error: float
    error_with_spaces: float
    seconds: float
    """Of the CPU."""


def paragraphs() -> list[str]:
    """Return the plain paragraphs of the samples' texts."""
    texts = [block for path in sorted(TEXTS.glob("*.txt")) for block in path.read_text(encoding="utf-8").split("\n\n")]
    plain = [" ".join(_MARKUP.sub(" ", block).split()) for block in texts if block[:1].isalpha()]
    return [text for text in plain if len(text) > 200 and text.isascii()]


def page_of(texts: Sequence[str], font: str, size: float) -> bytes:
    """Return a PDF of one page with as much of the text as it holds."""
    style = ParagraphStyle("body", fontName=font, fontSize=size, leading=size * 1.25, spaceAfter=size * 0.6)
    written = io.BytesIO()
    SimpleDocTemplate(written, pagesize=A4).build([Paragraph(text, style) for text in texts])
    with pymupdf.open(stream=written.getvalue()) as file:
        file.select([0])
        page: bytes = file.tobytes()
    return page


def true_text(pdf: bytes) -> str:
    """Return the lines of a page we have set, from top to bottom."""
    with pymupdf.open(stream=pdf) as file:
        return " ".join(file[0].get_text().split())


def error(truth: str, read: str) -> float:
    """Return the character error rate."""
    return Levenshtein.distance(truth, read) / len(truth)


def conditions(pdf: bytes, skew: float) -> Iterator[tuple[str, bytes]]:
    """Yield the page as it was set but without its text layer, and as a poor scanner leaves it."""
    with pymupdf.open(stream=pdf) as file, pymupdf.open() as clean:
        clean.new_page(width=A4[0], height=A4[1]).insert_image(file[0].rect, pixmap=file[0].get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY))
        yield "clean", clean.tobytes()
    yield "noisy", scanned(pdf, DPI, [skew], NOISE, QUALITY)


def reading(path: Path, dpi_of: Callable[[Page], float]) -> tuple[str, float]:
    """Return the text of the only page of a file, and the CPU seconds that it took."""
    document = open_document(Source(uri=str(path), filename=path.name), str(path), 2**31, 20_000)
    (page,) = document.pages
    encoded, _ = rasterize(str(path), page_image(document, page, dpi_of(page), ImageLimits()), document.engine)
    began = time.process_time()
    with Image.open(io.BytesIO(encoded)) as drawn:
        found = read_page(np.asarray(drawn.convert("RGB")))
    return " ".join(line.text for line in found.lines), time.process_time() - began


def read_all(folder: Path, resolution: Callable[[Page], float]) -> Iterator[Read]:
    """Yield each font and size in both conditions."""
    texts = paragraphs()
    for number, (font, size) in enumerate((font, size) for font in FONTS for size in SIZES):
        pdf = page_of(random.Random(number).sample(texts, len(texts)), font, size)
        truth = true_text(pdf)
        for condition, scan in conditions(pdf, SKEWS[number % len(SKEWS)]):
            path = folder / f"{number}-{condition}.pdf"
            path.write_bytes(scan)
            text, seconds = reading(path, resolution)
            without = error(truth.replace(" ", ""), text.replace(" ", ""))
            yield Read(condition, font, size, without, error(truth, text), seconds)


def main() -> None:
    """Print the figures as Markdown."""
    use_one_core()
    print("# Scans\n\nOne process, one thread; CPU seconds a page with layout.\n")
    print("| shown at | pages | condition | characters wrong | with spaces | worst page | CPU s a page |\n" + "|---" * 7 + "|")
    with TemporaryDirectory() as folder:
        for name, resolution in (("read", read_dpi), ("survey", survey_dpi)):
            rows = [*read_all(Path(folder), resolution)]
            for condition in ("clean", "noisy"):
                own = [row for row in rows if row.condition == condition]
                mean, spaced, seconds = (float(np.mean([row[place] for row in own])) for place in (3, 4, 5))
                worst = max(own, key=lambda row: row.error)
                where = f"{worst.error:.2%} ({worst.font}, {worst.size:g} pt)"
                print(f"| {name} | {len(own)} | {condition} | {mean:.2%} | {spaced:.2%} | {where} | {seconds:.1f} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory of the process after {2 * len(rows)} pages: {peak:,.0f} MB.")


if __name__ == "__main__":
    main()
