"""From bars, traces and dots to series of points with values in the unit of the axis."""

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from pipeline.embedded.charts.bars import Bar
from pipeline.embedded.charts.categories import Categories, categories_alone, categories_at, labels_below
from pipeline.embedded.charts.dates import step_of
from pipeline.embedded.charts.figure import Label
from pipeline.embedded.charts.frame import Frame
from pipeline.embedded.charts.ink import blobs
from pipeline.embedded.charts.lines import Trace, is_seen, knots, trace_line, trace_top, vertex
from pipeline.embedded.charts.printed import Mark, printed_labels, stated_value
from pipeline.embedded.charts.quantities import as_text
from pipeline.embedded.charts.slots import Slots, find_slots
from pipeline.embedded.reading import Rect
from schemas.extraction import ChartType, ReadPoint, ReadSeries


class Result(NamedTuple):
    """What was read in a frame: the series, the kind of chart, the independent axis, and the labels that state values."""

    series: tuple[ReadSeries, ...]
    chart_type: ChartType
    categories: Categories
    values: tuple[Label, ...]


def read_bars(frame: Frame, layers: Sequence[int]) -> Result:
    """Return the bars of `layers` as series."""
    bars = [bar for bar in frame.bars if bar.layer in layers]
    slots = find_slots(bars)
    dx, dy = frame.offset
    below = labels_below(frame.figure, frame.plot.rect._replace(y1=_floor(frame)), frame.axis.labels)
    positions = [dx + position for position in slots.positions]
    categories = categories_at(positions, below, is_turned=frame.figure.is_turned)
    texts, is_binned = _slot_texts(positions, categories)
    marks = [_bar_mark(frame, bar, dx, dy, is_stacked=slots.is_stacked) for bar in bars]
    labels = printed_labels(marks, _inside(frame, categories), frame.axis)
    series = tuple(
        ReadSeries(name=frame.layers[layer].name, points=_bar_points(frame, layer, bars, slots, texts, marks, labels)) for layer in layers
    )
    if _are_highlights(frame, layers, slots):
        series = (ReadSeries(name="", points=tuple(sorted((p for one in series for p in one.points), key=lambda p: texts.index(p.x)))),)
    kind: ChartType = "stacked_bar" if slots.is_stacked else "histogram" if is_binned else "bar"
    return Result(tuple(item for item in series if item.points), kind, categories, tuple(labels.values()))


def _are_highlights(frame: Frame, layers: Sequence[int], slots: Slots) -> bool:
    """Tell whether the colors only set off some bars of one series: no legend names them, and no place has two."""
    are_unnamed = len(layers) > 1 and not any(frame.layers[layer].name for layer in layers)
    return are_unnamed and len(set(slots.members)) == len(slots.members)


def _floor(frame: Frame) -> float:
    """Return where the plot ends below: at the last tick or the base, whichever is lower."""
    return max(frame.axis.scale.ticks[-1].position, 0.0 if not frame.bars or math.isinf(frame.base) else frame.base)


def _slot_texts(positions: Sequence[float], categories: Categories) -> tuple[list[str], bool]:
    """Return the text of each slot, empty where it cannot be told, and whether the slots are bins between numbers."""
    printed = {place.position: place.text for place in categories.places}
    is_aslant = bool(categories.labels) and all(item.slant for item in categories.labels)
    if is_aslant and len(printed) == len(positions):
        return [printed[position] for position in positions], False
    if len(positions) > 1 and categories.labels:
        alone = categories_alone(categories.labels)
        pitch = float(np.median(np.diff(positions)))
        if alone.between and _is_between_bars(positions, alone, pitch):
            return _edge_texts(positions, alone, pitch), alone.kind == "number"
        are_more = alone.kind == "number" and len(alone.places) > len(positions)
        if alone.between and (are_more or len(printed) < len(positions)):
            return [_text_at(position, alone, pitch) for position in positions], False
    return [printed.get(position, "") for position in positions], False


def _is_between_bars(positions: Sequence[float], alone: Categories, pitch: float) -> bool:
    """Tell whether the labels stand at the edges of the bars rather than under them."""
    offsets = [min(abs(place.position - position) for position in positions) / pitch for place in alone.places]
    return len(alone.places) > 1 and median(offsets) > 0.3


def _edge_texts(positions: Sequence[float], alone: Categories, pitch: float) -> list[str]:
    between = alone.between[0]
    edges = [(between.ordinal(position - pitch / 2), between.ordinal(position + pitch / 2)) for position in positions]
    if between.form != "number":
        return [between.text(round(low)) for low, _ in edges]
    width = float(f"{median(high - low for low, high in edges):.2g}")
    starts = [round(4 * low / width) * width / 4 for low, _ in edges]
    return [f"{as_text(start)}–{as_text(start + width)}" for start in starts]


def _text_at(position: float, categories: Categories, pitch: float) -> str:
    near = min(categories.places, key=lambda place: abs(place.position - position))
    if abs(near.position - position) <= 0.3 * min(pitch, categories.pitch or pitch):
        return near.text
    if not categories.between:
        return ""
    between = categories.between[0]
    step = pitch * between.slope
    if between.form != "number":
        whole = step_of(between.form) if step > 0.7 * step_of(between.form) else 1
        return between.text(round(between.ordinal(position) / whole) * whole)
    return between.text(_rounded(between.ordinal(position), step / 10))


def _bar_mark(frame: Frame, bar: Bar, dx: float, dy: float, *, is_stacked: bool) -> Mark:
    rect = Rect(bar.rect.x0 + dx, bar.rect.y0 + dy, bar.rect.x1 + dx, bar.rect.y1 + dy)
    is_up = abs(rect.y1 - frame.base) <= abs(rect.y0 - frame.base)
    end, start = (rect.y0, rect.y1) if is_up else (rect.y1, rect.y0)
    value = frame.axis.scale.value(end)
    return Mark(rect, end, value - frame.axis.scale.value(start) if is_stacked else value)


def _bar_points(
    frame: Frame,
    layer: int,
    bars: Sequence[Bar],
    slots: Slots,
    texts: Sequence[str],
    marks: Sequence[Mark],
    labels: dict[int, Label],
) -> tuple[ReadPoint, ...]:
    own: dict[int, int] = {}
    for index, bar in enumerate(bars):
        if bar.layer == layer and texts[slots.members[index]]:
            held = own.get(slots.members[index])
            if held is None or bar.rect.y1 - bar.rect.y0 > bars[held].rect.y1 - bars[held].rect.y0:
                own[slots.members[index]] = index
    return tuple(point(texts[slot], marks[index], labels.get(index), frame) for slot, index in sorted(own.items()))


def point(x: str, mark: Mark, printed: Label | None, frame: Frame) -> ReadPoint:
    """Return one point: its value as printed if it is, else as read off the axis with an error of one pixel."""
    if printed is not None:
        return ReadPoint(x=x, y=stated_value(printed, frame.axis), y_text=printed.text)
    error = frame.axis.scale.error(mark.end)
    return ReadPoint(x=x, y=_rounded(mark.estimate, error), error=_rounded(error, error))


def _rounded(value: float, error: float) -> float:
    """Round to one digit finer than `error`."""
    if error <= 0 or not math.isfinite(error):
        return value
    digits = 1 - math.floor(math.log10(error))
    rounded = round(value, digits)
    return 0.0 if rounded == 0 else rounded


def _inside(frame: Frame, categories: Categories) -> list[Label]:
    taken = {*frame.axis.labels, *categories.labels}
    return [item for item in frame.figure.labels if item not in taken and not item.is_turned]


def read_lines_of(frame: Frame, layers: Sequence[int], *, is_area: bool) -> Result:
    """Return the lines of `layers`, or the upper edges of areas, as series sampled where their data points are."""
    trace: Callable[[np.ndarray], Trace] = trace_top if is_area else trace_line
    traces = {layer: trace(frame.layers[layer].stroke) for layer in layers}
    traces = {layer: found for layer, found in traces.items() if len(found.xs) > 2}
    dx, dy = frame.offset
    below = labels_below(frame.figure, frame.plot.rect._replace(y1=_floor(frame)), frame.axis.labels)
    categories = categories_alone(below)
    ticks = [place.position - dx - 0.5 for place in categories.places]
    grid = knots(list(traces.values()), ticks, _origin(categories, dx))
    pitch = float(np.median(np.diff(grid))) if len(grid) > 1 else 10.0
    texts = [_text_at(x + dx + 0.5, categories, pitch) if categories.places else "" for x in grid]
    series: list[ReadSeries] = []
    values: list[Label] = []
    for layer, found in traces.items():
        seen = [index for index in range(len(grid)) if texts[index] and is_seen(found, float(grid[index]), max(2.5, 0.2 * pitch))]
        marks = [_line_mark(frame, found, grid, index, pitch, (dx, dy)) for index in seen]
        labels = printed_labels(marks, _inside(frame, categories), frame.axis)
        points = tuple(point(texts[index], mark, labels.get(at), frame) for at, (index, mark) in enumerate(zip(seen, marks, strict=True)))
        series.append(ReadSeries(name=frame.layers[layer].name, points=points))
        values += labels.values()
    return Result(tuple(item for item in series if item.points), "area" if is_area else "line", categories, tuple(values))


def _origin(categories: Categories, dx: float) -> float | None:
    """Return where a numeric axis is zero, px of the crop; None for other axes."""
    if categories.kind != "number":
        return None
    between = categories.between[0]
    return -between.intercept / between.slope - dx - 0.5


def _line_mark(frame: Frame, trace: Trace, grid: np.ndarray, index: int, pitch: float, offset: tuple[float, float]) -> Mark:
    x, y = float(grid[index]) + offset[0] + 0.5, vertex(trace, grid, index) + offset[1] + 0.5
    return Mark(Rect(x - pitch / 3, y - 2, x + pitch / 3, y + 2), y, frame.axis.scale.value(y))


def read_dots(frame: Frame, layers: Sequence[int]) -> Result:
    """Return the dots of `layers` as series of points."""
    dx, dy = frame.offset
    below = labels_below(frame.figure, frame.plot.rect._replace(y1=_floor(frame)), frame.axis.labels)
    categories = categories_alone(below)
    series = []
    for layer in layers:
        points = [
            ReadPoint(x=text, y=_rounded(frame.axis.scale.value(y), frame.axis.scale.error(y)), error=frame.axis.scale.error(y))
            for x, y in _dot_centers(frame.layers[layer].stroke)
            for text in [_dot_text(x + dx, categories)]
            for y in [y + dy]
            if text
        ]
        series.append(ReadSeries(name=frame.layers[layer].name, points=tuple(points)))
    return Result(tuple(item for item in series if item.points), "scatter", categories, ())


def _dot_text(x: float, categories: Categories) -> str:
    if categories.kind == "number":
        between = categories.between[0]
        return as_text(_rounded(between.ordinal(x), between.slope))
    return _text_at(x, categories, categories.pitch) if categories.places else ""


def _dot_centers(mask: np.ndarray) -> list[tuple[float, float]]:
    found = blobs(mask, 4)
    usual = median(blob.area for blob in found) if found else 0
    return sorted(
        ((blob.rect.x0 + blob.rect.x1) / 2, (blob.rect.y0 + blob.rect.y1) / 2) for blob in found if 0.5 * usual <= blob.area <= 2 * usual
    )
