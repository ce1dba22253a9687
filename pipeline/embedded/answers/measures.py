"""Answer from the statements of a filing: one of their lines, or a measure computed from several, each operand cited."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_rect
from pipeline.embedded.answers.filings import Line, known, plain_label
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.plans import Sought, course_of, is_course, plans
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.statements import Statement, StatementRow, Value, page_scale, row_words, rows_of, statements
from pipeline.embedded.answers.terms import terms

_QUARTER = re.compile(r"\bQ[1-4]\b|\bquarter(?:ly)?\b|\bthree months\b|\b10-?Q\b", re.IGNORECASE)
_PART = 0.9
_LEAST = 0.5


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
    if is_course(question, query):
        return _course(corpus, question, query, held)  # one number is no answer to it
    for plan in plans(corpus, question, query, _latest(corpus, held)):
        found = [one for sought in plan.operands if (one := _found(corpus, held, sought, question))]
        if len(found) == len(plan.operands):
            return Measured(plan.formula, tuple(found), plan.is_percent)
    return None


def _course(corpus: Corpus, question: str, query: Query, held: Sequence[_Held]) -> Measured | None:
    """Return the lines that a question compares or follows through several documents, side by side."""
    asked, found = course_of(corpus, question, query), list[Found]()
    if asked is None:
        return None
    for doc in sorted(corpus.documents):
        own = [one for one in held if corpus.pages[one.at].doc == doc]
        for year in asked.years or ((_latest(corpus, own),) if own else ()):
            found += [one for line in asked.lines if (one := _found(corpus, own, Sought(line, year, asked.part), question))]
    return Measured("", tuple(found), is_percent=False) if len(found) > 1 else None


def operands(corpus: Corpus, question: str, query: Query) -> tuple[Found, ...]:
    """Return the lines of statements that the question needs as far as these pages hold them; the others may be in another batch."""
    held = list(_held(corpus))
    if held and is_course(question, query):
        course = _course(corpus, question, query, held)
        return course.operands if course else ()
    ways = plans(corpus, question, query, _latest(corpus, held)) if held else ()
    sought = dict.fromkeys(one for plan in ways for one in plan.operands)
    return tuple(found for one in sought if (found := _found(corpus, held, one, question)))


def _held(corpus: Corpus) -> Iterator[_Held]:
    for at, page in enumerate(corpus.pages):
        yield from (_Held(at, statement) for statement in statements(page.reading) if statement.rows)


def _latest(corpus: Corpus, held: Sequence[_Held]) -> int:
    """Return the last year that the statements report, where the question names none."""
    rows = [(one.at, one.statement.rows) for one in held]
    return max((value.year + _shift(corpus, at, some) for at, some in rows for row in some for value in row.values), default=0)


def _found(corpus: Corpus, held: Sequence[_Held], sought: Sought, question: str) -> Found | None:
    """Return the value of a line in a year from the statement that fits best."""
    line = known().lines[sought.line]
    if sought.part:
        return _part_found(corpus, sought, question, {corpus.pages[one.at].doc for one in held})
    found: list[tuple[float, _Held, StatementRow, Value]] = []
    for one in held:
        if one.statement.kind == line.statement:
            year = sought.year - _shift(corpus, one.at, one.statement.rows)
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
        year = sought.year - _shift(corpus, at, rows)
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


def _shift(corpus: Corpus, at: int, rows: Sequence[StatementRow]) -> int:
    """Return 1 where a fiscal year is named after the year that follows: a report of 2023 whose last column ends in 2022."""
    printed = {value.year for row in rows for value in row.values}
    named = years(corpus.pages[at].filename.replace("_", " "))
    return int(bool(printed) and len(named) == 1 and named[0] - max(printed) == 1)


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
