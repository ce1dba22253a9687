"""Compute what a question asks for from values that are printed, each of them cited."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.lookup import Wanted, look_up
from pipeline.embedded.answers.operands import measure_of, operands_of
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.spans import pick
from pipeline.embedded.answers.wording import Operation
from schemas.extraction import AnswerKind

_CHOICES = 6
_DOWN = re.compile(r"\b(?:decreas|declin|fall|fell|drop|shr[aiu]nk|reduc|lower|smaller|less|fewer|worse)", re.IGNORECASE)


class Result(NamedTuple):
    """A computed value and what it rests on. `said` is the sentence that tells how."""

    kind: AnswerKind
    value: Decimal
    factor: int
    currency: str | None
    text: str
    operands: tuple[Found, ...]
    said: str
    score: float


def seek(corpus: Corpus, query: Query, words: Sequence[str], year: int, kind: AnswerKind) -> list[Found]:
    """Return values for `words` from tables, charts and sentences, best first."""
    wanted = Wanted(tuple(words), year, kind, query.pages, frozenset(query.names), query.at_end, query.is_count)
    return sorted(look_up(corpus, wanted) + pick(corpus, query, wanted), key=lambda found: -found.score)


def compute(corpus: Corpus, query: Query) -> Result | None:
    """Return what `query`'s operation gives, or None where an operand is not to be found."""
    return _computed(corpus, query, operands_of(query))


def measure(corpus: Corpus, query: Query) -> Result | None:
    """Return a measure that `query` names, such as a margin, from the lines it is defined by; None if it names none."""
    found = measure_of(query)
    return _computed(corpus, query._replace(operation=found[0], kind="number"), found[1]) if found else None


def _computed(corpus: Corpus, query: Query, sought: list[tuple[tuple[str, ...], int]]) -> Result | None:
    if len(sought) < 2:
        return None
    wants_points = query.operation == "difference" and query.kind == "percent"
    choices = [seek(corpus, query, words, year, "percent" if wants_points else "number") for words, year in sought]
    if wants_points and not all(choices):
        choices = [seek(corpus, query, words, year, "number") for words, year in sought]
    if not all(choices):
        return None
    operands = max(product(*(some[: _CHOICES if len(choices) <= 4 else 1] for some in choices)), key=_agreement)
    if len({(operand.text, operand.header, operand.place, operand.row, operand.evidence.quote) for operand in operands}) < len(operands):
        return None  # one printed value cannot be two operands
    return _result(query, operands, [year for _, year in sought])


def _agreement(operands: tuple[Found, ...]) -> float:
    """Prefer operands that score well and stand in one row, one table, one column, in one unit."""
    first, total = operands[0], sum(operand.score for operand in operands) / len(operands)
    if any(o.is_percent != first.is_percent for o in operands):
        total -= 0.5
    if len({(o.place, o.row, o.text) for o in operands}) < len(operands):
        total -= 0.3
    total += 0.06 * all(o.label == first.label for o in operands)
    total += 0.06 * all(o.place == first.place for o in operands)
    total += 0.03 * all(o.row == first.row for o in operands)
    total += 0.04 * all(o.header == first.header for o in operands)
    return total + 0.05 * all(o.factor == first.factor for o in operands)


def _result(query: Query, operands: tuple[Found, ...], years: list[int]) -> Result:
    shown = [_shown(operand, year) for operand, year in zip(operands, years, strict=True)]
    if query.operation in {"choice", "trend"}:
        return _compared(query, operands, years, shown)
    factor = operands[0].factor if all(o.factor == operands[0].factor for o in operands) else 1
    values = [operand.value if factor == operand.factor else operand.full for operand in operands]
    said = _SAID[query.operation].format(first=shown[0], last=shown[-1], all=", ".join(shown))
    score = min(operand.score for operand in operands)
    if query.operation in _RELATIVE:
        kind, times = _RELATIVE[query.operation]
        return Result(kind, times * _quotient(query.operation, values[0], values[-1]), 1, None, "", operands, said, score)
    kind = "percent" if operands[0].is_percent else "currency" if operands[0].currency else "number"
    value = _combined(query, values, is_over_time=years[0] != years[-1])
    return Result(kind, value, 1 if kind == "percent" else factor, operands[0].currency, "", operands, said, score)


_SAID = {
    "difference": "The difference between {first} and {last}.",
    "growth": "From {first} to {last}, as a percentage of the former.",
    "share": "{first} as a percentage of {last}.",
    "ratio": "{first} divided by {last}.",
    "multiple": "{first} divided by {last}.",
    "sum": "The sum of {all}.",
    "average": "The mean of {all}.",
}
_RELATIVE: dict[str, tuple[AnswerKind, int]] = {
    "growth": ("percent", 100),
    "share": ("percent", 100),
    "ratio": ("number", 1),
    "multiple": ("number", 1),
}


def _quotient(operation: Operation, a: Decimal, b: Decimal) -> Decimal:
    """Return the growth from `a` to `b`, or `a` as a part of `b`; 0 where that is undefined."""
    if operation == "growth":
        return (b - a) / abs(a) if a else Decimal(0)
    return a / b if b else Decimal(0)


def _combined(query: Query, values: list[Decimal], *, is_over_time: bool) -> Decimal:
    if query.operation == "difference":
        signed = values[-1] - values[0] if is_over_time else values[0] - values[-1]
        return signed if re.search(r"\bchange\b", query.text, re.IGNORECASE) else abs(signed)
    total = sum(values, Decimal(0))
    return total / len(values) if query.operation == "average" else total


def _compared(query: Query, operands: tuple[Found, ...], years: list[int], shown: list[str]) -> Result:
    """Answer "did it rise", "was A higher than B", "which is larger, A or B"."""
    first, last = operands[0], operands[-1]
    score = min(operand.score for operand in operands)
    wants_less = bool(_DOWN.search(query.text))
    is_more = last.full > first.full if query.operation == "trend" or years[0] != years[-1] else first.full > last.full
    if query.kind == "boolean":
        text = "yes" if is_more != wants_less and first.full != last.full else "no"
        return Result("boolean", Decimal(0), 1, None, text, operands, f"{shown[0]}; {shown[-1]}.", score)
    ordered = sorted(zip(operands, years, strict=True), key=lambda pair: pair[0].full)
    winner, year = ordered[0] if wants_less else ordered[-1]
    names = {o.label for o in operands}
    text = winner.label if len(names) > 1 else str(year) if len(set(years)) > 1 else winner.header
    return Result("text", Decimal(0), 1, None, text, operands, f"{shown[0]}; {shown[-1]}.", score)


def _shown(found: Found, year: int) -> str:
    name = " ".join(filter(None, [found.label, str(year) if year else found.header])).strip()
    return f"{found.text} ({name})" if name else found.text
