"""Settle what an answer says, pure: compute what it names operands for, and give it the kind, the number and the unit it is asked for."""

import re
from decimal import Decimal

from pipeline.arithmetic import NUMERIC, POINTS, Computed, agrees, compute, states_scale
from pipeline.units import PERCENT, Unit, number_in, unit_of
from schemas.errors import Incomputable
from schemas.extraction import AnswerKind, AnswerReading, Operation

DOUBT = 0.5
"""The factor on the confidence of a model whose own number is not what its operands give."""

_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


def settle(reading: AnswerReading, wanted: AnswerKind | None = None) -> AnswerReading:
    """Return the answer as it counts: computed from its operands, of the kind that is wanted.

    Raises:
        Incomputable: it names an operation that its operands do not allow.
    """
    if not reading.is_answerable:
        return unanswerable(reading.rationale, reading.confidence)
    kind = wanted if wanted and wanted != "none" else reading.kind
    if reading.operation == "count":
        reading = _counted(reading)
    elif reading.operation != "none":
        reading = _computed(reading, _result(reading, kind))
    if reading.text is None and reading.number is None and not reading.items:
        return unanswerable(reading.rationale, reading.confidence)
    told = "number" if reading.kind == "none" and reading.number is not None else reading.kind
    return _of_kind(reading, wanted if wanted and wanted != "none" else told)


def unanswerable(why: str | None = None, confidence: float | None = None) -> AnswerReading:
    """Return the statement that the documents do not hold an answer."""
    return AnswerReading(is_answerable=False, rationale=why, confidence=confidence)


def _counted(reading: AnswerReading) -> AnswerReading:
    if not reading.items:
        msg = "the answer counts items and lists none"
        raise Incomputable(msg)
    n_items = len(reading.items)
    told = f"{', '.join(reading.items)}: {n_items}."
    counted = _corrected(reading, n_items, str(n_items), told, is_right=reading.number in {None, n_items})
    return counted.model_copy(update={"kind": "number"})


def _result(reading: AnswerReading, kind: AnswerKind) -> Computed:
    operation: Operation = "share" if reading.operation == "ratio" and kind == "percent" else reading.operation
    result = compute(operation, reading.operands, kind, reading.unit, reading.formula)
    stated = unit_of(reading.unit)
    is_relative = operation in {"ratio", "share", "percent_change", "exceeds"}
    if is_relative or stated.scale == 1 or any(map(states_scale, reading.operands)):
        return result
    # No operand says what it counts in: then the answer's unit does, unless the model's number shows that it converted.
    plain = compute(operation, reading.operands, kind, stated.name, reading.formula)
    is_converted = reading.number is not None and agrees(reading.number, result.value) and not agrees(reading.number, plain.value)
    return result if is_converted else plain._replace(unit=str(stated._replace(name=unit_of(plain.unit).name)) or None)


def _computed(reading: AnswerReading, computed: Computed) -> AnswerReading:
    if computed.kind in NUMERIC:
        printed = number_in(reading.text or "")
        is_right = reading.number is None or _bears_out(computed, reading.number)
        keeps_text = is_right and printed is not None and printed.number is not None and agrees(printed.number, computed.value)
        number: float | None = float(computed.value)
    else:
        is_right = keeps_text = _says(reading.text, computed.text)
        number = None
    text = reading.text if keeps_text and reading.text else computed.text
    settled = _corrected(reading, number, text, f"{computed.formula}.", is_right=is_right)
    return settled.model_copy(update={"kind": computed.kind, "unit": computed.unit})


def _bears_out(computed: Computed, number: float) -> bool:
    """Tell whether the model's number is the computed one: also written out in full, as a fraction, or as the size of a fall."""
    same = [computed.value, -computed.value, computed.value * unit_of(computed.unit).scale]
    same += [computed.value / 100] if computed.kind == "percent" else []
    return any(agrees(number, value) for value in same)


def _says(text: str | None, computed: str) -> bool:
    """Tell whether a name, or yes or no, is the computed one in other words; what is not said does not contradict."""
    given, wanted = (text or "").casefold().strip(" ."), computed.casefold()
    return not given or given in wanted or wanted in given


def _corrected(reading: AnswerReading, number: float | None, text: str, told: str, *, is_right: bool) -> AnswerReading:
    """Return the reading with what was computed and how it came about; where the model says otherwise, that is told and doubted."""
    own = reading.text if number is None or reading.number is None else f"{reading.number:,.15g}"
    doubt = reading.rationale if is_right else f"The model itself gave {own}, which its operands do not bear out."
    confidence = reading.confidence if is_right else DOUBT * (1.0 if reading.confidence is None else reading.confidence)
    update = {"number": number, "text": text, "rationale": " ".join(filter(None, [told, doubt])), "confidence": confidence}
    return reading.model_copy(update=update)


def _of_kind(reading: AnswerReading, kind: AnswerKind) -> AnswerReading:
    if kind in NUMERIC:
        return _numeric(reading, kind)
    if kind == "list":
        return _listed(reading)
    text = reading.text
    if kind == "boolean" and text:
        text = _YES_NO.get(re.split(r"\W", text.strip(), maxsplit=1)[0].casefold(), text)
    return reading.model_copy(update={"kind": kind, "text": text})


def _numeric(reading: AnswerReading, kind: AnswerKind) -> AnswerReading:
    """Take a number and a unit that were left out from the text, and write the unit as all answers do: "USD thousand"."""
    printed = number_in(reading.text or "")
    number = reading.number if reading.number is not None else printed.number if printed else None
    stated = unit_of(reading.unit)
    if reading.unit is None and printed:
        stated = Unit(printed.unit, Decimal(repr(printed.scale or 1.0)))
    name = PERCENT if kind == "percent" and stated.name is None else stated.name
    unit = POINTS if name == PERCENT and "point" in (reading.unit or "") else str(Unit(name, stated.scale)) or None
    return reading.model_copy(update={"kind": kind, "number": number, "unit": unit, "text": reading.text or _text_of(number)})


def _text_of(number: float | None) -> str | None:
    return None if number is None else f"{number:,.15g}"


def _listed(reading: AnswerReading) -> AnswerReading:
    items = reading.items or tuple(_split(reading.text or ""))
    return reading.model_copy(update={"kind": "list", "items": items, "text": reading.text or ", ".join(items)})


def _split(text: str) -> list[str]:
    mark = next((mark for mark in (";", "\n", ",") if mark in text), ";")
    return [item.strip(" -\u2022") for item in text.split(mark) if item.strip(" -\u2022")]
