"""The questions asked of the samples: with their answers, and with the pages that prove them."""

import json
from collections.abc import Iterator, Mapping, Sequence

import yaml

from data.generator.northwind.amounts import facts
from data.generator.script import TEXTS
from data.generator.truth import AnswerTruth, PageRef
from schemas.extraction import AnswerKind
from schemas.value import Value


class Proof(Value):
    """Every page of the document that shows all the phrases proves the answer."""

    document: str
    phrases: tuple[str, ...]


class Question(Value):
    """A question with its answer. No `docs`: it is asked of the whole folder. No `proofs`: it cannot be answered."""

    id: str
    text: str
    kind: AnswerKind
    answer: str = ""
    docs: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    tolerance: float = 0.01
    """The relative error allowed in a number."""
    states_kind: bool = False
    """Whether the file of questions names the kind of answer."""


class MissingProofError(Exception):
    """No page shows what an answer is said to rest on."""


def all_questions() -> tuple[Question, ...]:
    """The questions of `texts/questions.yaml` with the facts of Northwind's books filled in."""
    entries = yaml.safe_load((TEXTS / "questions.yaml").read_text(encoding="utf-8"))
    return tuple(Question.model_validate(_filled(entry, facts())) for entry in entries)


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
            tolerance=question.tolerance,
            evidence=_evidence(question, texts),
        )
        for question in questions
    ]


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


def squashed(text: str) -> str:
    """The text in lower case with single spaces."""
    return " ".join(text.lower().split())


def _filled(entry: object, known: Mapping[str, str]) -> object:
    """The entry with placeholders replaced in every string."""
    if isinstance(entry, str):
        return entry.format_map(known)
    if isinstance(entry, list):
        return [_filled(one, known) for one in entry]
    if isinstance(entry, dict):
        return {key: _filled(one, known) for key, one in entry.items()}
    return entry


def _evidence(question: Question, texts: Mapping[str, Sequence[str]]) -> tuple[PageRef, ...]:
    found: set[tuple[str, int]] = set()
    for proof in question.proofs:
        pages = {(proof.document, page) for page in _proof_pages(proof, texts[proof.document])}
        if not pages:
            message = f"{question.id}: no page of {proof.document} shows {proof.phrases}"
            raise MissingProofError(message)
        found |= pages
    return tuple(PageRef(document=document, page=page) for document, page in sorted(found))


def _proof_pages(proof: Proof, pages: Sequence[str]) -> Iterator[int]:
    wanted = [squashed(phrase) for phrase in proof.phrases]
    for number, text in enumerate(pages, start=1):
        if all(phrase in squashed(text) for phrase in wanted):
            yield number
