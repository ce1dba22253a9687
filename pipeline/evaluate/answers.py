"""Whether an answer says what is expected, pure: the measures of ChartQA, DocVQA and MMLongBench-Doc, and prose by its numbers.

No measure runs code that an answer holds, and none asks a language model: prose is judged by what can be checked in it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from pipeline.evaluate.quantities import Quantity, bare, quantities, telling, with_unit
from pipeline.evaluate.texts import content, date, digits, holds, is_denied, items, plain, verdict, words

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
_LAST_DAY = 31
_ENOUGH_NUMBERS = 0.5
_ENOUGH_WORDS = 0.5
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
    """Return the share of the distinct amounts of a text that another text has too; 1 if there are none."""
    wanted, left, n_found = _amounts(_CITATION.sub("", expected)), list(quantities(given)), 0
    for one in wanted:
        same = next((other for other in left if _is_close(one, other, CLOSE)), None)
        if same is not None:
            left.remove(same)
            n_found += 1
    return n_found / len(wanted) if wanted else 1.0


def _amounts(text: str) -> list[Quantity]:
    """Return the numbers that are no years, days, or parts of names such as "10-Q": what stands without a unit has to exceed 31."""
    found = dict.fromkeys(one for one in quantities(text) if not one.is_year)
    return [one for one in found if one.currency or one.is_percent or one.scale or one.decimals or abs(one.value) > _LAST_DAY]


def _relaxed(answer: str, kind: str, given: Given) -> bool:
    if kind == "list":
        return _paired(items(answer), _given_items(given), lambda a, b: _relaxed(a, "text", Given(b)))
    wanted = _sole(answer)
    if wanted is None:
        return plain(answer) == plain(given.answer or "")
    # A year is a name; whatever else is off by less than 5 % is the same number.
    tolerance = 0.0 if wanted.is_year else RELAXED
    return any(_is_close(wanted, one, tolerance) for one in _given_numbers(given))


def _anls(answer: str, given: str) -> float:
    likeness = Levenshtein.normalized_similarity(plain(answer), plain(given))
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
    stated = (same or bare(given.number))._replace(value=given.number)
    return (with_unit(stated, given.unit),)


def _sole(text: str) -> Quantity | None:
    """Return the number that a text is, with nothing but a unit; None for words."""
    found = quantities(text)
    letters = re.sub(r"(?i)\b(?:usd|eur|gbp|thousand|million|billion|percent|per cent)s?\b|[^A-Za-z]", "", text)
    return found[0] if len(found) == 1 and not letters else None


def _same_text(answer: str, given: Given) -> bool:
    wanted, told = words(answer), words(given.answer or "")
    if plain(answer) == plain(given.answer or "") or (wanted and wanted == told):
        return True
    if _EXACT.fullmatch(answer.strip()) or (len(wanted) == 1 and len(wanted[0]) <= _SHORT):
        return holds(told, wanted) and not is_denied(told, wanted)
    if is_denied(told, wanted) or digits(answer) - digits(given.answer or ""):
        return False
    return holds(told, wanted) or (digits(answer) == digits(given.answer or "") and _anls(" ".join(wanted), " ".join(told)) > 0)


def _same_list(answer: str, given: Given) -> bool:
    return _paired(items(answer), _given_items(given), _same_item)


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


def _given_items(given: Given) -> tuple[str, ...]:
    return given.items or items(given.answer or "")


def _same_boolean(answer: str, given: Given) -> bool:
    return verdict(answer) is not None and verdict(answer) == verdict(given.answer or "")


def _same_date(answer: str, given: Given) -> bool:
    """All of the expected date that is printed has to be there."""
    wanted, told = date(answer), date(given.answer or "")
    if wanted is None or told is None:
        return _same_text(answer, given)
    return all(part in {None, other} for part, other in zip(wanted, told, strict=True))


def _same_prose(answer: str, given: Given) -> bool:
    """Judge prose by its yes or no and by half of its numbers, or of its words where it has no numbers."""
    told = " ".join([given.answer or "", given.unit or "", *given.items])
    says, said = verdict(answer), verdict(told)
    if says is not None and said is not None and says != said:
        return False
    if _amounts(_CITATION.sub("", answer)):
        return number_recall(answer, told) >= _ENOUGH_NUMBERS
    wanted = content(_CITATION.sub("", answer))
    return not is_denied(words(told), words(answer)) and len(wanted & content(told)) >= _ENOUGH_WORDS * max(1, len(wanted))


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
