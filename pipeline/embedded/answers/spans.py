"""Pick a span of the asked-for kind out of running text."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from pipeline.embedded.answers.amounts import Amount, amounts, years
from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_words
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.layout import Sentence, lay_out
from pipeline.embedded.answers.lookup import Wanted
from pipeline.embedded.answers.patterns import DATE, OFTEN, PERSON
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.terms import terms

_PAGES = 25
_ONES = ("zero", "", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SPELLED = {word: number for number, word in enumerate(_ONES) if word} | {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
}
_SPELLED_WORD = re.compile(rf"\b({'|'.join(_SPELLED)})\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:]\s|\s(?:and|but|while|compared)\s")
_CLAUSE_STEPS = 5
_REFERENCE = re.compile(
    r"\b(?:Notes?|Tables?|Figures?|Fig\.|[Pp]ages?|Item|Section|Part|Chapter|Appendix|Exhibit|Form|No\.)\s*$|[\u00a7\[]\d*$"
)


class Span(NamedTuple):
    """A piece of a sentence, from `start` to `end`, and the number it holds, if it holds one."""

    text: str
    start: int
    end: int
    amount: Amount | None = None


class Scored(NamedTuple):
    """A sentence of page number `at` of the corpus: how much of what is wanted it covers, and how well its year fits (0 to 1)."""

    sentence: Sentence
    at: int
    coverage: float
    year: float


def pick(corpus: Corpus, query: Query, wanted: Wanted, limit: int = 12) -> list[Found]:
    """Return the spans of the wanted kind from the sentences that match best, best first."""
    words = tuple(corpus.known(word) for word in wanted.words)
    found = [span for scored in sentences(corpus, wanted._replace(words=words)) for span in _found(corpus, query, wanted, scored)]
    return sorted(found, key=lambda f: -f.score)[:limit]


def sentences(corpus: Corpus, wanted: Wanted) -> list[Scored]:
    """Return the sentences that cover the wanted terms best, best first."""
    ranks = corpus.ranks(wanted.words)
    weights = {word: corpus.weight(word) * (1.5 if word in wanted.names else 1) for word in wanted.words}
    scored: list[Scored] = []
    for at in ranks.argsort()[::-1][:_PAGES]:
        page = corpus.pages[at]
        if wanted.pages and page.page not in wanted.pages:
            continue
        scored.extend(_page_sentences(corpus, int(at), wanted, weights))
    return sorted(scored, key=lambda s: -s.coverage * s.year)[:30]


def _page_sentences(corpus: Corpus, at: int, wanted: Wanted, weights: dict[str, float]) -> Iterator[Scored]:
    page, on_page = corpus.pages[at], corpus.page_terms[at]
    about = corpus.documents[page.doc]
    heading: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    paragraph, around = -1, ""
    for sentence in lay_out(page.reading).sentences:
        own = frozenset(terms(sentence.text))
        if sentence.paragraph != paragraph and not sentence.is_bullet:
            before, paragraph, around = frozenset(), sentence.paragraph, ""
        if own & weights.keys() or before & weights.keys():
            total = 0.0
            for word, weight in weights.items():
                place = (
                    1.0
                    if word in own
                    else 0.75
                    if word in before or word in heading
                    else 0.75
                    if word in about.identity
                    else 0.4
                    if word in on_page
                    else 0.0
                )
                total += weight * place
            direct = sum(weight for word, weight in weights.items() if word in own) / sum(weights.values())
            coverage = total / sum(weights.values()) * (0.6 + 0.4 * min(1.0, direct / 0.6))
            yield Scored(sentence, at, coverage, _period(f"{around} {sentence.text}", sentence.text, wanted.year, about.years))
        if sentence.is_heading:
            heading = own
        before, around = own if not sentence.is_bullet else before | own, sentence.text


def _period(around: str, own: str, year: int, about: tuple[int, ...]) -> float:
    if not year or year in years(own):
        return 1.0
    if years(own):
        return 0.8 if about and max(about) == year else 0.3
    if set(years(around)) == {year}:
        return 0.95
    return (0.92 if max(about) == year else 0.8) if year in about else 0.5 if not about else 0.3


def _found(corpus: Corpus, query: Query, wanted: Wanted, scored: Scored) -> Iterator[Found]:
    page, sentence = corpus.pages[scored.at], scored.sentence
    weights = {corpus.known(word): corpus.weight(corpus.known(word)) ** 2 * (3 if word in wanted.names else 1) for word in wanted.words}
    weights |= {str(wanted.year): 2.0} if wanted.year else {}
    for span in spans(sentence, query, wanted, corpus.documents[page.doc].identity):
        at = len(sentence.text[: span.start].split())
        fit = (
            scored.coverage
            * scored.year
            * _nearness(sentence.text, span, weights)
            * _binding(sentence.text, span, wanted.year)
            * _unit_fit(sentence.text, span, query)
        )
        amount = span.amount
        yield Found(
            score=min(1.0, fit),
            text=span.text,
            amount=amount,
            factor=amount.scale if amount else 1,
            currency=amount.currency if amount else None,
            label="",
            header="",
            place=(page.doc, page.page, -1 - sentence.paragraph),
            row=-1,
            evidence=cite_words(page, sentence.words, at),
        )


def spans(sentence: Sentence, query: Query, wanted: Wanted, own: frozenset[str] = frozenset()) -> Iterator[Span]:
    """Return the pieces of `sentence` that could be an answer of the wanted kind; `own` holds the terms of the document's name."""
    text = sentence.text
    if sentence.is_heading and wanted.kind in {"number", "none"}:
        return
    if wanted.kind in {"number", "currency", "percent", "none"}:
        yield from _number_spans(text, query, wanted)
    elif wanted.kind == "date":
        yield from (Span(m[0], m.start(), m.end()) for m in DATE.finditer(text) if m[0] not in query.text)
    elif wanted.kind == "text" and re.match(r"\W*(?:by )?(?:who|whom|whose)\b", query.text, re.IGNORECASE):
        yield from (Span(m[0].rstrip(".,"), m.start(), m.end()) for m in PERSON.finditer(text) if _is_new(m[0], query, own))
    elif wanted.kind == "text" and re.match(r"how often\b", query.text, re.IGNORECASE):
        yield from (Span(m[0], m.start(), m.end()) for m in OFTEN.finditer(text))


def _is_new(name: str, query: Query, own: frozenset[str]) -> bool:
    """True unless the name repeats the question or is the document's own, or starts with a word like "The"."""
    named = set(terms(name))
    return bool(terms(name.split(maxsplit=1)[0])) and not named & set(query.words) and not named <= own


def _number_spans(text: str, query: Query, wanted: Wanted) -> Iterator[Span]:
    asked = {a.value for a in amounts(query.text)}
    units = frozenset(word for a in amounts(query.text) for word in query.text[a.end :].split()[:1])
    for amount in amounts(text):
        if amount.kind == "number" and (_REFERENCE.search(text[: amount.start]) or _is_numbering(text, amount, units)):
            continue
        if amount.kind == "year" or (amount.value in asked and amount.kind == "number"):
            continue
        if wanted.kind != "none" and (wanted.kind == "percent") != (amount.kind == "percent"):
            continue
        if amount.kind == "currency" and "how many" in query.text.lower():
            continue
        if wanted.kind == "currency" and amount.kind != "currency" and amount.scale == 1:
            continue
        yield Span(amount.text, amount.start, amount.end, amount)
    if wanted.kind == "number" and "how many" in query.text.lower():
        for word in _SPELLED_WORD.finditer(text):
            value = Decimal(_SPELLED[word[1].lower()])
            yield Span(word[0], word.start(), word.end(), Amount(value, "number", None, 1, word[0], word.start(), word.end()))


def _is_numbering(text: str, amount: Amount, units: frozenset[str]) -> bool:
    """True for "4." before a heading, "per 100", and a number that is part of a name like the question's "26 GHz"."""
    follows = text[amount.end :].split()[:1]
    is_ordinal = amount.start == 0 and text[amount.end : amount.end + 1] in {".", ")"}
    return is_ordinal or text[: amount.start].rstrip().endswith(" per") or bool(follows and follows[0] in units)


def _nearness(text: str, span: Span, weights: dict[str, float]) -> float:
    """Return 0.6 to 1: how close to the span the wanted terms stand, by words."""
    before, after = terms(text[: span.start]), terms(text[span.end :])
    near_before = len(terms(_CLAUSE.split(text[: span.start])[-1]))
    near_after = len(terms(_CLAUSE.split(text[span.end :])[0]))
    total = gained = 0.0
    for word, weight in weights.items():
        back = next((i + (_CLAUSE_STEPS if i >= near_before else 0) for i, term in enumerate(reversed(before)) if term == word), 99)
        ahead = next((i + (_CLAUSE_STEPS if i >= near_after else 0) for i, term in enumerate(after) if term == word), 99)
        if (step := min(back + 1, ahead)) < 99:
            total, gained = total + weight, gained + weight / (1 + step / 6)
    former = 0.9 if re.search(r"\bfrom\s*$", text[: span.start]) and re.match(r"\W*to\b", text[span.end :]) else 1.0
    return former * (0.6 + 0.4 * gained / total) if total else 0.6


def _binding(text: str, span: Span, year: int) -> float:
    """Return how well "... 0.91 in 2022" fits the year asked for: the year right after a number is its own."""
    bound = re.match(r"\W*(?:million|billion|thousand)?\W*(?:in|for|at the end of|\() ?(?:fiscal |FY)?((?:19|20)\d\d)\b", text[span.end :])
    return 1.0 if not year or not bound else 1.25 if int(bound[1]) == year else 0.5


def _unit_fit(text: str, span: Span, query: Query) -> float:
    """Prefer "16 g" where grams, and "815 warehouses" where warehouses are asked for."""
    if span.amount is None:
        return 1.0
    after = text[span.end : span.end + 40]
    counted = re.search(r"\bhow many ((?:[\w-]+ ?){1,3})", query.text, re.IGNORECASE)
    if counted is None:
        return 1.0
    asked, following = set(terms(counted[1])), set(terms(after)[:4])
    if not span.text[0].isdigit() and not asked & following:
        return 0.5
    return 1.0 if asked & following else 0.92 if asked & set(terms(text[: span.start])) else 0.8
