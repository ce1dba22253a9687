"""Rank the pages of a scope by how much they can contribute to a question, pure.

What counts: BM25 over folded terms (Robertson et al. 1994), a page, figure or table that the question names, and the statement of a filing
that holds what it asks for, which shares few words with the question. The scores of pages from several batches can be compared.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_words
from pipeline.embedded.answers.filings import known
from pipeline.embedded.answers.question import parse
from pipeline.embedded.answers.seen import SeenPage
from pipeline.embedded.answers.statements import statements
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.reading import Reading
from schemas.extraction import CitedEvidence

_K1, _B = 1.2, 0.75
_ASIDE = 0.5
"""The weight of words beside the sentence that asks: definitions, and how to answer."""
_ON_PAGE, _ON_LABELLED_PAGE, _CAPTION, _MENTION, _STATEMENT, _NEIGHBOUR = 1.0, 1.1, 0.4, 0.1, 0.4, 0.1
_FULL = 2.0
"""The score at which a page counts as certain."""
_PAGE = re.compile(r"\bpages?\s+(\d{1,4})\b", re.IGNORECASE)
_REFERENCE = re.compile(r"\b(figure|table|appendix|chapter|section|exhibit)\s*(\d+(?:[-.]\d+)*|[A-Z]\b)", re.IGNORECASE)
_LABEL = re.compile(r"(?:page\s*)?(\d{1,4})(?:\s*(?:of|/)\s*\d+)?|.*\D\s(\d{1,3})", re.IGNORECASE)
_FORMULA_LINE = re.compile(r"[a-z_]{4,}")


class Ranked(NamedTuple):
    """Page number `at` of the corpus, and how surely it contributes, 0 to 1."""

    at: int
    relevance: float


def ranked(corpus: Corpus, question: str) -> list[Ranked]:
    """Return all pages, the most useful first."""
    scores = [
        words + statement + place
        for words, statement, place in zip(_words(corpus, question), _statements(corpus, question), _places(corpus, question), strict=True)
    ]
    best = [max(scores[at - 1] if at else 0.0, scores[at + 1] if at + 1 < len(scores) else 0.0) for at in range(len(scores))]
    all_scores = [own + _NEIGHBOUR * beside for own, beside in zip(scores, best, strict=True)]
    order = sorted(range(len(scores)), key=lambda at: -all_scores[at])
    return [Ranked(at, round(min(1.0, all_scores[at] / _FULL), 4)) for at in order]


def telling_lines(corpus: Corpus, question: str, at: int) -> CitedEvidence:
    """Cite the line of a page that says most of what the question does."""
    weights = _weights(corpus, question)
    page = corpus.pages[at]
    lines = [line for line in page.reading.lines if line.words]
    best = max(lines, key=lambda line: sum(weights.get(term, 0.0) for term in set(terms(line.text))))
    return cite_words(page, best.words)


def _weights(corpus: Corpus, question: str) -> Mapping[str, float]:
    """Return how much each printed term of the question tells; the company's own name, which is on every page, tells nothing."""
    asked = frozenset(terms(parse(question).text))
    n_pages = len(corpus.pages)
    own = " ".join({_squeezed(page.filename) for page in corpus.pages})
    weights: dict[str, float] = {}
    for word in dict.fromkeys(terms(question)):
        term = corpus.known(word)
        if term in corpus.spread and not (len(word) >= 3 and not word.isdigit() and word in own):
            spread = corpus.spread[term]
            rarity = math.log1p((n_pages - spread + 0.5) / (spread + 0.5)) / math.log1p(n_pages)
            weights.setdefault(term, rarity * (1.0 if word in asked else _ASIDE))
    return weights


def _squeezed(filename: str) -> str:
    return re.sub(r"[\W_]", "", filename.rsplit(".", 1)[0]).casefold()


def _words(corpus: Corpus, question: str) -> Iterator[float]:
    """Yield BM25 for every page, as a share of what a page could have."""
    weights = _weights(corpus, question)
    counts = [Counter(term for line in lines for term in line) for lines in corpus.lines]
    lengths = [count.total() for count in counts]
    mean = max(1.0, sum(lengths) / max(1, len(lengths)))
    whole = sum(weights.values()) * (_K1 + 1) or 1.0
    for count, length in zip(counts, lengths, strict=True):
        norm = _K1 * (1 - _B + _B * length / mean)
        yield sum(weight * count[term] * (_K1 + 1) / (count[term] + norm) for term, weight in weights.items() if count[term]) / whole


def _statements(corpus: Corpus, question: str) -> Iterator[float]:
    kinds = _kinds_asked(question)
    for page in corpus.pages:
        fits = [one.fit for one in statements(page.reading) if one.kind in kinds and one.rows] if kinds else []
        yield _STATEMENT * max(fits, default=0.0)


def _kinds_asked(question: str) -> set[str]:
    """Return the statements that are named, or that hold a line or measure that is named."""
    lines = [line.name for line in known().lines.values() if line.asks.search(question)]
    lines += [name for one in known().measures if one.asks.search(question) for name in _FORMULA_LINE.findall(one.formula)]
    named = {kind.name for kind in known().kinds if kind.title.search(question)}
    return named | {known().lines[name].statement for name in lines if name in known().lines}


def _places(corpus: Corpus, question: str) -> Iterator[float]:
    pages = {int(number) for number in _PAGE.findall(question)}
    references = [(kind.lower(), number) for kind, number in _REFERENCE.findall(question)]
    for page in corpus.pages:
        score = _ON_PAGE if page.page in pages else _ON_LABELLED_PAGE if page_label(page.reading) in pages else 0.0
        yield score + sum(_referred(page, kind, number) for kind, number in references)


def _referred(page: SeenPage, kind: str, number: str) -> float:
    """Tell a caption, which opens a line, from a mention."""
    name = re.compile(rf"(?:{kind}|{kind[:3]}\.)\s*{re.escape(number)}(?![\w-])", re.IGNORECASE)
    texts = [line.text.strip() for line in page.reading.lines]
    return _CAPTION if any(map(name.match, texts)) else _MENTION if any(map(name.search, texts)) else 0.0


@lru_cache(maxsize=4096)
def page_label(reading: Reading) -> int | None:
    """Return the page number that is printed in the head or the foot; None if there is none."""
    margin = [line.text.strip() for line in reading.lines if line.rect.y0 > 0.88 * reading.height or line.rect.y1 < 0.1 * reading.height]
    found = [match for text in margin if (match := _LABEL.fullmatch(text))]
    return int(found[-1][1] or found[-1][2]) if found else None
