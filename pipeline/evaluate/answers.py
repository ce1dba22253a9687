"""Whether an answer says what is expected, pure: the measures of ChartQA, DocVQA and MMLongBench-Doc, and prose by its numbers.

No measure runs code that an answer holds, and none asks a language model: prose is judged by what can be checked in it.
"""

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from dateutil import parser as dateutil_parser
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from pipeline.evaluate.quantities import Quantity, plain, quantities, telling, with_unit

ALIKE = 0.5
"""ANLS threshold (Biten et al. 2019, "Scene Text Visual Question Answering")."""
RELAXED = 0.05
"""ChartQA's relaxed accuracy (Masry et al. 2022): numbers within 5 % count as right."""
CLOSE = 0.01
"""MMLongBench-Doc (Ma et al. 2024) takes decimal numbers within 1 % as right."""
FORMATS: Mapping[str, str] = MappingProxyType(
    {"Int": "integer", "Float": "number", "Number": "number", "Str": "text", "List": "list", "None": "none", "Text": "prose"}
)
"""The kinds of `Expected` by the answer formats of MMLongBench-Doc and FinanceBench."""

_SHORT = 5
_WORDINESS = 15
_ENOUGH_NUMBERS = 0.5
_ENOUGH_WORDS = 0.5
_EMPTY = frozenset({"a", "an", "the", "and"})
_NEGATIONS = frozenset({"not", "no", "never", "none", "without", "cannot", "isn't", "aren't", "doesn't", "don't"})
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
_REFUSALS = re.compile(r"\W*(?:not answerable|unanswerable|none|n/a|fail to answer|cannot be answered)\W*", re.IGNORECASE)
# What MMLongBench-Doc compares letter by letter: addresses, files, pages, phone numbers, times.
_EXACT = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+\.\w+|\S+\.(?:py|ipynb|pdf|csv|json|txt|md|com|org|net|gov|edu)|pages? \S+|[+(]?\d[\d() -]{6,}\d"
    r"|\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?",
    re.IGNORECASE,
)
_CITATION = re.compile(r"\bSOURCE\(S\):.*|\[\d+\]", re.IGNORECASE | re.DOTALL)


class Expected(NamedTuple):
    """The truth of one question.

    `kind`: integer (exact), number, percent, currency, boolean, date, text, list, prose, or none where there is no answer.
    `alternatives` are further accepted wordings, such as the same amount in another scale.
    """

    answer: str
    kind: str
    alternatives: tuple[str, ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every wording that counts as right."""
        return (self.answer, *self.alternatives)


class Given(NamedTuple):
    """What was answered; an `answer` of None is an abstention."""

    answer: str | None
    number: float | None = None
    unit: str | None = None
    items: tuple[str, ...] = ()

    @property
    def has_abstained(self) -> bool:
        """True if there is no answer, also where the text says so."""
        return self.answer is None or bool(_REFUSALS.fullmatch(self.answer))


def relaxed(expected: Expected, given: Given) -> bool:
    """Tell whether the answer is right by ChartQA: numbers within 5 %, years exactly, words equal but for case; lists item by item."""
    if given.has_abstained or expected.kind == "none":
        return given.has_abstained and expected.kind == "none"
    return any(_relaxed(answer, expected.kind, given) for answer in expected.accepted)


def anls(expected: Expected, given: Given) -> float:
    """Return DocVQA's similarity (Mathew et al. 2021): 1 - edit distance / longer length, 0 from a distance of half the length on."""
    if given.has_abstained or expected.kind == "none":
        return float(given.has_abstained and expected.kind == "none")
    return max(_anls(answer, given.answer or "") for answer in expected.accepted)


def agrees(expected: Expected, given: Given) -> bool:
    """Tell whether the answer is right by the rules of MMLongBench-Doc, by kind of answer.

    Its traps are closed: thousands may be grouped, a short word has to be met exactly, "not" may neither be added nor left out,
    and items of a list are paired, not sorted. Numbers with a scale are compared in full; prose by its verdict and its numbers.
    """
    if given.has_abstained or expected.kind == "none":
        return given.has_abstained and expected.kind == "none"
    judge = _JUDGES.get(expected.kind, _same_text)
    return any(judge(answer, given) for answer in expected.accepted)


def number_recall(expected: str, given: str) -> float:
    """Return the share of the distinct numbers of a text, years aside, that another text has too; 1 if there are none."""
    wanted = {one for one in quantities(_CITATION.sub("", expected)) if not one.is_year}
    found = quantities(given)
    return sum(any(_is_close(one, other, CLOSE) for other in found) for one in wanted) / len(wanted) if wanted else 1.0


def _relaxed(answer: str, kind: str, given: Given) -> bool:
    if kind == "list":
        return _paired(_items(answer), _given_items(given), lambda a, b: _relaxed(a, "text", Given(b)))
    wanted = _sole(answer)
    if wanted is None:
        return _plain(answer) == _plain(given.answer or "")
    # A year is a name; whatever else is off by less than 5 % is the same number.
    tolerance = 0.0 if wanted.is_year else RELAXED
    return any(_is_close(wanted, one, tolerance) for one in _given_numbers(given))


def _anls(answer: str, given: str) -> float:
    likeness = Levenshtein.normalized_similarity(_plain(answer), _plain(given))
    return likeness if likeness > ALIKE else 0.0


def _same_number(answer: str, given: Given) -> bool:
    wanted = next(iter(telling(answer)), None)
    if wanted is None:
        return _same_text(answer, given)
    return any(_is_close(wanted, one, CLOSE) or _rounds_to(one, wanted) for one in _given_numbers(given)[:1])


def _same_integer(answer: str, given: Given) -> bool:
    wanted = next(iter(quantities(answer)), None)
    return any(wanted is not None and (one.full == wanted.full) for one in _given_numbers(given)[:1])


def _is_close(wanted: Quantity, found: Quantity, tolerance: float) -> bool:
    """Compare in full where both state a scale, else as printed or in full; "0.24" is "24 %", but euros are not dollars."""
    if wanted.currency and found.currency and wanted.currency != found.currency:
        return False
    if (wanted.is_percent and found.currency) or (found.is_percent and wanted.currency):
        return False
    pairs = [(wanted.full, found.full)]
    if not (wanted.scale and found.scale):
        pairs.append((wanted.value, found.value))
    if wanted.is_percent != found.is_percent:
        pairs.append((wanted.value / 100, found.value) if wanted.is_percent else (wanted.value, found.value / 100))
    return any(abs(one - other) <= tolerance * abs(one) + 1e-9 for one, other in pairs)


def _rounds_to(found: Quantity, wanted: Quantity) -> bool:
    """Tell whether `found` says the same in more decimals than `wanted`."""
    is_alike = wanted.is_percent == found.is_percent and not (wanted.scale and found.scale and wanted.scale != found.scale)
    return is_alike and wanted.decimals > 0 and round(found.value, wanted.decimals) == wanted.value


def _given_numbers(given: Given) -> tuple[Quantity, ...]:
    """Return the number that the answer states, or else those its text holds, each with the answer's unit."""
    printed = telling(given.answer or "")
    if given.number is None:
        return tuple(with_unit(one, given.unit) for one in printed)
    same = next((one for one in printed if abs(one.value) == abs(given.number)), None)
    stated = (same or plain(given.number))._replace(value=given.number)
    return (with_unit(stated, given.unit),)


def _sole(text: str) -> Quantity | None:
    """Return the number that a text is, with nothing but a unit; None for words."""
    found = quantities(text)
    letters = re.sub(r"(?i)\b(?:usd|eur|gbp|thousand|million|billion|percent|per cent)s?\b|[^A-Za-z]", "", text)
    return found[0] if len(found) == 1 and not letters else None


def _same_text(answer: str, given: Given) -> bool:
    wanted, told = _words(answer), _words(given.answer or "")
    if _plain(answer) == _plain(given.answer or "") or (wanted and wanted == told):
        return True
    if _EXACT.fullmatch(answer.strip()) or (len(wanted) == 1 and len(wanted[0]) <= _SHORT):
        return _holds(told, wanted) and not _is_denied(told, wanted)
    if _is_denied(told, wanted) or _digits(answer) - _digits(given.answer or ""):
        return False
    return _holds(told, wanted) or (_digits(answer) == _digits(given.answer or "") and _anls(" ".join(wanted), " ".join(told)) > 0)


def _is_denied(told: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether one says "not" and the other does not."""
    return bool(_NEGATIONS & set(told)) != bool(_NEGATIONS & set(wanted))


def _holds(told: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether the words stand in a row in an answer that is not much longer."""
    size = len(wanted)
    is_short = size > 0 and len(told) <= size + _WORDINESS
    return is_short and any(list(told[start : start + size]) == list(wanted) for start in range(len(told) - size + 1))


def _digits(text: str) -> set[str]:
    return {number.replace(",", "") for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


def _same_list(answer: str, given: Given) -> bool:
    return _paired(_items(answer), _given_items(given), _same_item)


def _same_item(wanted: str, told: str) -> bool:
    number = _sole(wanted)
    return _same_number(wanted, Given(told)) if number is not None else _same_text(wanted, Given(told))


def _paired(wanted: Sequence[str], told: Sequence[str], is_same: Callable[[str, str], bool]) -> bool:
    """Tell whether the items are the same in any order, none missing and none added."""
    if len(wanted) != len(told) or not wanted:
        return len(wanted) == len(told)
    same = np.array([[is_same(one, other) for other in told] for one in wanted], float)
    rows, cols = linear_sum_assignment(same, maximize=True)
    return bool(same[rows, cols].all())


def _items(answer: str) -> tuple[str, ...]:
    """Return the items of a written list: Python's or JSON's, or separated by semicolons, line breaks or commas."""
    if answer.lstrip().startswith("["):
        try:
            literal = ast.literal_eval(answer.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            answer = answer.strip(" []")
        else:
            return tuple(str(item).strip() for item in literal)
    mark = next((mark for mark in (r";", r"\n", r",(?!\d{3}\b)\s*(?:and )?| and ") if re.search(mark, answer)), ";")
    return tuple(item.strip(" -\u2022'\"") for item in re.split(mark, answer) if item.strip(" -\u2022'\""))


def _given_items(given: Given) -> tuple[str, ...]:
    return given.items or _items(given.answer or "")


def _same_boolean(answer: str, given: Given) -> bool:
    return _verdict(answer) is not None and _verdict(answer) == _verdict(given.answer or "")


def _verdict(text: str) -> bool | None:
    first = next(iter(re.findall(r"[a-z]+", text.casefold())), "")
    return True if first in _YES else False if first in _NO else None


def _same_date(answer: str, given: Given) -> bool:
    """All of the expected date that is printed has to be there."""
    wanted, told = _date(answer), _date(given.answer or "")
    if wanted is None or told is None:
        return _same_text(answer, given)
    return all(part in {None, other} for part, other in zip(wanted, told, strict=True))


def _date(text: str) -> tuple[int | None, int | None, int | None] | None:
    """Return year, month and day, None for a part that the text leaves out: two readings with unlike defaults tell which."""
    try:
        first, second = (dateutil_parser.parse(text, default=dateutil_parser.parse(day)) for day in ("2000-01-01", "2004-12-28"))
    except (ValueError, OverflowError):
        return None
    pairs = ((first.year, second.year), (first.month, second.month), (first.day, second.day))
    year, month, day = (a if a == b else None for a, b in pairs)
    return year, month, day


def _same_prose(answer: str, given: Given) -> bool:
    """Judge prose by its yes or no and by half of its numbers, or of its words where it has no numbers."""
    told = " ".join([given.answer or "", given.unit or "", *given.items])
    verdict, said = _verdict(answer), _verdict(told)
    if verdict is not None and said is not None and verdict != said:
        return False
    if any(not one.is_year for one in quantities(_CITATION.sub("", answer))):
        return number_recall(answer, told) >= _ENOUGH_NUMBERS
    wanted = _content(_CITATION.sub("", answer))
    return not _is_denied(_words(told), _words(answer)) and len(wanted & _content(told)) >= _ENOUGH_WORDS * max(1, len(wanted))


def _content(text: str) -> set[str]:
    return {word for word in _words(text) if len(word) > 3 or word.isdigit()}


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\d[\d.,]*\d|\d|[^\W\d_]+(?:'[^\W\d_]+)?", _plain(text)) if word not in _EMPTY]


def _plain(text: str) -> str:
    """Return the text in one kind of letters, quotes and spaces, without case, a full stop and quotes around it."""
    folded = unicodedata.normalize("NFKC", text).translate(str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2212", "''\"\"--"))
    return " ".join(folded.split()).casefold().strip(" .'\"")


_JUDGES: Mapping[str, Callable[[str, Given], bool]] = MappingProxyType(
    {
        "number": _same_number,
        "percent": _same_number,
        "currency": _same_number,
        "integer": _same_integer,
        "boolean": _same_boolean,
        "date": _same_date,
        "text": _same_text,
        "list": _same_list,
        "prose": _same_prose,
    }
)
