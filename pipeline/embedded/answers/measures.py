"""Answer from the statements of a filing: one of their lines, or a measure computed from several, each operand cited.

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
from pipeline.embedded.answers.evidence import cite_rect
from pipeline.embedded.answers.filings import Line, Measure, known, plain_label
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.statements import Statement, StatementRow, Value, page_scale, row_words, rows_of, statements
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.answers.wording import YEAR

_QUARTER = re.compile(r"\bQ[1-4]\b|\bquarter(?:ly)?\b|\bthree months\b|\b10-?Q\b", re.IGNORECASE)
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
    r"\b(?:growth|growth rate|percent(?:age)? change|% change|grew|grow|increased? by what|how much .* (?:increase|grow))", re.IGNORECASE
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
_PART = 0.9
_LEAST = 0.5
_LIKE = 84


class Sought(NamedTuple):
    """A line of a statement in one year, or the part of it that stands under the terms `part` in a table that ends in the line."""

    line: str
    year: int
    part: frozenset[str] = frozenset()


class Plan(NamedTuple):
    """What is to be computed: `formula` over the names of `operands`, a to z; a single printed value has the formula "a"."""

    formula: str
    operands: tuple[Sought, ...]
    is_percent: bool


class Measured(NamedTuple):
    """A formula with its operands found, in the order of its letters; no formula where they are to be told side by side."""

    formula: str
    operands: tuple[Found, ...]
    is_percent: bool

    @property
    def score(self) -> float:
        """How surely the operands are the right ones: as the least sure."""
        return min(one.score for one in self.operands)


class _Held(NamedTuple):
    """A statement on page number `at` of the corpus."""

    at: int
    statement: Statement


def measured(corpus: Corpus, question: str, query: Query) -> Measured | None:
    """Return what the statements say to the question, or None if it is not for them to answer."""
    held = list(_held(corpus))
    if not held:
        return None
    if _is_course(question, query):
        return _course(corpus, question, query, held)  # one number is no answer to it
    for plan in _plans(corpus, question, query, held):
        found = [one for sought in plan.operands if (one := _found(corpus, held, sought, question))]
        if len(found) == len(plan.operands):
            return Measured(plan.formula, tuple(found), plan.is_percent)
    return None


def _is_course(question: str, query: Query) -> bool:
    return bool(_COURSE.search(_body(question, query)) or _ACROSS.search(question))


def _course(corpus: Corpus, question: str, query: Query, held: Sequence[_Held]) -> Measured | None:
    """Return the lines that a question compares or follows through several documents, side by side."""
    body = _body(question, query)
    lines = _distinct(_lines(body))
    more = frozenset(_more(corpus, body, [span for _, span in lines]) - _COURSE_WORDS)
    if not lines or (more and len(lines) > 1) or len(more) > _MOST_WORDS:
        return None
    asked, found = tuple(sorted(years(body))), list[Found]()
    for doc in sorted(corpus.documents):
        own = [one for one in held if corpus.pages[one.at].doc == doc]
        for year in asked or ((_latest(own),) if own else ()):
            found += [one for line, _ in lines if (one := _found(corpus, own, Sought(line.name, year, more), question))]
    return Measured("", tuple(found), is_percent=False) if len(found) > 1 else None


def _distinct(lines: list[tuple[Line, tuple[int, int]]]) -> list[tuple[Line, tuple[int, int]]]:
    """Leave out a line whose name is a part of another's."""
    return [
        (line, (start, end))
        for at, (line, (start, end)) in enumerate(lines)
        if not any(start < other_end and other_start < end for _, (other_start, other_end) in lines[:at])
    ]


def operands(corpus: Corpus, question: str, query: Query) -> tuple[Found, ...]:
    """Return the lines of statements that the question needs as far as these pages hold them; the others may be in another batch."""
    held = list(_held(corpus))
    if held and _is_course(question, query):
        course = _course(corpus, question, query, held)
        return course.operands if course else ()
    plans = list(_plans(corpus, question, query, held)) if held else []
    sought = dict.fromkeys(one for plan in plans for one in plan.operands)
    return tuple(found for one in sought if (found := _found(corpus, held, one, question)))


def _held(corpus: Corpus) -> Iterator[_Held]:
    for at, page in enumerate(corpus.pages):
        yield from (_Held(at, statement) for statement in statements(page.reading) if statement.rows)


def _plans(corpus: Corpus, question: str, query: Query, held: Sequence[_Held]) -> Iterator[Plan]:
    """Yield the ways in which the question can be read, the likeliest first."""
    body = _body(question, query)
    asked = tuple(sorted(years(body))) or tuple(sorted(years(question))) or (_latest(held),)
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


def _latest(held: Sequence[_Held]) -> int:
    """Return the last year that the statements report, where the question names none."""
    return max((value.year for one in held for row in one.statement.rows for value in row.values), default=0)


def _found(corpus: Corpus, held: Sequence[_Held], sought: Sought, question: str) -> Found | None:
    """Return the value of a line in a year from the statement that fits best."""
    line = known().lines[sought.line]
    if sought.part:
        return _part_found(corpus, sought, question, {corpus.pages[one.at].doc for one in held})
    found: list[tuple[float, _Held, StatementRow, Value]] = []
    for one in held:
        if one.statement.kind == line.statement:
            year = _calendar_year(corpus, one.at, one.statement.rows, sought.year)
            for row in one.statement.rows:
                rank, value = _rank(line, row), _in_period(row, one.statement.rows, year, question)
                if rank is not None and value:
                    found.append((one.statement.fit - 0.08 * rank, one, row, value))
    if not found:
        return None
    score, one, row, value = max(found, key=lambda each: (each[0], -each[1].at))
    return _as_found(corpus, one, row, value, line, score) if score >= _LEAST else None


def _part_found(corpus: Corpus, sought: Sought, question: str, docs: set[int]) -> Found | None:
    """Return the part of a line from the first table that has a row of its name and ends in the line."""
    line = known().lines[sought.line]
    for at, page in enumerate(corpus.pages):
        rows = rows_of(page.reading) if page.doc in docs and sought.part <= corpus.page_terms[at] else ()
        ends = [number for number, row in enumerate(rows) if _rank(line, row) is not None]
        year = _calendar_year(corpus, at, rows, sought.year)
        for row in rows[: max(ends, default=0)]:
            value = _in_period(row, rows, year, question)
            if value and {word for word in terms(row.label) if len(word) > 1} - known().plain == sought.part:
                scale, currency = page_scale(page.reading)
                held = _Held(at, Statement(line.statement, _PART, rows, scale, currency))
                return _as_found(corpus, held, row, value, line, _PART)
    return None


def _in_period(row: StatementRow, rows: Sequence[StatementRow], year: int, question: str) -> Value | None:
    """Return the row's number for a year: of three months where a quarter is asked for or the report is a quarter's."""
    values = [value for value in row.values if value.year == year]
    lengths = {value.months for one in rows for value in one.values}
    is_quarter = bool(_QUARTER.search(question)) or (3 in lengths and 12 not in lengths)
    return min(values, key=lambda value: _unlike(value.months, is_quarter=is_quarter), default=None)


def _unlike(months: int, *, is_quarter: bool) -> int:
    """Rank the lengths of periods: three months where a quarter is asked for, else a year or a day."""
    order = (3, 0, 6, 9, 12) if is_quarter else (12, 0, 9, 6, 3)
    return order.index(months)


def _calendar_year(corpus: Corpus, at: int, rows: Sequence[StatementRow], year: int) -> int:
    """Return the calendar year in which a fiscal year's column ends: a report named after 2023 may end in December 2022."""
    printed = {value.year for row in rows for value in row.values}
    named = years(corpus.pages[at].filename.replace("_", " "))
    shift = named[0] - max(printed) if printed and len(named) == 1 else 0
    return year - shift if shift == 1 else year


def _rank(line: Line, row: StatementRow) -> int | None:
    label = plain_label(row.label)
    return next((rank for rank, pattern in enumerate(line.labels) if pattern.fullmatch(label)), None)


def _as_found(corpus: Corpus, one: _Held, row: StatementRow, value: Value, line: Line, score: float) -> Found:
    page = corpus.pages[one.at]
    rect, words = row_words(row, value)
    amount = value.amount
    if line.is_size and amount.value < 0:
        amount = amount._replace(value=-amount.value, text=amount.text.strip("()-\u2212 "))
    return Found(
        score=score,
        text=amount.text,
        amount=amount,
        factor=one.statement.scale,
        currency=amount.currency or one.statement.currency,
        label=row.label,
        header=str(value.year),
        place=(page.doc, page.page, 0),
        row=0,
        evidence=cite_rect(page, rect, words),
    )
