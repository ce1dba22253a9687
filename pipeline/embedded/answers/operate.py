"""Find the printed values that a question's operation needs, each of them cited, in the order in which it takes them."""

import re
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.lookup import Wanted, look_up
from pipeline.embedded.answers.operands import measure_of, operands_of
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.spans import pick
from pipeline.embedded.answers.wording import OUTFLOW
from schemas.extraction import AnswerKind, Operation

_CHOICES = 6
_DOWN = re.compile(r"\b(?:decreas|declin|fall|fell|drop|shr[aiu]nk|reduc|lower|smaller|less|fewer|worse)", re.IGNORECASE)


class Result(NamedTuple):
    """An operation of the model's contract with the values it takes. `labels` name what is compared, where a name is asked for."""

    operation: Operation
    operands: tuple[Found, ...]
    labels: tuple[str, ...]
    score: float


def seek(corpus: Corpus, query: Query, words: Sequence[str], year: int, kind: AnswerKind) -> list[Found]:
    """Return values for `words` from tables, charts and sentences, best first."""
    wanted = Wanted(tuple(words), year, kind, query.pages, frozenset(query.names), query.at_end, query.is_count)
    return sorted(look_up(corpus, wanted) + pick(corpus, query, wanted), key=lambda found: -found.score)


def compute(corpus: Corpus, query: Query) -> Result | None:
    """Return the operation that `query` asks for with its operands, or None where one of them is not to be found."""
    return _computed(corpus, query, operands_of(query))


def measure(corpus: Corpus, query: Query) -> Result | None:
    """Return a measure that `query` names, such as a margin, by the lines it is defined by; None if it names none."""
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
    total += 0.06 * all(first.label and o.label == first.label for o in operands)
    total += 0.06 * all(o.place == first.place for o in operands)
    total += 0.03 * all(o.row == first.row for o in operands)
    total += 0.04 * all(first.header and o.header == first.header for o in operands)
    return total + 0.05 * all(o.factor == first.factor for o in operands)


def _result(query: Query, operands: tuple[Found, ...], years: list[int]) -> Result:
    """Put the operands in the order of the contract: what is asked about first, what it is set against second."""
    score = min(operand.score for operand in operands)
    if query.operation in {"choice", "trend"}:
        return _comparison(query, operands, years, score)
    year_of = dict(zip(operands, years, strict=True))
    if query.operation == "growth":
        operands = operands[::-1]
    elif query.operation == "difference":
        operands = _minuend_first(query, operands, is_over_time=years[0] != years[-1])
    return Result(_CONTRACT[query.operation], operands, tuple(_named(operand, year_of[operand]) for operand in operands), score)


_CONTRACT: dict[str, Operation] = {
    "growth": "percent_change",
    "difference": "difference",
    "ratio": "ratio",
    "multiple": "ratio",
    "share": "share",
    "sum": "sum",
    "average": "average",
}


def _minuend_first(query: Query, operands: tuple[Found, ...], *, is_over_time: bool) -> tuple[Found, ...]:
    """A change has a sign, from the earlier to the later; any other difference is that of the larger and the smaller."""
    if re.search(r"\bchange\b", query.text, re.IGNORECASE):
        return operands[::-1] if is_over_time else operands
    is_size = bool(OUTFLOW.search(query.text))
    return tuple(sorted(operands, key=lambda operand: abs(operand.full) if is_size else operand.full, reverse=True))


def _comparison(query: Query, operands: tuple[Found, ...], years: list[int], score: float) -> Result:
    """Ask for "did it rise", "was A higher than B", or "which is larger, A or B"."""
    wants_less = bool(_DOWN.search(query.text))
    if query.kind == "boolean":
        is_later_first = query.operation == "trend" or (years[0] != years[-1] and not _names_first(query, years[0]))
        pairs = [(operand, _named(operand, year)) for operand, year in zip(operands, years, strict=True)]
        pairs = pairs[::-1] if is_later_first != wants_less else pairs
        return Result("exceeds", tuple(operand for operand, _ in pairs), tuple(label for _, label in pairs), score)
    names = {operand.label for operand in operands}
    by_year = len(names) == 1 and len(set(years)) > 1
    labels = tuple(
        str(year) if by_year else operand.label if len(names) > 1 else operand.header for operand, year in zip(operands, years, strict=True)
    )
    return Result("minimum" if wants_less else "maximum", operands, labels, score)


def _names_first(query: Query, year: int) -> bool:
    """True for "was it higher in 2021 than in 2023", where the year asked about is the first that is named."""
    return bool(re.search(rf"{year}\b.*\bthan\b", query.text))


def _named(found: Found, year: int) -> str:
    return " ".join(filter(None, [found.label, str(year) if year else found.header])).strip()
