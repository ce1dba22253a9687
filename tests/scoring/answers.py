"""How many answers are right, and whether their evidence is."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from data.generator.truth import AnswerTruth
from tests.scoring.quantity import parse_date, parse_number, parse_scale
from tests.scoring.samples import FoundAnswer
from tests.scoring.text import alike_pairs, are_alike, words

WORDINESS = 15
"""An answer that merely contains the expected words may have so many words more."""
YES = frozenset({"yes", "true", "y"})
NO = frozenset({"no", "false", "n", "not", "none"})


class AnswerScore(NamedTuple):
    """One question: whether the answer is right, and whether it cites an accepted page."""

    id: str
    kind: str
    expected: str
    given: str
    is_answerable: bool
    has_abstained: bool
    is_right: bool
    has_right_page: bool


class AnswerScores(NamedTuple):
    """All questions."""

    answers: tuple[AnswerScore, ...]

    def _of(self, *, answerable: bool) -> list[AnswerScore]:
        return [answer for answer in self.answers if answer.is_answerable == answerable]

    @property
    def share(self) -> float:
        """The share of all questions answered right, abstaining included."""
        return _share([answer.is_right for answer in self.answers])

    @property
    def share_answered(self) -> float:
        """The share of answerable questions answered right."""
        return _share([answer.is_right for answer in self._of(answerable=True)])

    @property
    def share_abstained(self) -> float:
        """The share of unanswerable questions left unanswered."""
        return _share([answer.is_right for answer in self._of(answerable=False)])

    @property
    def share_right_page(self) -> float:
        """The share of answerable questions whose evidence names an accepted page."""
        return _share([answer.has_right_page for answer in self._of(answerable=True)])

    @property
    def precision(self) -> float:
        """The share of right ones among the answers given."""
        return _share([answer.is_right for answer in self.answers if not answer.has_abstained])


def score_answers(truths: Sequence[AnswerTruth], found: Mapping[str, FoundAnswer]) -> AnswerScores:
    """Compare each expected answer with the one given; a question without an answer row is wrong."""
    return AnswerScores(tuple(_score(truth, found.get(truth.id)) for truth in truths))


def is_right(truth: AnswerTruth, answer: FoundAnswer) -> bool:
    """Whether an answer says the same as the expected one."""
    if not truth.is_answerable or not answer.is_answerable:
        return truth.is_answerable == answer.is_answerable
    return JUDGES[truth.answer_kind](truth, answer)


def _score(truth: AnswerTruth, answer: FoundAnswer | None) -> AnswerScore:
    accepted = {(page.document, page.page) for page in truth.evidence}
    return AnswerScore(
        id=truth.id,
        kind=truth.answer_kind,
        expected=truth.answer,
        given=answer.text if answer else "",
        is_answerable=truth.is_answerable,
        has_abstained=answer is None or not answer.is_answerable,
        is_right=answer is not None and is_right(truth, answer),
        has_right_page=answer is not None and bool(accepted & answer.pages),
    )


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / max(1, len(outcomes))


def _is_close(expected: float, tolerance: float, answer: FoundAnswer, scale: float = 1.0) -> bool:
    """Whether the number of the answer, or the first one in its text, is within the tolerance."""
    numbers = (answer.number, parse_number(answer.text))
    return any(abs(number * scale - expected) <= tolerance * abs(expected) + 1e-9 for number in numbers if number is not None)


def _same_quantity(truth: AnswerTruth, answer: FoundAnswer) -> bool:
    """Numbers with their scales: 1,120,537 is 1,120.5 million only if the answer says "thousand" somewhere."""
    wanted = (parse_number(truth.answer) or 0.0) * (parse_scale(truth.answer) or 1.0)
    return _is_close(wanted, truth.tolerance, answer, parse_scale(answer.unit) or parse_scale(answer.text) or 1.0)


def _same_percent(truth: AnswerTruth, answer: FoundAnswer) -> bool:
    return _is_close(parse_number(truth.answer) or 0.0, truth.tolerance, answer)


def _same_date(truth: AnswerTruth, answer: FoundAnswer) -> bool:
    """All of the expected date that is printed has to be there."""
    wanted, given = parse_date(truth.answer), parse_date(answer.text)
    if wanted is None or given is None:
        return False
    return wanted[:2] == given[:2] and wanted.day in {0, given.day}


def _same_text(truth: AnswerTruth, answer: FoundAnswer) -> bool:
    if are_alike(truth.answer, answer.text):
        return True
    wanted, given = words(truth.answer), words(answer.text)
    if len(given) > len(wanted) + WORDINESS:
        return False
    return any(given[start : start + len(wanted)] == wanted for start in range(len(given)))


def _same_list(truth: AnswerTruth, answer: FoundAnswer) -> bool:
    """The same items in any order, none missing and none added."""
    wanted = truth.answer.split("; ")
    given = answer.items or tuple(filter(None, re.split(r"\s*(?:;|,|\band\b)\s*", answer.text)))
    return len(wanted) == len(given) == len(alike_pairs(wanted, given))


def _same_boolean(truth: AnswerTruth, answer: FoundAnswer) -> bool:
    first = next(iter(words(answer.text)), "")
    return first in (YES if truth.answer == "yes" else NO)


JUDGES: Mapping[str, Callable[[AnswerTruth, FoundAnswer], bool]] = MappingProxyType(
    {
        "number": _same_quantity,
        "currency": _same_quantity,
        "percent": _same_percent,
        "date": _same_date,
        "text": _same_text,
        "list": _same_list,
        "boolean": _same_boolean,
    }
)
