"""Short texts: what a sentence says of the thing asked about, where no number, date or list is wanted."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_words
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.lookup import Wanted
from pipeline.embedded.answers.patterns import MONTH
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.spans import Scored, sentences
from pipeline.embedded.answers.terms import terms

_COPULA = re.compile(r"\s*(?::|\b(?:is|are|was|were|be|been|called|named|known as|became|becomes|by|at|in|to|from|with|on|for|of|as)\b)\s+")
_STOPS = re.compile(
    r"[.;:](?:\s|$)|,\s|\s(?:which|who|where|because|while|and is|and was|but|after|before|since|when|during|until)\s|\s[\u2013\u2014(]"
)
_PLACE = re.compile(r"in|at|near|from|to", re.IGNORECASE)
_PROPER = re.compile(rf"(?:the )?(?!{MONTH})[A-Z]")
_MAX_WORDS = 12


def clause(corpus: Corpus, query: Query, wanted: Wanted) -> list[Found]:
    """Return short pieces of the best sentences that say something new beside what the question says, best first."""
    words = tuple(map(corpus.known, wanted.words))
    told = [scored for scored in sentences(corpus, wanted._replace(words=words))[:10] if not scored.sentence.is_heading]
    found = [_found(corpus, scored, piece) for scored in told for piece in _pieces(scored.sentence.text, frozenset(words), query)]
    return sorted(found, key=lambda f: -f.score)


class _Piece(NamedTuple):
    text: str
    start: int
    fit: float


def _found(corpus: Corpus, scored: Scored, piece: _Piece) -> Found:
    page, sentence = corpus.pages[scored.at], scored.sentence
    return Found(
        score=min(1.0, scored.coverage * scored.year * piece.fit),
        text=piece.text,
        amount=None,
        factor=1,
        currency=None,
        label="",
        header="",
        place=(page.doc, page.page, -1 - sentence.paragraph),
        row=-1,
        evidence=cite_words(page, sentence.words, len(sentence.text[: piece.start].split())),
    )


def _pieces(text: str, asked: frozenset[str], query: Query) -> Iterator[_Piece]:
    """Cut `text` behind each linking word: the piece must be new, and what stands before it must be asked for."""
    is_place = query.text.lower().startswith("where")
    about = 1.0 if not query.subject or set(query.subject) & set(terms(text)) else 0.7
    for link in _COPULA.finditer(text):
        if is_place and (not _PLACE.fullmatch(link[0].strip()) or not _PROPER.match(text[link.end() :])):
            continue
        piece = _STOPS.split(text[link.end() :], maxsplit=1)[0].strip(" ,.;:\"'\u201c\u201d")
        new = [term for term in terms(piece) if term not in asked]
        if not new or (query.kind == "none" and piece[0].isdigit()) or len(piece.split()) > _MAX_WORDS:
            continue
        before = terms(text[: link.start()])[-6:]
        lead = sum(term in asked for term in before) / max(1, min(len(before), len(asked)))
        fit = about * (0.55 + 0.45 * min(1.0, lead)) * (0.7 + 0.3 * len(new) / len(terms(piece)))
        yield _Piece(piece, link.end(), fit)
