"""The pages of a question's scope, indexed: which terms stand where, how rare they are, and what each document is."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import bm25s
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.layout import lay_out
from pipeline.embedded.answers.seen import SeenPage
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.crossing import joint

# Words of questions that documents rarely repeat, and words of all documents.
_WEAK = frozenset(
    terms(
        """value date day pay work carry earn come make get give take hold own sit receive become go sell worth end beginning large high low
        long old far big hot fast often one two three
        four five six seven eight nine ten chart table figure slide study document many business
        firm year time happen report company state name level provide main total use include list item type kind describe mention show much
        group annual"""
    )
)
_OCR_LIKENESS = 86


class Document(NamedTuple):
    """What a document says of itself: terms of its file name and first page, and the years it is about."""

    identity: frozenset[str]
    years: tuple[int, ...]


class Corpus:
    """An index of pages; built once for a sequence of pages and asked many times."""

    def __init__(self, pages: Sequence[SeenPage]) -> None:
        """Index `pages`, in their order."""
        self.pages = tuple(pages)
        self.lines = [[terms(line.text) for line in page.reading.lines] for page in self.pages]
        counts = [Counter(term for line in lines for term in line) for lines in self.lines]
        self.page_terms = [frozenset(count) for count in counts]
        self.spread = Counter(term for words in self.page_terms for term in words)
        self.documents = {page.doc: _document(page) for page in reversed(self.pages)}
        self._places = {(page.doc, page.page): at for at, page in enumerate(self.pages)}
        self._continued = [self._page_that_goes_on(page) for page in self.pages]
        self._index = bm25s.BM25()
        tokens = [[term for line in lines for term in line] or [""] for lines in self.lines]
        self._index.index(tokens, show_progress=False)

    def _page_that_goes_on(self, page: SeenPage) -> int | None:
        before = self._places.get((page.doc, page.page - 1))
        if before is None:
            return None
        previous = self.pages[before].reading
        return before if joint(previous, previous, page.reading) == "rows" else None

    def continued(self, at: int) -> int | None:
        """Return the number of the page before page number `at`, if its last table goes on there; else None."""
        return self._continued[at]

    def continues_at(self, doc: int, page: int) -> tuple[bool, bool]:
        """Tell whether the page's first table began on the page before, and whether its last one goes on on the next."""
        here, after = self._places.get((doc, page)), self._places.get((doc, page + 1))
        return here is not None and self.continued(here) is not None, after is not None and self.continued(after) is not None

    def known(self, term: str) -> str:
        """Return `term`, or the one printed in the pages that differs from it by a slip of spelling or recognition."""
        if term in self.spread or len(term) < 5 or any(c.isdigit() for c in term):
            return term
        found = process.extractOne(term, self.spread.keys(), scorer=fuzz.ratio, score_cutoff=_OCR_LIKENESS)
        return found[0] if found else term

    def weight(self, term: str) -> float:
        """Return how much a match of `term` tells: 0.05 for words of every question, up to 1.5 for rare ones."""
        if term in _WEAK:
            return 0.05
        total = len(self.pages)
        rarity = math.log(1 + total / (0.5 + self.spread.get(term, 0))) / math.log(1 + 2 * total)
        return 0.5 + min(1.0, rarity)

    def is_named(self, term: str) -> bool:
        """True if `term` stands anywhere in the pages or in a document's name."""
        return term in self.spread or any(term in document.identity for document in self.documents.values())

    def ranks(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return the BM25 score of every page for `words`, scaled so that the best is 1."""
        wanted = [word for word in words if word in self.spread]
        if not wanted:
            return np.zeros(len(self.pages), np.float32)
        scores = np.asarray(self._index.get_scores(wanted), np.float32)
        return scores / max(float(scores.max()), 1e-6)


@lru_cache(maxsize=8)
def index(pages: tuple[SeenPage, ...]) -> Corpus:
    """Return the index of `pages`; several questions over the same pages share it."""
    return Corpus(pages)


def _document(first: SeenPage) -> Document:
    layout = lay_out(first.reading)
    head = [row for row in layout.rows[:40] if row.rect.y1 - row.rect.y0 > 1.2 * layout.height] or list(layout.rows[:8])
    text = " ".join(segment.text for row in head for segment in row.segments)
    stem = first.filename.rsplit(".", 1)[0].replace("_", " ").replace("-", " ")
    named = years(stem) or years(text)
    return Document(frozenset(terms(f"{stem} {text}")), named)
