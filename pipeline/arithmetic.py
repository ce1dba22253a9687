"""Compute an answer from the printed numbers that it rests on, pure and in exact decimals.

The value of an operand is what its printed text says (`pipeline.values`), never what the model makes of it. Operands are brought to one
scale; those of different units or currencies are refused. The full value is kept, and shown rounded: sums, differences and extremes with
all digits their operands print, percentages with three significant digits and at least one decimal, the rest with four and at least two.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise
from string import ascii_lowercase
from types import MappingProxyType
from typing import NamedTuple

from pipeline.formula import evaluate
from pipeline.units import PERCENT, SCALES, Unit, is_currency, number_in, unit_of, witnessed
from schemas.errors import Incomputable
from schemas.extraction import AnswerKind, Operand, Operation

NUMERIC: tuple[AnswerKind, ...] = ("number", "percent", "currency")
POINTS = "percentage points"

_ONE = Decimal(1)
_LARGEST_SCALE = 1e15
_HUNDRED = Decimal(100)
_DIGITS = 60
"""Of precision: enough for sums of printed numbers in any scale to be exact."""
_PURE = Unit(None)


class Computed(NamedTuple):
    """What an operation gives. `value` is in full precision and in `unit`; `text` is for a reader; `formula` shows how it came about."""

    kind: AnswerKind
    value: Decimal
    unit: str | None
    text: str
    formula: str


class _Term(NamedTuple):
    text: str
    value: Decimal
    unit: Unit
    label: str | None
    says_scale: bool

    @property
    def full(self) -> Decimal:
        return self.value * self.unit.scale


def compute(
    operation: Operation, operands: Sequence[Operand], kind: AnswerKind = "none", unit: str | None = None, formula: str | None = None
) -> Computed:
    """Return what `operation` gives for the operands.

    `kind` tells a maximum's number from its name, and a percentage from a ratio; `unit` is what an amount is wanted in: its scale, and its
    name where no operand has one. `formula` holds the steps of the operation of that name.

    Raises:
        Incomputable: an operand is no number, there are too few or too many, or their units do not go together.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        terms = [_term(operand) for operand in operands]
        _insist_on_number(operation, terms)
        wanted = unit_of(unit)
        if operation == "formula":
            return _formula(formula or "", terms, kind, wanted)
        if operation in {"maximum", "minimum"}:
            return _extreme(operation, terms, kind, wanted)
        if operation == "exceeds":
            return _exceeds(terms)
        return _OPERATIONS[operation](terms, wanted)


def agrees(given: float, value: Decimal) -> bool:
    """Tell whether a number is the value, but for rounding: half of its last digit, within a twentieth; or a thousandth."""
    if not math.isfinite(given):
        return False
    exact = Decimal(repr(given))
    exponent = exact.normalize().as_tuple().exponent
    half = Decimal(5).scaleb(min(0, exponent if isinstance(exponent, int) else 0) - 1)
    return abs(exact - value) <= max(min(half, abs(value) / 20), abs(value) / 1000)


def states_scale(operand: Operand) -> bool:
    """Tell whether an operand says how many it counts in: beside the number, in its scale or in its unit."""
    printed = number_in(operand.text)
    return bool(operand.scale or (printed and printed.scale)) or unit_of(operand.unit).scale != _ONE


def spoken(value: Decimal, places: int | None = None) -> str:
    """Return the number for a reader, thousands grouped; without trailing zeros if no number of decimals is given."""
    if places is not None:
        return f"{value.quantize(_ONE.scaleb(-places), rounding=ROUND_HALF_UP):,f}"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _term(operand: Operand) -> _Term:
    printed = number_in(operand.text)
    if printed is None or printed.exact is None:
        msg = f"the operand {operand.text!r} ({operand.label}) is no single number"
        raise Incomputable(msg)
    stated = unit_of(operand.unit)
    name = witnessed(printed.unit, stated.name)
    if operand.scale is not None and not 0 < operand.scale <= _LARGEST_SCALE:
        msg = f"the operand {operand.text} ({operand.label}) has a scale of {operand.scale}"
        raise Incomputable(msg)
    scale = Decimal(repr(printed.scale or operand.scale)) if printed.scale or operand.scale else stated.scale
    # A percentage in a table "in thousands" is not in thousands.
    unit = Unit(name, _ONE if name == PERCENT else scale)
    return _Term(operand.text, printed.exact, unit, operand.label, says_scale=printed.scale is not None)


def _insist_on_number(operation: Operation, terms: Sequence[_Term]) -> None:
    is_pair = operation in {"difference", "percent_change", "ratio", "share", "exceeds"}
    if len(terms) < (1 if operation == "formula" else 2) or (is_pair and len(terms) > 2):
        msg = f"the operation {operation} takes {'two' if is_pair else 'two or more'} operands, and the answer names {len(terms)}"
        raise Incomputable(msg)


def _common(terms: Sequence[_Term], wanted: Unit = _PURE) -> Unit:
    """Return the one unit of all terms, in the scale that is wanted or else in the coarsest of theirs.

    Raises:
        Incomputable: they have different units.
    """
    names = {term.unit.name.casefold().removesuffix("s"): term.unit.name for term in terms if term.unit.name}
    if len(names) > 1:
        each = ", ".join(f"{term.text} in {term.unit.name}" for term in terms if term.unit.name)
        msg = f"the numbers have different units, which cannot be brought together: {each}"
        raise Incomputable(msg)
    return Unit(next(iter(names.values()), wanted.name), _scale(terms, wanted))


def _scale(terms: Sequence[_Term], wanted: Unit) -> Decimal:
    if wanted.scale > 1:
        return wanted.scale
    return max((term.unit.scale for term in terms if term.unit.scale in SCALES.values()), default=_ONE)


def _difference(terms: Sequence[_Term], wanted: Unit) -> Computed:
    unit = _common(terms, wanted)
    value = (terms[0].full - terms[1].full) / unit.scale
    return _amount(value, unit._replace(name=POINTS) if unit.name == PERCENT else unit, terms, " \u2212 ".join(_shown(terms, unit)))


def _sum(terms: Sequence[_Term], wanted: Unit) -> Computed:
    unit = _common(terms, wanted)
    return _amount(_total(terms) / unit.scale, unit, terms, " + ".join(_shown(terms, unit)))


def _average(terms: Sequence[_Term], wanted: Unit) -> Computed:
    unit = _common(terms, wanted)
    value = _total(terms) / len(terms) / unit.scale
    return _quantity(value, unit, f"({' + '.join(_shown(terms, unit))}) / {len(terms)}")


def _product(terms: Sequence[_Term], wanted: Unit) -> Computed:
    names = dict.fromkeys(term.unit.name for term in terms if term.unit.name not in {None, PERCENT})
    money = [name for name in names if is_currency(name)]
    if len(money) > 1 or (len(names) > 1 and not money):
        msg = f"the product of {' and '.join(map(str, names))} has no unit of its own"
        raise Incomputable(msg)
    is_percent = all(term.unit.name == PERCENT for term in terms)
    value = _HUNDRED if is_percent else _ONE
    for term in terms:
        value *= term.full / (_HUNDRED if term.unit.name == PERCENT else _ONE)
    unit = Unit(PERCENT if is_percent else next(iter(money or names), wanted.name), _scale(terms, wanted))
    return _quantity(value / unit.scale, unit, " \u00d7 ".join(_shown(terms, unit)))


def _ratio(terms: Sequence[_Term], _: Unit) -> Computed:
    first, second = terms
    names = first.unit.name, second.unit.name
    if all(names) and names[0] != names[1] and not all(map(is_currency, names)):
        unit = Unit(f"{names[0]} per {names[1]}")
    else:
        unit = Unit(None, _common(terms).scale)
    return _quantity(_quotient(first.full, second.full), Unit(unit.name), " / ".join(_shown(terms, unit)))


def _share(terms: Sequence[_Term], _: Unit) -> Computed:
    shown = _shown(terms, _common(terms))
    return _percentage(_HUNDRED * _quotient(terms[0].full, terms[1].full), " / ".join(shown))


def _percent_change(terms: Sequence[_Term], _: Unit) -> Computed:
    unit, base = _common(terms), terms[1].full
    first, second = _shown(terms, unit)
    below = _shown([terms[0], terms[1]._replace(label=None)], unit)[1]
    value = _HUNDRED * _quotient(terms[0].full - base, abs(base))
    return _percentage(value, f"({first} \u2212 {second}) / {below if base >= 0 else f'|{below}|'}")


def _extreme(operation: Operation, terms: Sequence[_Term], kind: AnswerKind, wanted: Unit) -> Computed:
    unit = _common(terms, wanted)
    order = sorted(range(len(terms)), key=lambda at: terms[at].full, reverse=operation == "maximum")
    best = terms[order[0]]
    formula = _chain([terms[at] for at in order], [_shown(terms, unit)[at] for at in order])
    if kind in NUMERIC:
        return _amount(best.full / unit.scale, unit, terms, f"{operation} of {formula}")
    names = list(dict.fromkeys(term.label for term in terms if term.full == best.full))
    if not all(names):
        msg = f"the operand {best.text} has no label, so what has the {operation} is not known"
        raise Incomputable(msg)
    return Computed(kind if kind in {"date", "list"} else "text", best.value, None, " and ".join(map(str, names)), formula)


def _formula(formula: str, terms: Sequence[_Term], kind: AnswerKind, wanted: Unit) -> Computed:
    """Return what the steps give: an amount in the operands' unit, or a pure number, as a percentage if one is wanted."""
    unit = _common(terms, wanted)
    names = dict(zip(ascii_lowercase, terms, strict=False))
    result = evaluate(formula, {name: term.full for name, term in names.items()})
    shown = dict(zip(names, _shown(terms, unit), strict=False))
    told = re.sub(r"\b[a-z]\b", lambda name: shown[name[0]], formula)
    if result.power == 0:
        return _percentage(_HUNDRED * result.value, told) if kind == "percent" else _quantity(result.value, _PURE, told)
    if result.power != 1:
        msg = f"the formula {formula!r} gives neither an amount in {unit} nor a pure number"
        raise Incomputable(msg)
    value = result.value / unit.scale
    return _quantity(value, unit, told) if "/" in formula else _amount(value, unit, terms, told)


def _exceeds(terms: Sequence[_Term]) -> Computed:
    formula = _chain(terms, _shown(terms, _common(terms)))
    return Computed("boolean", terms[0].value, None, "yes" if terms[0].full > terms[1].full else "no", formula)


_OPERATIONS: Mapping[Operation, Callable[[Sequence[_Term], Unit], Computed]] = MappingProxyType(
    {
        "difference": _difference,
        "percent_change": _percent_change,
        "ratio": _ratio,
        "share": _share,
        "sum": _sum,
        "average": _average,
        "product": _product,
    }
)


def _total(terms: Sequence[_Term]) -> Decimal:
    return sum((term.full for term in terms), Decimal(0))


def _quotient(value: Decimal, base: Decimal) -> Decimal:
    if not base:
        msg = "the number to divide by is zero"
        raise Incomputable(msg)
    return value / base


def _amount(value: Decimal, unit: Unit, terms: Sequence[_Term], formula: str) -> Computed:
    """Return a value that is exact: with every digit that an operand prints."""
    is_converted = any(term.unit.scale != unit.scale for term in terms)
    places = None if is_converted else max(_places(term.value) for term in terms)
    return _told(value, unit, spoken(value, places), formula)


def _quantity(value: Decimal, unit: Unit, formula: str) -> Computed:
    return _told(value, unit, spoken(_rounded(value, significant=4, places=2)), formula)


def _percentage(value: Decimal, formula: str) -> Computed:
    return _told(value, Unit(PERCENT), f"{_rounded(value, significant=3, places=1):,f}", formula)


def _told(value: Decimal, unit: Unit, text: str, formula: str) -> Computed:
    kind: AnswerKind = "percent" if unit.name in {PERCENT, POINTS} else "currency" if is_currency(unit.name) else "number"
    name = str(unit) or None
    result = f"{text} %" if unit.name == PERCENT else text
    shown = f" ({name})" if name and unit.name != PERCENT else ""
    return Computed(kind, value, name, result, f"{formula} = {result}{shown}")


def _rounded(value: Decimal, significant: int, places: int) -> Decimal:
    """Round to so many significant digits, but to no fewer decimals than `places`."""
    places = max(places, significant - 1 - value.adjusted()) if value else places
    return value.quantize(_ONE.scaleb(-min(places, _DIGITS // 4)), rounding=ROUND_HALF_UP)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _shown(terms: Sequence[_Term], unit: Unit) -> list[str]:
    """Return each operand as printed, with its label, and with its scale where that is not the result's."""
    is_mixed = any(term.unit.scale != unit.scale for term in terms)
    return [_shown_term(term, is_mixed=is_mixed) for term in terms]


def _shown_term(term: _Term, *, is_mixed: bool) -> str:
    word = str(Unit(None, term.unit.scale)) if is_mixed and not term.says_scale else ""
    return " ".join(filter(None, [term.text.strip(), word, f"({term.label})" if term.label else ""]))


def _chain(terms: Sequence[_Term], shown: Sequence[str]) -> str:
    """Return the terms with how each compares to the next: "5 > 3 = 3"."""
    signs = [">" if a.full > b.full else "<" if a.full < b.full else "=" for a, b in pairwise(terms)]
    return " ".join([shown[0], *(f"{sign} {text}" for sign, text in zip(signs, shown[1:], strict=True))])
