"""How well the embedded reader finds pages and answers over long documents nobody here wrote.

`python -m benchmarks.answers [READINGS]` prints a Markdown table. The questions are those of the corpus (`docs/questions.jsonl`). Pages are
made from the PDFs' text layers, which takes minutes where recognition takes hours; READINGS is a folder of recognized pages,
`<document>/<page>.bin` as the worker packs them, to use instead, for the documents that are complete there. As in a run, every batch says
where it holds something useful, and the best pages of all batches are asked together.
"""

import json
import pickle
import sys
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pymupdf

from benchmarks.corpus import CORPUS
from pipeline.embedded.answers import SeenPage, answer, findings
from pipeline.embedded.reading import Line, Reading, Rect, Word
from pipeline.evaluate.answers import FORMATS, Expected, Given, agrees
from pipeline.settle import settle, unanswerable
from pipeline.shortlist import Lead, PageKey, fair_order
from schemas.errors import Incomputable
from schemas.extraction import AnswerReading

BATCH, JOINT = 90, 40
DPI = 110
AT = (1, 3, 5, 10)
RESAMPLES = 2000
HEAD = (
    "| questions | n | page recall@1 | @3 | @5 | @10 | answered | right | right of answered | refused of unanswerable |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


class Asked(NamedTuple):
    """A question of the corpus: the documents it is asked of, what is expected, and the pages that hold it where they are known."""

    source: str
    docs: tuple[str, ...]
    question: str
    expected: Expected
    pages: frozenset[int]


class Outcome(NamedTuple):
    """What became of a question; `order` are the pages found, the best first."""

    asked: Asked
    order: tuple[PageKey, ...]
    has_answered: bool
    is_right: bool


def questions(path: Path) -> Iterator[Asked]:
    """Yield the questions of a corpus."""
    for line in path.read_text("utf-8").splitlines():
        told = json.loads(line)
        is_silent = str(told["answer"]).strip() == "Not answerable"
        kind = "none" if is_silent else FORMATS.get(told["answer_format"], "text")
        pages = frozenset(told.get("evidence_pages") or ()) if len(told["docs"]) == 1 else frozenset[int]()
        yield Asked(told["source"], tuple(told["docs"]), told["question"], Expected(str(told["answer"]), kind), pages)


@lru_cache(maxsize=6)
def seen(name: str, doc: int, readings: Path | None) -> tuple[SeenPage, ...]:
    """Return the pages of a document, from its text layer or as recognized; none if it is not wholly recognized."""
    path = CORPUS / name
    with pymupdf.open(path) as document:
        if readings is None:
            return tuple(SeenPage(doc, number, path.name, from_layer(page)) for number, page in enumerate(document, 1))
        packed = [readings / path.stem / f"{number}.bin" for number in range(1, len(document) + 1)]
    if not all(one.exists() for one in packed):
        return ()
    read = [pickle.loads(zlib.decompress(one.read_bytes())) for one in packed]  # noqa: S301 - written by our own worker
    return tuple(SeenPage(doc, number, path.name, reading) for number, reading in enumerate(read, 1))


def from_layer(page: pymupdf.Page) -> Reading:
    """Return the text layer of a page as if it had been recognized: boxes as high as the ink, in pixels."""
    zoom = DPI / 72
    upright = page.rotation_matrix * pymupdf.Matrix(zoom, zoom)
    lines: dict[tuple[int, int], list[Word]] = {}
    for x0, y0, x1, y1, text, block, number, _ in page.get_text("words"):
        box = pymupdf.Rect(x0, y0, x1, y1) * upright
        rect = Rect(box.x0, box.y0 + 0.12 * box.height, box.x1, box.y1 - 0.12 * box.height)
        is_vertical = rect.y1 - rect.y0 > 2 * (rect.x1 - rect.x0) and len(text) > 2
        lines.setdefault((block, number), []).append(Word(text, rect, 1.0, is_vertical))
    read = [_line(sorted(words, key=lambda word: word.rect.x0)) for words in lines.values()]
    return Reading(round(page.rect.width * zoom), round(page.rect.height * zoom), tuple(sorted(read, key=lambda line: line.rect[1::-1])))


def _line(words: Sequence[Word]) -> Line:
    x0s, y0s, x1s, y1s = zip(*(word.rect for word in words), strict=True)
    return Line(tuple(words), Rect(min(x0s), min(y0s), max(x1s), max(y1s)), 1.0)


def ask(asked: Asked, pages: Sequence[SeenPage]) -> Outcome:
    """Find pages batch by batch, and answer from the best of all."""
    batches = [tuple(pages[start : start + BATCH]) for start in range(0, len(pages), BATCH)]
    leads = [
        Lead(str(one.doc), one.page, rank, one.starts_before, one.goes_on, one.relevance)
        for batch in batches
        for rank, one in enumerate(findings(asked.question, batch))
    ]
    order = fair_order(leads)
    chosen = set(order[:JOINT])
    joint = pages if len(batches) == 1 else [page for page in pages if (str(page.doc), page.page) in chosen]
    given = _given(_settled(answer(asked.question, None, joint)))
    return Outcome(asked, order, not given.has_abstained, agrees(asked.expected, given))


def _settled(reading: AnswerReading) -> AnswerReading:
    try:
        return settle(reading)
    except Incomputable:
        return unanswerable()


def _given(reading: AnswerReading) -> Given:
    return Given((reading.text or "") if reading.is_answerable else None, reading.number, reading.unit, reading.items)


def recall(outcome: Outcome, at: int) -> float:
    """Return the share of the pages with the answer among the first pages found."""
    first = {page for _, page in outcome.order[:at]}
    return len(first & outcome.asked.pages) / len(outcome.asked.pages)


def interval(outcomes: Sequence[Outcome], shares: Sequence[tuple[float, float]]) -> str:
    """Return sum over sum of (part, whole) with its 95 % interval: a bootstrap over documents, as their questions are alike."""
    documents: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for outcome, share in zip(outcomes, shares, strict=True):
        documents.setdefault(outcome.asked.docs, []).append(share)
    sums = np.array([np.sum(each, axis=0) for each in documents.values()])
    if not sums.size or not sums[:, 1].sum():
        return "–"
    drawn = np.random.default_rng(0).integers(0, len(sums), (RESAMPLES, len(sums)))
    parts, wholes = sums[drawn].sum(axis=1).T
    low, high = np.percentile(parts[wholes > 0] / wholes[wholes > 0], (2.5, 97.5))
    return f"{sums[:, 0].sum() / sums[:, 1].sum():.2f} ({low:.2f} to {high:.2f})"


def row(name: str, outcomes: Sequence[Outcome]) -> str:
    """Return the figures of some questions."""
    paged = [one for one in outcomes if one.asked.pages]
    able = [one for one in outcomes if one.asked.expected.kind != "none"]
    silent = [one for one in outcomes if one.asked.expected.kind == "none"]
    cells = [interval(paged, [(recall(one, at), 1.0) for one in paged]) for at in AT]
    cells += [str(sum(one.has_answered for one in outcomes)), str(sum(one.has_answered and one.is_right for one in able))]
    cells.append(interval(outcomes, [(float(one.has_answered and one.is_right), float(one.has_answered)) for one in outcomes]))
    cells.append(interval(silent, [(float(not one.has_answered), 1.0) for one in silent]))
    return f"| {name} | {len(outcomes)} | {' | '.join(cells)} |"


def main(readings: Path | None) -> None:
    """Ask everything and print the table."""
    outcomes: list[Outcome] = []
    for asked in sorted(questions(CORPUS / "docs" / "questions.jsonl"), key=lambda one: one.docs):
        parts = [seen(name, number, readings) for number, name in enumerate(asked.docs, 1)]
        if all(parts):
            outcomes.append(ask(asked, [page for part in parts for page in part]))
    print(HEAD)
    for source in sorted({one.asked.source for one in outcomes}):
        print(row(source, [one for one in outcomes if one.asked.source == source]))
    print(row("all", outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
