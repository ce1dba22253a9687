"""What a long report costs in prompt tokens: longread against the habits of the field, sent and prefilled.

    python -m benchmarks.tokens ../shared/corpus/docs/pdf/3M_2018_10K.pdf --pages 120

longread's requests are those of a run on the embedded reader. The habits' requests are written by the same code for the same pages, and
not sent. Image tokens are exact (the arithmetic equals a real server's, see docs/backends.md); a text's tokens are a quarter of its bytes,
for all alike. Prefilled is what a prefix cache that forgets nothing leaves to compute: the tokens of all prefixes that differ.
"""

import argparse
import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pymupdf
from rich.console import Console
from rich.table import Table

from benchmarks.corpus import CORPUS
from pipeline import prompt
from pipeline.display import progress
from pipeline.embedded.protocol import text_tokens
from pipeline.open import open_document
from pipeline.plan import page_image
from pipeline.prompt import Crop, Served
from pipeline.rasterize import MUPDF_VERSION
from pipeline.run import run
from schemas.batch import Batch, PageImage, Segment
from schemas.document import Box, Document, Source
from schemas.message import ImagePart, Request, TextPart
from schemas.outcome import Outcome
from schemas.preset import ImageLimits
from schemas.settings import Job, Question, Settings

WHOLE = Box(x0=0, y0=0, x1=1, y1=1)
SERVED = Served(model="count", rasterizer=MUPDF_VERSION, max_tokens=16_384, count=lambda text: text_tokens(len(text.encode())))
CAPACITY = 112_000
QUESTIONS = 10
FILLER = (
    "What were total net sales in the last fiscal year?",
    "How much was spent on research and development?",
    "What was the effective tax rate?",
    "How many people were employed at year end?",
    "What is the total of long-term debt?",
    "Which segment had the highest operating income?",
    "How much was paid in dividends?",
    "What was net cash provided by operating activities?",
    "Who audited the financial statements?",
    "What were diluted earnings per share?",
)


class Cost:
    """Tokens of some requests: all that are sent, and those that a perfect prefix cache leaves to prefill."""

    def __init__(self, requests: Iterable[Request]) -> None:
        known: set[int] = set()
        self.requests = self.sent = self.prefilled = 0
        for request in requests:
            self.requests += 1
            prefix = hash(request.system)
            for part in (TextPart(text=request.system), *request.parts):
                tokens = part.image.tokens + 2 if isinstance(part, ImagePart) else SERVED.count(part.text)
                prefix = hash((prefix, part))
                self.sent += tokens
                self.prefilled += 0 if prefix in known else tokens
                known.add(prefix)


def page_by_page(document: Document, questions: Sequence[Question], dpi: float, *, image_first: bool) -> Iterator[Request]:
    """Yield a request for each page and task, as most systems do; the page image after the instruction, or before it."""
    for page in document.pages:
        image = page_image(document, page, dpi, ImageLimits())
        batch = _batch(document, [image])
        crops = [Crop(image, WHOLE)]
        tasks = [prompt.table(SERVED, crops), prompt.chart(SERVED, crops[0])]
        tasks += [prompt.answer(SERVED, batch, question, thinking=False) for question in questions]
        for task in tasks:
            parts = sorted(task.parts, key=lambda part: isinstance(part, ImagePart) != image_first)
            yield task.model_copy(update={"parts": tuple(parts)})


def whole_documents(document: Document, questions: Sequence[Question], dpi: float) -> Iterator[Request]:
    """Yield the whole document for each task, in as few requests as hold it."""
    window: list[PageImage] = []
    windows = [window]
    for page in document.pages:
        image = page_image(document, page, dpi, ImageLimits())
        if sum(known.tokens for known in window) + image.tokens > CAPACITY:
            window = []
            windows.append(window)
        window.append(image)
    for images in windows:
        batch = _batch(document, images)
        yield prompt.survey(SERVED, batch)
        yield prompt.survey(SERVED, batch).model_copy(update={"kind": "chart"})
        for question in questions:
            yield prompt.answer(SERVED, batch, question, thinking=False)


def _batch(document: Document, images: Sequence[PageImage]) -> Batch:
    return Batch(batch_id="", segments=(Segment(doc_id=document.doc_id, filename=document.filename, images=tuple(images)),))


def questions_of(pdf: Path) -> tuple[Question, ...]:
    """Return ten questions about the document: those of the corpus, and general ones to make up the number."""
    listed = CORPUS / "docs" / "questions.jsonl"
    rows = [json.loads(line) for line in listed.read_text().splitlines()] if listed.exists() else []
    own = [row["question"] for row in rows if [Path(name).name for name in row["docs"]] == [pdf.name]]
    chosen = [*own, *FILLER][:QUESTIONS]
    return tuple(Question(id=f"q{number}", question=text[:1500]) for number, text in enumerate(chosen))


def main() -> None:
    """Run, count, print."""
    options = argparse.ArgumentParser()
    options.add_argument("pdf", type=Path)
    options.add_argument("--pages", type=int, default=120)
    options.add_argument("--out", type=Path, default=Path("out/tokens"))
    asked = options.parse_args()
    console = Console()
    with TemporaryDirectory() as folder:
        path = Path(folder) / asked.pdf.name
        with pymupdf.open(asked.pdf) as file:
            file.select(range(min(asked.pages, file.page_count)))
            file.save(path)
        questions = questions_of(asked.pdf)
        job = Job(sources=(str(path),), questions=questions, out=asked.out, force=True)
        with progress(console) as observe:
            outcome = asyncio.run(run(job, Settings(), observe)).outcome
        document = open_document(Source(uri=str(path), filename=path.name), str(path), 2**31, 20_000)
        _print(console, document, questions, outcome)


def _print(console: Console, document: Document, questions: Sequence[Question], outcome: Outcome) -> None:
    ours = Cost(record.request for record in outcome.requests)
    rows = {
        "longread": ours,
        "one request per page and task, 200 dpi, instruction first": Cost(page_by_page(document, questions, 200, image_first=False)),
        "the same, page image first": Cost(page_by_page(document, questions, 200, image_first=True)),
        "whole document per task, 150 dpi": Cost(whole_documents(document, questions, 150)),
    }
    shown = Table(
        "", "requests", "sent", "÷ longread", "prefilled", "÷ longread", title=f"{len(document.pages)} pages, tables, charts, 10 questions"
    )
    for name, cost in rows.items():
        ratios = f"{cost.sent / ours.sent:.1f}", f"{cost.prefilled / ours.prefilled:.1f}"
        shown.add_row(name, f"{cost.requests:,}", f"{cost.sent:,}", ratios[0], f"{cost.prefilled:,}", ratios[1])
    console.print(shown)
    kinds = {record.request.kind for record in outcome.requests}
    for kind in sorted(kinds):
        cost = Cost(record.request for record in outcome.requests if record.request.kind == kind)
        console.print(f"  {kind}: {cost.requests} requests, {cost.sent:,} sent, {cost.prefilled:,} of them prefilled by themselves")
    console.print(
        f"  {len(outcome.tables)} tables, {len(outcome.charts)} charts, {len(outcome.answers)} answers, {len(outcome.failures)} failures"
    )


if __name__ == "__main__":
    main()
