"""Which labels of a chart a question names: periods by what they mean, names by the words they share. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from rapidfuzz.distance import Indel

from pipeline.embedded.answers.terms import terms

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_PART = re.compile(rf"\b({'|'.join(_ORDINALS)}) (quarter|half)\b")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SHORT = r"(?:['\u2019\u2018](?P<short>\d\d)|(?P<full>(?:19|20)\d\d))"
_SEASON = re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[/\u2013-]\s?((?:19|20)?\d\d)(?!\d)")
_QUARTER = re.compile(rf"\b(?:q(?P<a>[1-4]) ?(?:of )?{_SHORT}|(?P<y>(?:19|20)\d\d) ?q(?P<b>[1-4]))\b")
_QUARTER_FIRST = re.compile(rf"\b(?P<a>[1-4])q ?(?:of )?(?:{_SHORT}|(?P<y>\d\d)\b)")
_SHORT_LABEL = re.compile(r"['\u2019\u2018.:,](\d\d)")
_COUNTRIES = ((re.compile(r"\bU\.?\s?S\.?(?:A\.?)?(?![\w$])"), "United States"), (re.compile(r"\bU\.?K\.?(?!\w)"), "United Kingdom"))
_HALF = re.compile(r"\b(?:[hs](?P<a>[12]) ?(?:of )?(?P<x>(?:19|20)\d\d)|(?P<y>(?:19|20)\d\d) ?[hs](?P<b>[12]))\b")
_MONTH_YEAR = re.compile(rf"\b{_MONTH},?(?: of)?(?: \d{{1,2}},)? ?{_SHORT}(?!\d)")
_ONLY_YEAR = re.compile(r"(?<![\d.,])(?:fy ?)?(?P<year>1[89]\d\d|20\d\d)(?![\d%]|[.,]\d)")
_ONE = {"man": "mal", "men": "mal", "woman": "femal", "women": "femal"}  # by their stems
_WEAK = 0.5
"""A year where the chart has its parts, or a part where the chart has years."""
_ALIKE = 0.8
_ENOUGH = 0.5
"""Of a name's words, rare ones counting more, that a question has to repeat."""


class Period(NamedTuple):
    """A year, or a part of it such as "q1", "h2" or "m05"; a season "2018/19" has its second year in `part`. Months alone are of year 0."""

    year: int
    part: str = ""


def periods(text: str) -> tuple[Period, ...]:
    """Return the periods that a text names, in its order as far as they are of one kind."""
    rest = _PART.sub(lambda found: f"{found[2][0]}{_ORDINALS[found[1]]}", text.lower())
    found: list[Period] = []
    for pattern, read in _READERS:
        found += [read(match) for match in pattern.finditer(rest)]
        rest = pattern.sub(" ", rest)
    return tuple(dict.fromkeys(found))


def _season(match: re.Match[str]) -> Period:
    return Period(int(match[1]), f"/{match[2][-2:]}")


def _quarter(match: re.Match[str]) -> Period:
    return Period(_year_of(match["short"], match["full"] or match["y"]), f"q{match['a'] or match['b']}")


def _quarter_first(match: re.Match[str]) -> Period:
    return Period(_year_of(match["short"] or match["y"], match["full"]), f"q{match['a']}")


def _half(match: re.Match[str]) -> Period:
    return Period(int(match["x"] or match["y"]), f"h{match['a'] or match['b']}")


def _month(match: re.Match[str]) -> Period:
    return Period(_year_of(match["short"], match["full"]), _part(match))


def _part(match: re.Match[str]) -> str:
    return f"m{_MONTHS.index(match['month']) + 1:02d}"


def _year_of(short: str | None, full: str | None) -> int:
    return int(full) if full else 2000 + int(short or 0) - (100 if int(short or 0) > 60 else 0)


_READERS = (
    (_SEASON, _season),
    (_QUARTER, _quarter),
    (_QUARTER_FIRST, _quarter_first),
    (_HALF, _half),
    (_MONTH_YEAR, _month),
    (_ONLY_YEAR, lambda match: Period(int(match["year"]))),
)


@cache
def period_of(label: str) -> Period | None:
    """Return the period that a label is, None if it is anything else or more."""
    bare = re.sub(r"[*\u2020\s]+$", "", label)
    month = re.fullmatch(_MONTH, bare.lower())
    short = _SHORT_LABEL.fullmatch(bare)
    if short:
        return Period(_year_of(short[1], None))
    found = (Period(0, _part(month)),) if month else periods(bare)
    is_whole = len(found) == 1 and not re.search(r"[a-z]{3,}", re.sub(rf"\b{_MONTH}|\bfy\b", "", bare.lower()))
    return found[0] if is_whole else None


class Named(NamedTuple):
    """A label that a question names: its place among the labels, and how surely, from 0 to 1."""

    at: int
    score: float


def named(labels: Sequence[str], question: str) -> tuple[Named, ...]:
    """Return the labels that the question names, the surest first; of labels that one word names only the surest."""
    own = [period_of(label) for label in labels]
    if sum(period is not None for period in own) > 0.6 * len(labels):
        return _named_periods(own, periods(question))
    spans = [frozenset(periods(label)) for label in labels]
    if sum(map(bool, spans)) > 0.6 * len(labels):
        return _named_spans(spans, periods(question))
    return _named_words([_plain(label) for label in labels], _plain(question)) or _dated(labels, periods(question))


def _plain(text: str) -> str:
    for pattern, name in _COUNTRIES:
        text = pattern.sub(name, text)
    return text


def _dated(labels: Sequence[str], asked: Sequence[Period]) -> tuple[Named, ...]:
    """Return the only label that mentions a period that is asked for, such as "Drought of 2011 (Texas)"."""
    found = [at for at, label in enumerate(labels) if set(periods(label)) & set(asked)]
    return (Named(found[0], _WEAK),) if len(found) == 1 else ()


def _named_spans(labels: Sequence[frozenset[Period]], asked: Sequence[Period]) -> tuple[Named, ...]:
    """Return the label, such as "June 2018 to June 2019", that shares most of the periods that are asked for, if there is but one."""
    shared = [len(label.intersection(asked)) for label in labels]
    most = max(shared, default=0)
    return (Named(shared.index(most), most / len(asked)),) if most and shared.count(most) == 1 else ()


def _named_periods(labels: Sequence[Period | None], asked: Sequence[Period]) -> tuple[Named, ...]:
    found = []
    for period in asked:
        exact = [at for at, label in enumerate(labels) if label in {period, Period(0, period.part)}]
        near = [at for at, label in enumerate(labels) if label and label.year == period.year and not (label.part and period.part)]
        found += [Named(at, 1.0) for at in exact[:1]] or ([Named(near[0], _WEAK)] if len(near) == 1 else [])
    return tuple(dict.fromkeys(found))


def _named_words(labels: Sequence[str], question: str) -> tuple[Named, ...]:
    asked = [_ONE.get(word, word) for word in terms(question)]
    words = [tuple(dict.fromkeys(_ONE.get(word, word) for word in terms(label))) for label in labels]
    frequency = Counter(word for own in words for word in own)
    found = [(Named(at, _share(own, asked, frequency)), frozenset(_held(own, asked))) for at, own in enumerate(words)]
    ranked = sorted((pair for pair in found if pair[0].score >= _ENOUGH), key=lambda pair: (-pair[0].score, -sum(map(len, pair[1]))))
    kept: list[Named] = []
    taken: set[str] = set()
    for one, held in ranked:
        if not held <= taken:
            kept.append(one)
            taken |= held
    return tuple(kept)


def _share(words: Sequence[str], asked: Sequence[str], frequency: Counter[str]) -> float:
    weights = {word: len(word) / frequency[word] for word in words}
    total = sum(weights.values())
    return sum(weights[word] for word in words if _meets(word, asked)) / total if total else 0.0


def _held(words: Sequence[str], asked: Sequence[str]) -> list[str]:
    return [other for word in words for other in asked if _is_same(word, other)]


def _meets(word: str, asked: Sequence[str]) -> bool:
    return any(_is_same(word, other) for other in asked)


def _is_same(word: str, other: str) -> bool:
    """Tell whether two stems are one word, a letter misread or an ending apart: "germany" and "german"."""
    if word == other:
        return True
    shorter = min(len(word), len(other))
    if shorter < 4 or any(map(str.isdigit, word + other)):
        return False
    return (word[:shorter] == other[:shorter] and shorter >= 5) or Indel.normalized_similarity(word, other) >= _ALIKE
