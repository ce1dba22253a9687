"""Answer "who", "which", "when" and "where" from a table row: the row that the question describes, and the field it leaves open."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.embedded.answers.amounts import amounts, years
from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_rect
from pipeline.embedded.answers.grid import Field, Record, records
from pipeline.embedded.answers.layout import hull
from pipeline.embedded.answers.patterns import DATE, PERSON
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.terms import terms
from schemas.extraction import CitedEvidence

_PERSONS = re.compile(
    r"\W*(?:by )?(?:who|which (?:\w+ ){0,2}(?:direct|offic|execut|manag|memb|author|person|people|engineer|employ|partn|candidat|speak)\w*)"
)
_PAGES = 25


class Entry(NamedTuple):
    """A field that answers: its text, the score of its row, where it stands and what proves it."""

    text: str
    score: float
    place: tuple[int, int, int]
    column: str
    evidence: CitedEvidence


def entries(corpus: Corpus, query: Query) -> list[Entry]:
    """Return the fields that fit best, best first."""
    words = tuple(map(corpus.known, query.words))
    weights = {word: corpus.weight(word) * (1.5 if word in query.names else 1) for word in words}
    if not weights:
        return []
    ranks = corpus.ranks(words)
    found = [
        entry
        for at in ranks.argsort()[::-1][:_PAGES]
        if not query.pages or corpus.pages[at].page in query.pages
        for record in records(corpus.pages[at].reading)
        for entry in _entries(corpus, int(at), record, query, weights)
    ]
    return sorted(found, key=lambda entry: -entry.score)


def alike(found: list[Entry]) -> list[Entry]:
    """Return the entries of the best one's column whose rows fit as well, in the order of the page."""
    best = found[0]
    same = [e for e in found if e.place == best.place and e.column == best.column and e.score >= 0.97 * best.score]
    return sorted(same, key=lambda e: (e.evidence.box or ())[1:2])


def _entries(corpus: Corpus, at: int, record: Record, query: Query, weights: dict[str, float]) -> Iterator[Entry]:
    page = corpus.pages[at]
    in_row = frozenset(term for field in record.fields for term in terms(f"{field.text} {field.header}"))
    if not any(word in weights for field in record.fields for word in terms(field.text)):
        return
    above = frozenset(terms(f"{record.title} {record.section}"))
    identity = corpus.documents[page.doc].identity
    period = _period(record, query)
    for field in record.fields:
        header = frozenset(terms(field.header))
        fit = _field_fit(field, header, query, weights) * (1.0 if field is record.fields[0] or query.alternatives else 0.95)
        if not fit:
            continue
        total = 0.0
        for word, weight in weights.items():
            place = (
                1.0
                if word in in_row or word in header
                else 0.85
                if word in above
                else 0.8
                if word in identity
                else 0.4
                if word in corpus.page_terms[at]
                else 0.0
            )
            total += weight * place
        keys = [other for other in record.fields if other is not field and set(terms(other.text)) & weights.keys()]
        evidence = cite_rect(page, hull([field.rect, *(key.rect for key in keys)]), " ".join(f.text for f in record.fields))
        score = total / sum(weights.values()) * fit * period * _focus(keys, weights)
        yield Entry(field.text, score, (page.doc, page.page, record.block), field.header, evidence)


def _focus(keys: list[Field], weights: dict[str, float]) -> float:
    """Prefer rows whose own words are asked for: a row "Pump, spare" fits "pump" less well than "Pump"."""
    own = [word for key in keys for word in terms(key.text)]
    return 0.7 + 0.3 * sum(word in weights for word in own) / len(own) if own else 0.5


def _period(record: Record, query: Query) -> float:
    named = years(" ".join(f"{field.text} {field.header}" for field in record.fields)) or years(f"{record.section} {record.title}")
    return 1.0 if not query.years or not named or query.years[-1] in named else 0.4


def _field_fit(field: Field, header: frozenset[str], query: Query, weights: dict[str, float]) -> float:
    """Return how well a field can be what is asked for: 0 if it only repeats the question."""
    own = set(terms(field.text))
    if query.alternatives:
        return 1.0 if own & set(query.alternatives) else 0.0
    if not own or own <= weights.keys() or (own & weights.keys() and query.kind != "list" and not own & header):
        return 0.0
    if query.kind == "none" and amounts(field.text) and not field.text[0].isalpha():
        return 0.0  # numbers are looked up as cells, with their scale
    return _type_fit(field, query) * (1.0 if _is_named(header, query, weights) else 0.8)


def _is_named(header: frozenset[str], query: Query, weights: dict[str, float]) -> bool:
    """True if the column's heading is what "which ..." asks for; who, when and where need no heading."""
    if _PERSONS.match(query.text.lower()) or query.kind == "date" or query.text.lower().startswith("where"):
        return True
    return bool(header & (set(query.subject) or weights.keys()))


def _type_fit(field: Field, query: Query) -> float:
    """Return how well a field's text can be a person, a date or a place, where one of these is wanted."""
    has_digit, question = any(c.isdigit() for c in field.text), query.text.lower()
    if _PERSONS.match(question):
        return (0.5 if has_digit else 0.95) if PERSON.search(field.text) else 0.0
    if query.kind == "date":
        return float(bool(DATE.search(field.text)) and len(field.text) < 30)
    if question.startswith("where"):
        return 0.95 if field.text[0].isupper() and not has_digit else 0.0
    return 0.95
