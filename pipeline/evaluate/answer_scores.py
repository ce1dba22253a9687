"""Score each answer, the pages it cites, and whether it abstains where it should. Pure."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluate import answers
from pipeline.evaluate.answers import Given
from pipeline.evaluate.found import Found, FoundAnswer
from pipeline.evaluate.score import Metric, Score, of_item
from pipeline.evaluate.truth import Truth, TruthQuestion

FIRST_PAGES = (1, 3, 5)
NO_ROW = FoundAnswer(Given(None), None, "none", ())
"""Of a question whose request failed: neither an answer nor an abstention."""


class AnswerMatch(NamedTuple):
    """A question and the answer that was given; `evidence` are its pages, by doc_id."""

    truth: TruthQuestion
    found: FoundAnswer | None
    evidence: frozenset[tuple[str, int]]

    @property
    def answer(self) -> FoundAnswer:
        """What was answered."""
        return self.found or NO_ROW

    @property
    def is_answered(self) -> bool:
        """Whether an answer was given."""
        return not self.answer.given.has_abstained

    @property
    def has_abstained(self) -> bool:
        """Whether the reader said that there is no answer."""
        return self.found is not None and not self.is_answered

    @property
    def is_correct(self) -> bool:
        """Whether the answer agrees with the expected one, or abstains as it should; no row is never correct."""
        return self.found is not None and answers.agrees(self.truth.expected, self.found.given)

    @property
    def hits(self) -> frozenset[tuple[str, int]]:
        """The cited pages that are evidence."""
        return self.evidence & {*self.answer.cited}


def match_answers(truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> tuple[AnswerMatch, ...]:
    """Return every question with its answer: the same words asked of the same documents."""
    return tuple(
        AnswerMatch(
            question,
            found.answers.get((question.question, frozenset(doc_ids[doc] for doc in question.docs))),
            frozenset((doc_ids[page.doc], page.page_no) for page in question.evidence),
        )
        for question in truth.questions
    )


def answer_scores(match: AnswerMatch) -> Iterator[Score]:
    """Yield the scores of one question."""
    page_no = match.truth.evidence[0].page_no if match.truth.evidence else None
    yield from of_item("answers", match.truth, page_no, _metrics(match))


def _metrics(match: AnswerMatch) -> Iterator[Metric]:
    expected, given = match.truth.expected, match.answer.given
    answerable, answered, abstained = match.truth.is_answerable, match.is_answered, match.has_abstained
    yield "correct", match.is_correct, 1
    yield "relaxed", match.found is not None and answers.relaxed(expected, given), 1
    yield "anls", answers.anls(expected, given) if match.found else 0, 1
    yield "answer_precision", match.is_correct and answered, answered
    yield "answer_recall", match.is_correct and answerable, answerable
    yield "answer_f1", 2 * (match.is_correct and answered), answered + answerable
    yield "abstention_precision", abstained and not answerable, abstained
    yield "abstention_recall", abstained and not answerable, not answerable
    yield "abstention_f1", 2 * (abstained and not answerable), abstained + (not answerable)
    if answerable and match.evidence:
        yield from _evidence_metrics(match)


def _evidence_metrics(match: AnswerMatch) -> Iterator[Metric]:
    cited, wanted = match.answer.cited, 1 if match.truth.one_proves else len(match.evidence)
    yield "page_precision", len(match.hits), len(cited)
    yield "page_recall", min(wanted, len(match.hits)), wanted
    for k in FIRST_PAGES:
        yield f"page_recall@{k}", min(wanted, len(match.evidence & {*cited[:k]})), wanted
    yield "page_hit", bool(match.hits), 1
    yield "correct_with_evidence", match.is_correct and bool(match.hits), 1
    yield "evidence_of_correct", bool(match.hits), match.is_correct
