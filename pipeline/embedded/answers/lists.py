"""Lists: bullets below a matching line, or an enumeration inside a matching sentence."""

import re
from typing import NamedTuple

from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_words
from pipeline.embedded.answers.layout import Sentence, lay_out
from pipeline.embedded.answers.lookup import Wanted
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.spans import sentences
from schemas.extraction import CitedEvidence

_LEAD = re.compile(
    r"(?::|\b(?:are|were|is|includ(?:es?|ed|ing)|comprise[sd]?|consists? of|namely|such as|called|named|in|offers?|covers?|from|of)\b)\s+",
    re.IGNORECASE,
)
_MARK = re.compile(r"^(?:[•●▪■◦‣·*\-\u2013\u2014]|\(?(?:\d{1,2}|[a-z])[.)])\s*")


class Listed(NamedTuple):
    """The items found, how well the place fits, and where it is."""

    items: tuple[str, ...]
    score: float
    evidence: tuple[CitedEvidence, ...]


def enumerate_items(corpus: Corpus, query: Query, wanted: Wanted) -> Listed | None:
    """Return the list that fits the question best, or None."""
    found: list[Listed] = []
    for scored in sentences(corpus, wanted._replace(words=tuple(map(corpus.known, wanted.words))))[:12]:
        page = corpus.pages[scored.at]
        below = _bullets(lay_out(page.reading).sentences, scored.sentence)
        fit = scored.coverage * scored.year
        if len(below) >= 2:
            cited = tuple(cite_words(page, s.words) for s in below[:8])
            items = tuple(_MARK.sub("", s.text).rstrip(".;,") for s in below)
            found.append(Listed(items, fit * _count_fit(items, query), cited))
        inline = _inline(scored.sentence.text, query)
        if len(inline) >= 2:
            found.append(Listed(inline, fit * _count_fit(inline, query), (cite_words(page, scored.sentence.words),)))
    return max(found, key=lambda listed: listed.score, default=None)


def _count_fit(items: tuple[str, ...], query: Query) -> float:
    if query.size is None:
        return 0.9 if len(items) <= 12 else 0.6
    return 1.0 if len(items) == query.size else 0.6


def _bullets(found: tuple[Sentence, ...], after: Sentence) -> list[Sentence]:
    """Return the bullets that stand right below `after`."""
    at = found.index(after) + 1
    below: list[Sentence] = []
    for sentence in found[at : at + 30]:
        if not sentence.is_bullet:
            break
        if not below or sentence.paragraph != below[-1].paragraph:
            below.append(sentence)
    return below


def _inline(text: str, query: Query) -> tuple[str, ...]:
    """Return the longest enumeration "a, b and c" of `text`."""
    best: tuple[str, ...] = ()
    for lead in _LEAD.finditer(text):
        body = re.split(r"[.;](?:\s|$)|\s(?:which|where|who|as well as|while|because|with)\s", text[lead.end() :])[0]
        parts = tuple(part.strip(" .") for part in re.split(r",\s+(?:and|or)\s+|,\s+|\s+and\s+|\s+or\s+", body) if part.strip(" ."))
        is_list = len(parts) >= 2 and all(len(part.split()) <= 7 for part in parts) and "," in body + ("," if len(parts) == 2 else "")
        if is_list and (len(parts) == query.size or len(parts) > len(best)) and (not best or len(best) != query.size):
            best = tuple(re.sub(r"^(?:the|a|an)\s+", "", part) for part in parts)
    return best
