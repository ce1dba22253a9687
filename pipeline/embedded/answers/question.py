"""What a question asks for, read from its wording."""

import re
from typing import NamedTuple

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.answers.wording import (
    ALTERNATIVES,
    AT_END,
    BOUND,
    CHOOSING,
    END_OF,
    INSTRUCTION,
    KINDS,
    LEAST,
    MOST,
    OPERATION_WORDS,
    OPERATIONS,
    PAGE,
    SCALED,
    SOURCE,
    SUBJECT,
    YEAR,
    Operation,
)
from schemas.extraction import AnswerKind

_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_FACTORS = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}


class Query(NamedTuple):
    """A question taken apart.

    `text` is the sentence that asks. `words` are its content terms without years; `names` those that name things; `subject` what
    "which ..." asks for; `alternatives` the two terms of "own or lease"; `size` how many items a list should have and `factor`
    the scale it wants the answer in (0: no wish). `at_end` asks for a balance on a day, `is_count` for a number of things. `kind` is
    "none" where the wording leaves it open.
    """

    text: str
    kind: AnswerKind
    operation: Operation
    words: tuple[str, ...]
    years: tuple[int, ...]
    names: tuple[str, ...]
    pages: tuple[int, ...]
    factor: int
    size: int | None
    subject: tuple[str, ...]
    alternatives: tuple[str, ...]
    wants_least: bool
    at_end: bool
    is_count: bool


def parse(question: str, kind: AnswerKind | None = None) -> Query:
    """Take `question` apart; `kind` overrides the kind of answer that its wording suggests."""
    body = _asked(SOURCE.sub("", INSTRUCTION.sub(" ", question).strip()).strip()) or question
    operation = _operation(body)
    scaled, subject, alternatives = (
        SCALED.search(question),
        SUBJECT.search(body),
        ALTERNATIVES.search(body),
    )
    return Query(
        text=body,
        kind=kind if kind and kind != "none" else kind_of(body, operation),
        operation=operation,
        words=content(END_OF.sub(" ", body)),
        years=tuple(sorted(years(body))),
        names=_names(body),
        pages=tuple(int(page) for page in PAGE.findall(body)),
        factor=_FACTORS[(scaled[1] or scaled[2]).lower()] if scaled else 0,
        size=_size(body),
        subject=content(subject[1]) if subject else (),
        alternatives=(*terms(alternatives[1]), *terms(alternatives[2])) if alternatives else (),
        wants_least=bool(LEAST.search(body)),
        at_end=bool(AT_END.search(body)),
        is_count=bool(re.search(r"\b(?:how many|number of)\b (?!dollars|euros|pounds)", body, re.IGNORECASE)),
    )


def _asked(text: str) -> str:
    """Return the sentence of `text` that asks; what is assumed or defined around it is left out."""
    asking = re.findall(r"[^.?!:]*(?:[.:](?=\w)[^.?!:]*)*\?", text)
    return (asking[0] if asking else text).strip(" ,")


def _operation(body: str) -> Operation:
    found: Operation = next((name for name, pattern in OPERATIONS if re.search(pattern, body, re.IGNORECASE)), "lookup")
    if found == "extreme" and not re.search(CHOOSING, body, re.IGNORECASE):
        return "peak" if re.search(rf"\b(?!{BOUND}){MOST}\b", body, re.IGNORECASE) else "lookup"
    return found


def _size(body: str) -> int | None:
    found = re.search(rf"\b({'|'.join(_COUNTS)}|\d)\b (?!percent|%|of the)\w+", body.lower())
    return _digit(found[1]) if found else None


def _digit(word: str) -> int:
    return _COUNTS.get(word.lower()) or int(word)


def content(text: str) -> tuple[str, ...]:
    """Return the terms of `text` that a label or sentence would repeat: no years, no words of the operation asked for."""
    bare = YEAR.sub(" ", PAGE.sub(" ", text))
    return tuple(dict.fromkeys(terms(OPERATION_WORDS.sub(" ", bare)) or terms(bare)))


def _names(text: str) -> tuple[str, ...]:
    """Return the terms of `text` written with a capital letter or a digit inside the sentence: they name things."""
    written = re.findall(r"(?<![.?!] )(?<!^)\b(?:[A-Z][\w&.-]*|\w*[a-z]\w*\d\w*|[A-Z]+-?\d[\w-]*)", text)
    return tuple(dict.fromkeys(term for word in written for term in terms(word) if not years(word)))


def kind_of(body: str, operation: Operation) -> AnswerKind:
    """Return the kind of answer that the wording of `body` asks for, "none" if it leaves it open."""
    if operation in {"growth", "share"}:
        return "percent"
    if operation in {"ratio", "multiple"}:
        return "number"
    if operation == "extreme":
        return "date" if re.search(r"\b(?:which|what) (?:year|month|day|date|quarter)\b|^when\b", body, re.IGNORECASE) else "text"
    return next((kind for kind, pattern in KINDS if re.search(pattern, body, re.IGNORECASE)), "none")
