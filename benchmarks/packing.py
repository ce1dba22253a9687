"""How close packing comes to the lower bound, at once and as a stream, what good cuts cost, and how planning grows with documents.

    python -m benchmarks.packing [--documents 100000] >benchmarks/results/packing.md

Real documents are those of LONGREAD_CORPUS. Synthetic ones have as many pages as a log-normal distribution draws, and follow, page by page,
the image tokens and the hints of a real document from a drawn page on: without the corpus there are none.
"""

import argparse
import os
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from pipeline.bound import lower_bound
from pipeline.line import price_of
from pipeline.open import open_document
from pipeline.pack import pack, pack_stream
from pipeline.plan import page_image, survey_images
from pipeline.prompt import fixed_cost
from pipeline.tokens import text_tokens_bound
from pipeline.windows import Pages, pages_of, windows
from schemas.batch import Batch, PageImage
from schemas.document import Document, Source
from schemas.errors import LongreadError
from schemas.preset import ImageLimits
from schemas.settings import Settings

T = TypeVar("T")
MIXES = {"short": (2.20, 1.0), "medium": (3.30, 1.1), "long": (4.61, 0.7), "real": (4.09, 1.31)}
"""Mean and deviation of the logarithm of the pages: medians of 9, 27, 100 and 60 pages; the last fits two public collections."""
MOST_PAGES = 2_000
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
SEED = 20
MOST_RECUT = 20_000
"""Documents up to which the bound of the windows is worth its time."""
PRICE = price_of(text_tokens_bound)
SETTINGS = Settings()
CAPACITY = SETTINGS.context_tokens - SETTINGS.max_output_tokens - fixed_cost(text_tokens_bound)


class Result(NamedTuple):
    """One set of documents, packed."""

    name: str
    documents: Sequence[Pages]
    batches: Sequence[Batch]
    bound: int
    n_streamed: int
    seconds: float
    seconds_streamed: float


def measured(name: str, documents: Sequence[Pages]) -> Result:
    """Pack at once and as a stream, in seconds of this process."""
    batches, seconds = timed(lambda: pack(documents, CAPACITY, PRICE))
    n_streamed, seconds_streamed = timed(lambda: sum(1 for _ in pack_stream(iter(documents), CAPACITY, PRICE)))
    return Result(name, documents, batches, lower_bound(documents, CAPACITY, PRICE), n_streamed, seconds, seconds_streamed)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what the work returns, and its seconds of CPU."""
    began = time.process_time()
    return work(), time.process_time() - began


def main() -> None:
    """Print all results as Markdown."""
    parser = argparse.ArgumentParser(description="Measure packing.")
    parser.add_argument("--documents", type=int, default=SIZES[-1], help="synthetic documents of each mix")
    n_documents = parser.parse_args().documents
    print(f"# Packing\n\n{datetime.now(UTC):%Y-%m-%d}, {machine()}; capacity {CAPACITY:,} tokens, {PRICE}; seconds are CPU seconds.\n")
    corpus = Path(os.environ.get("LONGREAD_CORPUS", "../shared/corpus"))
    long_ones = opened(corpus / "docs" / "pdf")
    if not long_ones:
        print(f"The real documents are not at {corpus}: nothing is measured.")
        return
    others = [document for folder in ("tables", "hostile") for document in opened(corpus / folder / "pdf")]
    print(real(long_ones, others))
    for line in synthetic(long_ones, n_documents):
        print(line, flush=True)
    print(growth([*drawn("real", templates(long_ones, None), n_documents)]))


def real(long_ones: Sequence[Document], others: Sequence[Document]) -> str:
    """Return the table of the real documents."""
    every = [*{document.doc_id: document for document in (*long_ones, *others)}.values()]
    rows = [
        measured(f"{name}, {f'{dpi} dpi' if dpi else 'survey'}", [*shown_pages(documents, dpi)])
        for name, documents in ((f"{len(long_ones)} long", long_ones), (f"all {len(every)}", every))
        for dpi in (None, 110, 144, 200)
    ]
    return "\n".join(["## Real documents", "", RATIOS, *map(ratio, rows), "", CUTS, *map(cut, rows), ""])


def synthetic(long_ones: Sequence[Document], n_documents: int) -> Iterator[str]:
    """Yield the tables of the synthetic documents, a mix at a time: a hundred thousand documents are ten million pages."""
    fewer = n_documents // 20
    for dpi, number in ((None, fewer), (110, fewer), (None, n_documents)):
        like = templates(long_ones, dpi)
        rows = (measured(f"{number:,} {mix}", [*drawn(mix, like, number)]) for mix in MIXES)
        tables = [(ratio(row), cut(row) if number == fewer else "") for row in rows]
        yield f"## Synthetic documents, {f'{dpi} dpi' if dpi else 'survey'}\n\n{RATIOS}\n" + "\n".join(line for line, _ in tables)
        if number == fewer:
            yield f"\n{CUTS}\n" + "\n".join(line for _, line in tables) + "\n"


RATIOS = (
    "| documents | pages | batches | lower bound | ratio | bound of these windows "
    "| streamed | ratio | s | s streamed |\n" + "|---" * 10 + "|"
)
"""The bound of the windows as they are tells what is lost by cutting documents into the fewest windows."""
CUTS = (
    "| documents | cuts | at a section | at another kind of page | elsewhere | in a table | such sections and kinds among all pages "
    "| batches | with free cuts |\n" + "|---" * 9 + "|"
)
"""No cut may be in a table that a window holds."""


def ratio(row: Result) -> str:
    """Return a line of the table of batches over the bound."""
    whole = f"{bound_of_windows(row.documents):,}" if len(row.documents) < MOST_RECUT else "not computed"
    return (
        f"| {row.name} | {sum(len(pages.images) for pages in row.documents):,} | {len(row.batches):,} | {row.bound:,} "
        f"| {len(row.batches) / row.bound:.4f} | {whole} | {row.n_streamed:,} "
        f"| {row.n_streamed / row.bound:.4f} | {row.seconds:.2f} | {row.seconds_streamed:.2f} |"
    )


def bound_of_windows(documents: Sequence[Pages]) -> int:
    """Return the lower bound if the windows are as they are."""
    found = (window.segment for pages in documents for window in windows(pages, CAPACITY, PRICE))
    return lower_bound((Pages(segment.filename, segment.images) for segment in found), CAPACITY, PRICE)


def cut(row: Result) -> str:
    """Return a line of the table of where cuts fall, against those of documents that tell nothing."""
    told = {pages.images[0].doc_id: pages for pages in row.documents}
    later = (segment for batch in row.batches for segment in batch.segments if segment.n_context)
    where = [place(told[segment.doc_id], segment.owned[0].page_no) for segment in later]
    share = [f"{where.count(name) / max(1, len(where)):.1%}" for name in ("section", "turn", "plain", "table")]
    free = len(pack([Pages(pages.filename, pages.images) for pages in row.documents], CAPACITY, PRICE))
    good = sum(len(pages.sections | pages.turns) for pages in row.documents) / sum(len(pages.images) for pages in row.documents)
    return f"| {row.name} | {len(where):,} | {' | '.join(share)} | {good:.1%} | {len(row.batches):,} | {free:,} |"


def place(pages: Pages, page_no: int) -> str:
    """Return what begins at a page."""
    if page_no in pages.continued:
        return "table"
    return "section" if page_no in pages.sections else "turn" if page_no in pages.turns else "plain"


def growth(documents: Sequence[Pages]) -> str:
    """Return how the time to pack grows with the number of documents."""
    sizes = [size for size in SIZES if size <= len(documents)]
    seconds = [timed(partial(pack, documents[:size], CAPACITY, PRICE))[1] for size in sizes]
    pages = [sum(len(own.images) for own in documents[:size]) for size in sizes]
    exponent = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    per_n_log_n = [second / (size * np.log2(size)) * 1e6 for size, second in zip(sizes, seconds, strict=True)]
    lines = [
        f"| {size:,} | {n:,} | {second:.2f} | {1e6 * second / n:.2f} | {each:.2f} |"
        for size, n, second, each in zip(sizes, pages, seconds, per_n_log_n, strict=True)
    ]
    head = "## Growth, real mix, survey\n\n| documents | pages | s | µs a page | µs / (n log2 n) |\n|---|---|---|---|---|"
    return "\n".join([head, *lines, "", f"Fitted exponent of the seconds over the documents: {exponent:.3f}."])


def opened(folder: Path) -> list[Document]:
    """Return the documents of a folder that open."""
    return [document for path in sorted(folder.glob("*.pdf")) for document in opened_or_not(path)]


def opened_or_not(path: Path) -> Iterator[Document]:
    """Yield the document, if it opens."""
    if "laughs" in path.name:
        return  # hangs every engine
    try:
        yield open_document(Source(uri=str(path), filename=path.name), str(path), 10**10, 20_000)
    except LongreadError:
        return


def shown_pages(documents: Sequence[Document], dpi: float | None) -> Iterator[Pages]:
    """Yield the pages of documents at one resolution, or each at that of its survey."""
    limits = ImageLimits()
    for document in documents:
        at = (page_image(document, page, dpi, limits) for page in document.pages if not page.is_blank) if dpi else ()
        images = tuple(at) if dpi else survey_images(document, limits)
        if images:
            yield pages_of(document, images)


class Template(NamedTuple):
    """What a synthetic document follows."""

    tokens: Sequence[int]
    sections: frozenset[int]
    turns: frozenset[int]
    continued: frozenset[int]
    """Places in `tokens`."""


def templates(documents: Sequence[Document], dpi: float | None) -> list[Template]:
    """Return what the pages of real documents are like."""
    found = []
    for pages in shown_pages(documents, dpi):
        at = {image.page_no: n for n, image in enumerate(pages.images)}
        places = [frozenset(at[number] for number in numbers if number in at) for numbers in (pages.sections, pages.turns, pages.continued)]
        found.append(Template([image.tokens for image in pages.images], *places))
    return found


def drawn(mix: str, like: Sequence[Template], n_documents: int) -> Iterator[Pages]:
    """Yield synthetic documents; their images are shared but for the first, which names the document."""
    draw = random.Random(SEED)
    for doc in range(n_documents):
        n_pages = min(MOST_PAGES, max(1, round(draw.lognormvariate(*MIXES[mix]))))
        template = draw.choice(like)
        length = len(template.tokens)
        start = draw.randrange(length)
        images = [image(n + 1, template.tokens[(start + n) % length]) for n in range(n_pages)]
        images[0] = images[0].model_copy(update={"doc_id": f"{doc:032x}"})
        yield Pages(f"{doc}.pdf", images, *(numbers(own, start, length, n_pages) for own in template[1:]))


def numbers(places: frozenset[int], start: int, length: int, n_pages: int) -> frozenset[int]:
    """Return the page numbers of places in a template that is walked round and round."""
    return frozenset(number for own in places for number in range((own - start) % length + 1, n_pages + 1, length))


@cache
def image(page_no: int, tokens: int) -> PageImage:
    """Return a page image of that many tokens."""
    return PageImage(doc_id="synthetic", page_no=page_no, width=28, height=28 * tokens, tokens=tokens, dpi=100)


def machine() -> str:
    """Return what this runs on."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    return f"{os.cpu_count()} cores {model or platform.processor()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
