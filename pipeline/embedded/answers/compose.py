"""Turn what was found into the reply the model's contract asks for, or abstain."""

import re
from decimal import Decimal

from pipeline.embedded.answers.amounts import spoken
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.lists import Listed
from pipeline.embedded.answers.measures import Measured
from pipeline.embedded.answers.operate import Result
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.rows import Entry
from pipeline.embedded.answers.wording import OUTFLOW
from schemas.extraction import AnswerKind, AnswerReading, CitedEvidence, Operand

UNANSWERED = AnswerReading(is_answerable=False)
_WORDS = {1_000: "thousand", 1_000_000: "million", 1_000_000_000: "billion"}
_UNIT = re.compile(r"(?<=\d)\s?([A-Za-z\u00b5\u00b0\u03a9][\w\u00b0/\u00b2\u00b3^\u00b7 -]{0,20})$")


def from_found(query: Query, found: Found) -> AnswerReading:
    """Return the answer that `found` is."""
    if found.amount is None or query.kind in {"text", "date", "list"}:
        kind: AnswerKind = query.kind if query.kind in {"text", "date"} else "text"
        return AnswerReading(
            is_answerable=True,
            kind=kind,
            text=found.text,
            rationale=_where(found),
            confidence=_confidence(found.score),
            evidence=(found.evidence,),
        )
    kind = _number_kind(found)
    value = abs(found.value) if OUTFLOW.search(query.text) else found.value
    number, unit = _scaled(value, found.factor, kind, found.currency, query.factor)
    unit = unit or _printed_unit(found.text)
    text = found.text if number == found.value else spoken(number)
    return AnswerReading(
        is_answerable=True,
        kind=kind,
        text=text,
        number=float(number),
        unit=unit,
        rationale=_where(found),
        confidence=_confidence(found.score),
        evidence=(found.evidence,),
    )


def from_entry(entry: Entry) -> Found:
    """Return a table row's field as a found value, so that it competes with the others."""
    return Found(
        score=entry.score,
        text=entry.text,
        amount=None,
        factor=1,
        currency=None,
        label="",
        header=entry.column,
        place=entry.place,
        row=-1,
        evidence=entry.evidence,
    )


def from_result(query: Query, result: Result) -> AnswerReading:
    """Return the operation with its operands: computing is not the reader's work. `unit` tells the scale that the question wants."""
    is_size = bool(OUTFLOW.search(query.text))
    operands = tuple(_operand(found, label, is_size=is_size) for found, label in zip(result.operands, result.labels, strict=True))
    return AnswerReading(
        is_answerable=True,
        kind=_asked_kind(query, result),
        operation=result.operation,
        operands=operands,
        unit=_WORDS.get(query.factor),
        confidence=_confidence(0.95 * result.score),
    )


def from_measured(query: Query, measured: Measured) -> AnswerReading:
    """Return a line of a statement as it is printed, or the formula of a measure with its operands."""
    if len(measured.operands) == 1:
        return from_found(query, measured.operands[0])
    if not measured.formula:
        return _side_by_side(measured)
    operands = tuple(_operand(found, f"{found.label} {found.header}", is_size=False) for found in measured.operands)
    return AnswerReading(
        is_answerable=True,
        kind="percent" if measured.is_percent else "number",
        operation="formula",
        formula=measured.formula,
        operands=operands,
        unit=_WORDS.get(query.factor),
        confidence=_confidence(0.95 * measured.score),
    )


def _side_by_side(measured: Measured) -> AnswerReading:
    """Return several lines as a list: each with its label, its period, the number and its unit."""
    items = tuple(
        f"{one.label} {one.header}: {' '.join(filter(None, [one.text, one.currency, _WORDS.get(one.factor)]))}" for one in measured.operands
    )
    return AnswerReading(
        is_answerable=True,
        kind="list",
        text="; ".join(items),
        items=items,
        confidence=_confidence(0.9 * measured.score),
        evidence=tuple(one.evidence for one in measured.operands),
    )


def _asked_kind(query: Query, result: Result) -> AnswerKind:
    """Tell whether a name or a number is asked for."""
    if result.operation == "exceeds":
        return "boolean"
    if result.operation in {"maximum", "minimum"} and query.operation != "peak":
        return "date" if query.kind == "date" else "text"
    return "number"


def _operand(found: Found, label: str, *, is_size: bool) -> Operand:
    text = found.amount.text.strip() if found.amount else found.text
    return Operand(
        **found.evidence.model_dump(),
        text=text.strip("()-\u2212") if is_size else text,
        scale=float(found.factor),
        unit="%" if found.is_percent else found.currency or _printed_unit(found.text),
        label=label or None,
    )


def from_list(listed: Listed) -> AnswerReading:
    """Return the list as an answer."""
    return AnswerReading(
        is_answerable=True,
        kind="list",
        text=", ".join(listed.items),
        items=listed.items,
        rationale=f"The {len(listed.items)} items are listed there.",
        confidence=_confidence(listed.score),
        evidence=listed.evidence,
    )


def from_claim(evidence: CitedEvidence, score: float, *, is_denied: bool) -> AnswerReading:
    """Return yes, or no where the statement found says the contrary."""
    return AnswerReading(
        is_answerable=True,
        kind="boolean",
        text="no" if is_denied else "yes",
        rationale=f"It says: {evidence.quote}",
        confidence=_confidence(0.9 * score),
        evidence=(evidence,),
    )


def _where(found: Found) -> str:
    name = " / ".join(filter(None, [found.label, found.header]))
    place = f"page {found.evidence.page}"
    return f"{name}: {found.text} ({place})." if name else f"It is stated on {place}."


def _number_kind(found: Found) -> AnswerKind:
    if found.is_percent:
        return "percent"
    return "currency" if found.currency else "number"


def _scaled(value: Decimal, factor: int, kind: AnswerKind, currency: str | None, wanted: int) -> tuple[Decimal, str | None]:
    """Return the number and its unit; `wanted` is the scale that the question asks for, 0 for the printed one."""
    if kind == "percent":
        return value, "%"
    if wanted and factor != wanted and factor > 1:
        value, factor = value * factor / wanted, wanted
    unit = " ".join(filter(None, [currency, _WORDS.get(factor)]))
    return value, unit or None


def _printed_unit(text: str) -> str | None:
    found = _UNIT.search(text)
    return found[1].strip() if found else None


def _confidence(score: float) -> float:
    return round(min(0.99, max(0.01, score)), 2)
