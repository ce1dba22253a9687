"""Compute what a question asks for from values that are printed, each of them cited."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.lookup import Wanted, look_up
from pipeline.embedded.answers.question import Query, content
from pipeline.embedded.answers.spans import pick
from schemas.extraction import AnswerKind

_CHOICES = 6
_COMPARED = r"(?:more|less|fewer|higher|lower|greater|larger|smaller|longer|shorter|heavier|lighter|better|worse|bigger|cheaper|older|newer|faster|slower)"
_VERB = r"(?:was|were|is|are|did|does|do|came|comes|come|went|has|had|have|goes|go|represents?|represented|accounts? for)"
_PAIRS = {
    "difference": (
        r"\bbetween (.+?) and (.+)",
        rf"\bhow (?:much|many)(?: \w+)? {_COMPARED}\b(.+?)\bthan (.+)",
        r"(.+?)\b(?:minus|less) (.+)",
    ),
    "choice": (
        r"[,:?] (?:the )?(.+?),? or (.+)",
        rf"(.+?)\b{_COMPARED}\b.*?\bthan (.+)",
        r"(.+?)\b(?:exceed|surpass)\w*\b(.+)",
        r"(.+?)\bor\b(.+)",
    ),
    "ratio": (
        r"\bratio (?:of|between) (.+?) (?:to|and) (.+)",
        r"(?:what (?:is|was) )?(?:the )?(.+?) to (.+?) ratio",
        r"(.+?) divided by (.+)",
    ),
    "sum": (r"\b(?:sum|total) of (.+?) and (.+)", r"\bof (.+?) and (.+)", r"(.+?) and (.+)"),
    "multiple": (rf"how many times (?:{_COMPARED}|as \w+)?(.+?)\b(?:than|as) (.+)",),
}
_PARTS = (
    (rf"\bwhat (?:percent(?:age)?|share|proportion|fraction|%) of (.+?) {_VERB} (.+)", True),
    (r"(.+?)\bas an? (?:percent(?:age)?|share|proportion|fraction|%) of (.+)", False),
)
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
    sought = _operands(query)
    if len(sought) < 2:
        return None
    kind: AnswerKind = "percent" if query.operation == "difference" and query.kind == "percent" else "number"
    choices = [seek(corpus, query, words, year, kind)[:_CHOICES] for words, year in sought]
    if kind == "percent" and query.operation == "difference":
        numbers = [seek(corpus, query, words, year, "number")[:_CHOICES] for words, year in sought]
        choices = choices if all(choices) else numbers
    if not all(choices):
        return None
    operands = max(product(*(some[:_CHOICES] for some in choices[:4])), key=_agreement)
    if len({operand.evidence.quote + operand.text + operand.header + str(operand.place) for operand in operands}) < len(operands):
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


def _operands(query: Query) -> list[tuple[tuple[str, ...], int]]:
    """Return the terms and the year of each value that the operation needs."""
    year = query.years[-1] if query.years else 0
    pair = _pair(query)
    if pair and not (query.operation == "sum" and len(query.years) >= 2):
        from_text = [_year_in(part, year) for part in pair]
        return list(zip(_expanded(query, *map(content, pair)), from_text, strict=True))
    if query.operation == "sum" and len(query.years) >= 2:
        return [(query.words, y) for y in query.years]
    if query.operation in {"ratio", "share", "sum", "multiple"}:
        return []
    if query.operation == "average" and len(query.years) == 2:
        return [(query.words, y) for y in range(query.years[0], query.years[1] + 1)]
    if len(query.years) >= 2:
        return [(query.words, y) for y in query.years]
    if year and query.operation in {"growth", "trend", "difference"}:
        return [(query.words, year - 1), (query.words, year)]
    return []


def _year_in(part: str, default: int) -> int:
    found = re.search(r"\b(?:19|20)\d\d\b", part)
    return int(found[0]) if found else default


def _pair(query: Query) -> tuple[str, str] | None:
    """Return the two things that the question sets against each other: for a share the part first, then the whole."""
    text = query.text.rstrip("?. ")
    for pattern, is_whole_first in _PARTS if query.operation == "share" else ():
        if found := re.search(pattern, text, re.IGNORECASE):
            return (found[2], found[1]) if is_whole_first else (found[1], found[2])
    for pattern in _PAIRS.get(query.operation, ()):
        found = re.search(pattern, text, re.IGNORECASE)
        if found and content(found[1]) and content(found[2]) and set(content(found[1])) != set(content(found[2])):
            if not re.fullmatch(r"\W*(?:the )?(?:year |fiscal |FY)?\s*(?:19|20)\d\d\W*.*", found[2]):
                return found[1], found[2]
    return None


def _expanded(query: Query, a: tuple[str, ...], b: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Complete "the revenue of Trail and Water" to (revenue, Trail) and (revenue, Water)."""
    outside = tuple(word for word in query.words if word not in a and word not in b)
    if query.operation in {"ratio", "share"}:
        return [a + tuple(w for w in outside if w in query.names), b + tuple(w for w in outside if w in query.names)]
    if len(b) < len(a):
        b = tuple(dict.fromkeys((*a[: len(a) - len(b)], *b)))
    elif len(a) < len(b):
        a = tuple(dict.fromkeys((*a, *b[len(a) :])))
    return [a + outside, b + outside]


def _result(query: Query, operands: tuple[Found, ...], years: list[int]) -> Result:
    first = operands[0]
    score = min(operand.score for operand in operands)
    factor = first.factor if all(o.factor == first.factor for o in operands) else 1
    values = [o.value if factor == o.factor else o.full for o in operands]
    shown = [_shown(o, year) for o, year in zip(operands, years, strict=True)]
    kind: AnswerKind = "percent" if first.is_percent else "currency" if first.currency else "number"

    def result(kind: AnswerKind, value: Decimal, said: str, text: str = "") -> Result:
        is_plain = kind in {"percent", "text", "boolean"} or query.operation in {"ratio", "multiple"}
        return Result(kind, value, 1 if is_plain else factor, None if is_plain else first.currency, text, operands, said, score)

    a, b = values[0], values[-1]
    match query.operation:
        case "difference":
            signed = b - a if years[0] != years[-1] else a - b
            return result(
                kind,
                signed if re.search(r"\bchange\b", query.text, re.IGNORECASE) else abs(signed),
                f"The difference between {shown[0]} and {shown[-1]}.",
            )
        case "growth":
            return result(
                "percent", 100 * (b - a) / abs(a) if a else Decimal(0), f"From {shown[0]} to {shown[-1]}, as a percentage of the former."
            )
        case "share":
            return result("percent", 100 * a / b if b else Decimal(0), f"{shown[0]} as a percentage of {shown[-1]}.")
        case "ratio" | "multiple":
            return result("number", a / b if b else Decimal(0), f"{shown[0]} divided by {shown[-1]}.")
        case "sum":
            return result(kind, sum(values, Decimal(0)), "The sum of " + " and ".join(shown) + ".")
        case "average":
            return result(kind, sum(values, Decimal(0)) / len(values), "The mean of " + ", ".join(shown) + ".")
        case _:
            return _compared(query, operands, years, shown, score)


def _compared(query: Query, operands: tuple[Found, ...], years: list[int], shown: list[str], score: float) -> Result:
    """Answer "did it rise", "was A higher than B", "which is larger, A or B"."""
    first, last = operands[0], operands[-1]
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
