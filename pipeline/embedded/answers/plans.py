"""What a question asks of the statements of a filing: lines, and formulas of lines, by year; pure.

Only questions are taken that ask for nothing beyond what the statements are known to hold: a word that is neither a line's name, nor
the company's, nor one of every question ("what", "fiscal year") means that something else is asked for, such as a segment's figure.
"""

import re
from collections.abc import Iterator, Sequence
from string import ascii_lowercase
from typing import NamedTuple

from rapidfuzz import fuzz

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.filings import Line, Measure, known
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.answers.wording import YEAR

_MEAN_OF_YEARS = re.compile(r"\b(?:\d|two|three|four|five)[- ]years? average\b|\baverage\b.*\b(?:over|between|from)\b", re.IGNORECASE)
_OVER = r"\s+(?:expenses?\s+|amounts?\s+)?(?:to|/|over|divided by|as an? (?:%|percent(?:age)?|share) of|relative to)\s+(?:the\s+|its\s+)?"
_OVER_TIME = r"(?:over|across) (?:the |these |its )?(?:reported )?(?:time|quarters|periods|years)"
_ACROSS = re.compile(rf"\b(?:{_OVER_TIME}|in these (?:quarters|periods|years|reports)|previous quarters)\b", re.IGNORECASE)
_COURSE = re.compile(
    r"\b(?:(?:changed?|fluctuated?|evolved?|developed?|trend\w*)\b.*\b(?:over|across|between|in)\b.*"
    rf"\b(?:time|quarters|periods|years|10-[QK]s)|compared? to|{_OVER_TIME})\b",
    re.IGNORECASE,
)
_AS_PERCENT = re.compile(r"%|\bper ?cent", re.IGNORECASE)
_CHANGE = re.compile(
    r"\b(?:growth|growth rate|year[- ]over[- ]year|yoy|percent(?:age)? change|% change|grew|grow|increased? by what|"
    r"how much .* (?:increase|grow))",
    re.IGNORECASE,
)
_TERM = re.compile(r"\b([a-z_]+)(@-?\d+)?\b")
_MEAN = re.compile(r"mean\(([a-z_]+)\)")
_SHARE = re.compile(r"\b(?:percent(?:age)?|share|proportion|portion|%) of\b|% of\b", re.IGNORECASE)
_SHARE_WORDS = frozenset(terms("share proportion portion contribute contributed account accounted represent come came from"))
_COURSE_WORDS = frozenset(
    terms("changed fluctuated evolved developed trend trends over across time periods period these can any be identified same in")
)
_SECOND = re.compile(r",? and (?:what|how|why|who|which|if so)\b.*", re.IGNORECASE | re.DOTALL)
_MOST_WORDS = 4
_LIKE = 84


class Sought(NamedTuple):
    """A line of a statement in one year, or the part of it that stands under the terms `part` in a table that ends in the line."""

    line: str
    year: int
    part: frozenset[str] = frozenset()


class Course(NamedTuple):
    """Lines to be told side by side: for the years asked about, or the last one of every document; `part` as in `Sought`."""

    lines: tuple[str, ...]
    years: tuple[int, ...]
    part: frozenset[str]


class Plan(NamedTuple):
    """What is to be computed: `formula` over the names of `operands`, a to z; a single printed value has the formula "a"."""

    formula: str
    operands: tuple[Sought, ...]
    is_percent: bool


def plans(corpus: Corpus, question: str, query: Query, latest: int) -> Iterator[Plan]:
    """Yield the ways in which the question can be read, the likeliest first; `latest` is the year meant where none is named."""
    body = _body(question, query)
    asked = tuple(sorted(years(body))) or tuple(sorted(years(question))) or (latest,)
    is_percent = bool(_AS_PERCENT.search(question))
    for measure in known().measures:
        spans = [found.span() for found in measure.asks.finditer(body)]
        if spans and not _more(corpus, body, spans):
            yield from _measure_plans(measure, body, asked, is_percent=is_percent or measure.is_percent)
            return
    if ratio := _ratio(body):
        (first, second), spans = ratio
        if not _more(corpus, body, spans):
            yield from _formulas(f"{first.name} / {second.name}", body, asked, is_percent=is_percent)
        return
    for line, span in _lines(body):
        more = _more(corpus, body, [span])
        if more:
            yield from _part_plans(line, frozenset(more), body, asked)
            continue
        if _CHANGE.search(body):
            pair = (asked[0], asked[-1]) if len(asked) > 1 else (asked[0] - 1, asked[0])
            yield Plan("(a - b) / b", (Sought(line.name, pair[1]), Sought(line.name, pair[0])), is_percent=True)
        elif len(asked) == 1:
            yield Plan("a", (Sought(line.name, asked[0]),), is_percent=False)
            yield from _formulas(line.instead, body, asked, is_percent=False) if line.instead else ()
        return


def _part_plans(line: Line, part: frozenset[str], body: str, asked: tuple[int, ...]) -> Iterator[Plan]:
    """Yield a part of a line, such as a segment's revenue, or its share of the whole."""
    if len(asked) != 1 or len(part) > _MOST_WORDS:
        return
    if _SHARE.search(body):
        share = (Sought(line.name, asked[0], part - _SHARE_WORDS), Sought(line.name, asked[0]))
        yield Plan("a / b", share, is_percent=True)
    elif not _CHANGE.search(body):
        yield Plan("a", (Sought(line.name, asked[0], part),), is_percent=False)


def _measure_plans(measure: Measure, body: str, asked: tuple[int, ...], *, is_percent: bool) -> Iterator[Plan]:
    for formula in filter(None, (measure.formula, measure.otherwise)):
        yield from _formulas(formula, body, asked, is_percent=is_percent)


def _formulas(formula: str, body: str, asked: tuple[int, ...], *, is_percent: bool) -> Iterator[Plan]:
    """Write out a formula of lines for the years asked about; with lines replaced that a statement may not print."""
    formula = _MEAN.sub(r"((\1 + \1@-1) / 2)", formula)
    whole = formula
    for line in known().lines.values():
        if line.instead:
            whole = re.sub(rf"\b{line.name}\b", f"({line.instead})", whole)
    for written in dict.fromkeys((formula, whole)):
        if len(asked) > 1 and _MEAN_OF_YEARS.search(body):
            span = range(asked[0], asked[-1] + 1)
            every = " + ".join(f"({_in_year(written, year - asked[-1])})" for year in span)
            yield _lettered(f"({every}) / {len(span)}", asked[-1], is_percent=is_percent)
        elif len(asked) == 1:
            yield _lettered(written, asked[0], is_percent=is_percent)


def _in_year(formula: str, shift: int) -> str:
    return _TERM.sub(lambda found: f"{found[1]}@{int((found[2] or '@0')[1:]) + shift}", formula)


def _lettered(formula: str, year: int, *, is_percent: bool) -> Plan:
    """Name the lines of a formula a, b, c in the order in which they first stand."""
    letters: dict[Sought, str] = {}

    def letter(found: re.Match[str]) -> str:
        return letters.setdefault(Sought(found[1], year + int((found[2] or "@0")[1:])), ascii_lowercase[len(letters)])

    return Plan(_TERM.sub(letter, formula), tuple(letters), is_percent)


def _ratio(body: str) -> tuple[tuple[Line, Line], list[tuple[int, int]]] | None:
    """Return the two lines of "long-term debt to total liabilities"."""
    for first in known().lines.values():
        for second in known().lines.values():
            found = re.search(first.asks.pattern + _OVER + second.asks.pattern, body, re.IGNORECASE) if first is not second else None
            if found:
                return (first, second), [found.span()]
    return None


def _lines(body: str) -> list[tuple[Line, tuple[int, int]]]:
    """Return the lines that the question names, the longest name first."""
    found = [(line, match.span()) for line in known().lines.values() if (match := line.asks.search(body))]
    return sorted(found, key=lambda one: one[1][0] - one[1][1])


def _more(corpus: Corpus, body: str, spans: Sequence[tuple[int, int]]) -> set[str]:
    """Return the terms beside the names of lines that are neither the company's nor plain words."""
    rest = body
    for start, end in sorted(spans, reverse=True):
        rest = f"{rest[:start]} {rest[end:]}"
    own = {re.sub(r"[\W_]", "", page.filename).casefold() for page in corpus.pages}
    rest = re.sub(r"\bF?Q[1-4]\b|\b(?:first|second|third|fourth) quarter\b|\bF(?:Y)?\s?\d{2,4}\b", " ", YEAR.sub(" ", rest))
    identity = {word for document in corpus.documents.values() for word in document.identity}
    named, plain = {corpus.known(word) for word in terms(rest)} - identity, known().plain
    return {word for word in named if not (word in plain or word.isdigit() or len(word) == 1 or any(_is_in(word, name) for name in own))}


def _is_in(word: str, name: str) -> bool:
    """Tell whether a file is named after the word, but for a slip of spelling."""
    return len(word) >= 3 and (word in name or (len(word) >= 6 and fuzz.partial_ratio(word, name) >= _LIKE))


def _body(question: str, query: Query) -> str:
    """Return the sentence that asks; of two questions in one, the first."""
    asking = re.findall(r"[^.?!:]*(?:[.:](?=\w)[^.?!:]*)*\?", question)
    return _SECOND.sub("", asking[0] if asking else query.text)


def is_course(question: str, query: Query) -> bool:
    """Tell whether a question compares figures or follows one through time: one number is no answer to it."""
    return bool(_COURSE.search(_body(question, query)) or _ACROSS.search(question))


def course_of(corpus: Corpus, question: str, query: Query) -> Course | None:
    """Return the lines that a question compares or follows; None if it is about something else."""
    body = _body(question, query)
    lines = _distinct(_lines(body))
    more = frozenset(_more(corpus, body, [span for _, span in lines]) - _COURSE_WORDS)
    if not lines or (more and len(lines) > 1) or len(more) > _MOST_WORDS:
        return None
    return Course(tuple(line.name for line, _ in lines), tuple(sorted(years(body))), more)


def _distinct(lines: list[tuple[Line, tuple[int, int]]]) -> list[tuple[Line, tuple[int, int]]]:
    """Leave out a line whose name is a part of another's."""
    return [
        (line, (start, end))
        for at, (line, (start, end)) in enumerate(lines)
        if not any(start < other_end and other_start < end for _, (other_start, other_end) in lines[:at])
    ]
