"""Values printed at marks: which label states the value of which mark."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.embedded.charts.axes import ValueAxis
from pipeline.embedded.charts.figure import Label
from pipeline.embedded.reading import Rect

_REACH = 1.6  # of the type size: a label this far from the end of its mark still belongs to it
_LARGE = 100
_AGREEMENT = 0.03  # of the axis range by which a printed value may differ from the value read off the axis


class Mark(NamedTuple):
    """Something drawn that has a value: its bounds, where its value is read (`end`), and the value as the axis has it."""

    rect: Rect
    end: float
    estimate: float


class _Match(NamedTuple):
    cost: float
    mark: int
    label: Label


def printed_labels(marks: Sequence[Mark], labels: Iterable[Label], axis: ValueAxis) -> dict[int, Label]:
    """Return for marks (by index) the label that prints their value.

    A label must lie at the mark and agree with the axis; each label serves one mark, the best agreement is settled first.
    """
    numbers = [item for item in labels if item.quantity is not None]
    matches = sorted(match for item in numbers for index, mark in enumerate(marks) for match in _match(index, mark, item, axis))
    found: dict[int, Label] = {}
    used: set[Label] = set()
    for match in matches:
        if match.mark not in found and match.label not in used:
            found[match.mark] = match.label
            used.add(match.label)
    return found


def _match(index: int, mark: Mark, item: Label, axis: ValueAxis) -> list[_Match]:
    half = max((mark.rect.x1 - mark.rect.x0) / 2, 0.6 * item.size)
    aside = abs(item.x - (mark.rect.x0 + mark.rect.x1) / 2)
    if aside > half + 0.3 * item.size or _gap(mark, item) > _REACH * item.size:
        return []
    values = [tick.value for tick in axis.scale.ticks]
    if len(item.text) == 1 and max(map(abs, values)) >= _LARGE:
        return []  # rather a marker that looks like a digit
    span = max(values) - min(values)
    off = min(abs(stated_value(item, axis) - value) for value in (mark.estimate, -mark.estimate)[: 1 + (mark.estimate < 0)])
    if off > _AGREEMENT * span + 2 * axis.scale.error(mark.end):
        return []
    return [_Match(off / span + 0.02 * aside / item.size + 0.01 * _gap(mark, item) / item.size, index, item)]


def _gap(mark: Mark, item: Label) -> float:
    low, high = min(mark.rect.y0, mark.end), max(mark.rect.y1, mark.end)
    return max(0.0, low - item.rect.y1, item.rect.y0 - high)


def stated_value(item: Label, axis: ValueAxis) -> float:
    """Return the label's number in the unit of the axis; it must have a quantity."""
    if item.quantity is None:
        message = f"{item.text!r} is not a number"
        raise ValueError(message)
    return item.quantity.number if item.quantity.multiplier == 1 else item.quantity.value / axis.multiplier
