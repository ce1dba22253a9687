"""Questions as values, and the two files made of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from data.generator.truth import AnswerTruth, PageRef
from schemas.extraction import AnswerKind


class Proof(NamedTuple):
    """Every page of the document that shows all the phrases proves the answer."""

    document: str
    phrases: tuple[str, ...]


class Question(NamedTuple):
    """A question with its answer. No `docs`: it is asked of the whole folder. No `proofs`: it cannot be answered."""

    id: str
    text: str
    kind: AnswerKind
    answer: str
    docs: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    states_kind: bool = False
    """Whether the file of questions names the kind of answer."""


class MissingProofError(Exception):
    """No page shows what an answer is said to rest on."""


def squashed(text: str) -> str:
    """The text in lower case with single spaces, ligatures and odd spaces resolved."""
    return " ".join(text.replace("\ufb01", "fi").replace("\ufb02", "fl").lower().split())


def proof_pages(proof: Proof, pages: Sequence[str]) -> Iterator[PageRef]:
    """The pages that show all phrases of a proof."""
    wanted = [squashed(phrase) for phrase in proof.phrases]
    for number, text in enumerate(pages, start=1):
        if all(phrase in squashed(text) for phrase in wanted):
            yield PageRef(document=proof.document, page=number)


def answer_truths(questions: Sequence[Question], texts: Mapping[str, Sequence[str]]) -> list[AnswerTruth]:
    """The expected answers; `texts` holds the text of each page of each document.

    Raises:
        MissingProofError: a proof is on no page.
    """
    return [
        AnswerTruth(
            id=question.id,
            answer=question.answer,
            answer_kind=question.kind,
            is_answerable=bool(question.proofs),
            evidence=_evidence(question, texts),
        )
        for question in questions
    ]


def _evidence(question: Question, texts: Mapping[str, Sequence[str]]) -> tuple[PageRef, ...]:
    found: set[tuple[str, int]] = set()
    for proof in question.proofs:
        pages = [(page.document, page.page) for page in proof_pages(proof, texts[proof.document])]
        if not pages:
            message = f"{question.id}: no page of {proof.document} shows {proof.phrases}"
            raise MissingProofError(message)
        found.update(pages)
    return tuple(PageRef(document=document, page=page) for document, page in sorted(found))


def questions_yaml(questions: Sequence[Question]) -> str:
    """The questions as longread reads them; strings are quoted as JSON, which YAML includes."""
    lines = []
    for question in questions:
        lines.append(f"- id: {question.id}")
        lines.append(f"  question: {json.dumps(question.text, ensure_ascii=False)}")
        if question.docs:
            lines.append(f"  docs: {json.dumps(question.docs)}")
        if question.states_kind:
            lines.append(f"  answer_kind: {question.kind}")
    return "\n".join(lines) + "\n"
