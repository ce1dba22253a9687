"""Which printed values an operation needs, read from the wording of the question."""

import re

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.question import Query, content
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.answers.wording import MORE, Operation

_VERB = r"(?:was|were|is|are|did|does|do|came|comes|come|went|has|had|have|goes|go|represents?|represented|accounts? for)"
_PAIRS = {
    "difference": (
        r"\bbetween (.+?) and (.+)",
        rf"\bhow (?:much|many)(?: \w+)? {MORE}\b(.+?)\bthan (.+)",
        r"(.+?)\b(?:minus|less) (.+)",
    ),
    "choice": (
        rf"\bwhich of (?:the )?(.+?),? (?:and|or) (.+?) {_VERB}\b",
        r"[,:?] (?:the )?(.+?),? or (.+)",
        rf"(.+?)\b{MORE}\b.*?\bthan (.+)",
        r"(.+?)\b(?:exceed|surpass)\w*\b(.+)",
        r"(.+?)\bor\b(.+)",
    ),
    "ratio": (
        r"\bratio (?:of|between) (.+?) (?:to|and) (.+)",
        r"(?:what (?:is|was) )?(?:the )?(.+?) to (.+?) ratio",
        r"(.+?) divided by (.+)",
    ),
    "sum": (r"\b(?:sum|total) of (.+?) and (.+)", r"\bof (.+?) and (.+)", r"(.+?) and (.+)"),
    "multiple": (rf"how many times (?:{MORE}|as \w+)?(.+?)\b(?:than|as) (.+)",),
}
_PARTS = (
    (rf"\bwhat (?:percent(?:age)?|share|proportion|fraction|%) of (.+?) {_VERB} (.+)", True),
    (r"(.+?)\bas an? (?:percent(?:age)?|share|proportion|fraction|%) of (.+)", False),
)


# Measures that statements seldom print, by their usual definitions: the operation, and the two lines it needs.
_MEASURES: tuple[tuple[str, Operation, str, str], ...] = (
    (r"\bcurrent ratio\b", "ratio", "total current assets", "total current liabilities"),
    (r"\bworking capital\b", "difference", "total current assets", "total current liabilities"),
    (r"\bgross (?:profit )?margin\b", "share", "gross profit", "net revenue"),
    (r"\boperating (?:profit )?margin\b", "share", "operating income", "net revenue"),
    (r"\b(?:net|profit) margin\b", "share", "net income", "net revenue"),
    (r"\breturn on assets\b", "share", "net income", "total assets"),
    (r"\breturn on equity\b", "share", "net income", "total shareholders equity"),
    (r"\bdebt[- ]to[- ]equity\b", "ratio", "total debt", "total shareholders equity"),
    (r"\binterest coverage\b", "ratio", "operating income", "interest expense"),
    (r"(?<!fixed )\basset turnover\b", "ratio", "net revenue", "total assets"),
)


def measure_of(query: Query) -> tuple[Operation, list[tuple[tuple[str, ...], int]]] | None:
    """Return the operation and the operands of a named measure such as "current ratio", or None."""
    year = query.years[-1] if query.years else 0
    for pattern, operation, first, second in _MEASURES:
        if len(query.years) <= 1 and re.search(pattern, query.text, re.IGNORECASE):
            return operation, [(terms(first), year), (terms(second), year)]
    return None


def operands_of(query: Query) -> list[tuple[tuple[str, ...], int]]:
    """Return the terms and the year (0: any) of each value that the operation needs; fewer than two if the wording names none."""
    pair = _pair(query)
    if pair and not (query.operation == "sum" and len(query.years) >= 2):
        year = query.years[-1] if query.years else 0
        parts = _expanded(query, *map(content, pair))
        return [(words, _year_in(part, year)) for words, part in zip(parts, pair, strict=True)]
    return [(query.words, year) for year in _years(query)]


def _years(query: Query) -> tuple[int, ...]:
    """Return the years to compare: "in 2023" of a change means since 2022, and an average runs over all years between."""
    if query.operation in {"ratio", "multiple"}:
        return tuple(years(query.text)) if len(query.years) == 2 else ()
    if query.operation == "share":
        return ()
    if query.operation == "average" and len(query.years) == 2:
        return tuple(range(query.years[0], query.years[1] + 1))
    if len(query.years) == 1 and query.operation in {"growth", "trend", "difference"}:
        return (query.years[0] - 1, query.years[0])
    return query.years if len(query.years) >= 2 else ()


def _year_in(part: str, default: int) -> int:
    found = re.search(r"\b(?:19|20)\d\d\b", part)
    return int(found[0]) if found else default


def _pair(query: Query) -> tuple[str, str] | None:
    """Return the two things that the question sets against each other: for a share the part first, then the whole."""
    text = query.text.rstrip("?. ")
    for pattern, is_whole_first in _PARTS if query.operation == "share" else ():
        if found := re.search(pattern, text, re.IGNORECASE):
            return (found[2], found[1]) if is_whole_first else (found[1], found[2])
    found_all = (re.search(pattern, text, re.IGNORECASE) for pattern in _PAIRS.get(query.operation, ()))
    return next(((found[1], found[2]) for found in found_all if found and _are_things(found[1], found[2])), None)


def _are_things(a: str, b: str) -> bool:
    """True if both texts name something, and not the same; False for "2022" and "2023"."""
    first, second = content(a), content(b)
    is_year = re.match(r"\W*(?:the )?(?:year |fiscal |FY)?\s*(?:19|20)\d\d\b", b)
    return bool(first and second) and set(first) != set(second) and not is_year


def _expanded(query: Query, a: tuple[str, ...], b: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Complete "the revenue of Trail and Water" to (revenue, Trail) and (revenue, Water)."""
    outside = tuple(word for word in query.words if word not in a and word not in b)
    if query.operation in {"ratio", "share"}:
        return [a + tuple(w for w in outside if w in query.names), b + tuple(w for w in outside if w in query.names)]
    if len(b) < len(a):
        b = tuple(dict.fromkeys((*(word for word in a[: len(a) - len(b)] if word not in query.names), *b)))
    elif len(a) < len(b):
        a = tuple(dict.fromkeys((*a, *b[len(a) :])))
    return [a + outside, b + outside]
