"""Value axes: columns of numbers whose places and values lie on one scale."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from pipeline.embedded.charts.figure import Label
from pipeline.embedded.charts.quantities import unit_name
from pipeline.embedded.charts.scale import Scale, Tick, fit_scale
from pipeline.embedded.reading import Rect


class ValueAxis(NamedTuple):
    """A vertical value axis. `rect` spans its tick labels; values are in units of `unit`, multipliers included there."""

    scale: Scale
    labels: tuple[Label, ...]
    rect: Rect
    unit: str | None
    multiplier: float

    @property
    def step(self) -> float:
        """The distance of neighboring ticks, px, on the average."""
        ticks = self.scale.ticks
        return (ticks[-1].position - ticks[0].position) / (len({tick.value for tick in ticks}) - 1)


def find_value_axes(labels: Sequence[Label]) -> tuple[ValueAxis, ...]:
    """Return the vertical value axes among `labels`, the one with most ticks first, leftmost first among equals.

    Tick labels share their right edge, their left edge or their middle, so every number proposes the three columns it would be part of.
    """
    numbers = [item for item in labels if item.quantity is not None and not item.is_turned]
    groups = {group for group in _columns(numbers) if len(group) > 2}
    axes = [axis for group in sorted(groups, key=_group_order) for axis in _axis([numbers[index] for index in group])]
    axes.sort(key=lambda axis: (-len(axis.labels), axis.rect.x0))
    return tuple(_without_overlaps(axes))


def _columns(numbers: Sequence[Label]) -> Iterable[tuple[int, ...]]:
    for number, anchor in enumerate(numbers):
        reach = 0.6 * anchor.size
        for places in ([item.rect.x1 for item in numbers], [item.rect.x0 for item in numbers], [item.x for item in numbers]):
            yield tuple(index for index, place in enumerate(places) if abs(place - places[number]) <= reach)


def _group_order(group: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return -len(group), group


def _axis(column: Sequence[Label]) -> list[ValueAxis]:
    quantities = [item.quantity for item in column if item.quantity is not None]
    multipliers = {quantity.multiplier for quantity in quantities if quantity.number}
    shared = multipliers.pop() if len(multipliers) == 1 else 1.0
    ticks = [Tick(item.y, quantity.value / shared) for item, quantity in zip(column, quantities, strict=True)]
    scale = fit_scale(ticks, max(1.5, 0.15 * median(item.size for item in column)))
    if scale is None or scale.slope >= 0:
        return []
    places = {tick.position for tick in scale.ticks}
    kept = tuple(item for item in column if item.y in places)
    units = [quantity.unit for quantity in quantities if quantity.unit]
    return [ValueAxis(scale, kept, hull(kept), unit_name(units[0] if units else "", shared), shared)]


def hull(labels: Iterable[Label]) -> Rect:
    """Return the smallest rectangle around all of `labels`."""
    rects = [item.rect for item in labels]
    return Rect(min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects))


def _without_overlaps(axes: Iterable[ValueAxis]) -> Iterable[ValueAxis]:
    taken: set[Label] = set()
    for axis in axes:
        if not taken.intersection(axis.labels):
            taken.update(axis.labels)
            yield axis
