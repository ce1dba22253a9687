"""Reading one chart: labels, legend, axes, then the marks that stand in the plot."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.axes import find_value_axes
from pipeline.embedded.charts.captions import Captions, read_captions, unit_of
from pipeline.embedded.charts.figure import Figure, Label, turn_left
from pipeline.embedded.charts.frame import Frame, find_frame
from pipeline.embedded.charts.ink import blobs, clip, opened
from pipeline.embedded.charts.legend import Key, are_distinct, find_legend, without_legend
from pipeline.embedded.charts.pie import find_disc, find_slices, pie_series
from pipeline.embedded.charts.plot import Layer
from pipeline.embedded.charts.series import Result, read_bars, read_dots, read_lines_of
from pipeline.embedded.charts.text import enlarged, labels_within, read_labels, with_axis_labels, with_slants
from pipeline.embedded.reading import Line, Rect
from schemas.extraction import ChartReading, ReadAxis

_MARGIN = 4
_BAR_SHARE = 0.55
_AREA_THICKNESS = 12
_GAP_SHARE = 0.5
_FREE = 0.3
_MANY_STEPS, _STEP = 12, 5.0  # px
_AXIS_LINE = 7  # px: what is thinner may be the axis or its grid, in the color of the bars

Kind = Literal["bar", "line", "area", "dots"]


def read_chart(image: NDArray[np.uint8], box: Rect, lines: Sequence[Line] = ()) -> ChartReading:
    """Read the chart at `box` of `image`; its `series` is empty if the chart cannot be read.

    Args:
        image: The crop of a page (height, width, 3; RGB) at 150 to 200 dpi, with a margin around the chart, or a whole page.
        box: Where in the crop the chart is, px.
        lines: What is printed on the image, if that is known; else it is read here, at a finer resolution.
    """
    area = clip(box, image.shape, _MARGIN)
    crop = np.ascontiguousarray(image[area])
    labels = labels_within(lines, area) if lines else read_labels(crop)
    figure = enlarged(with_slants(with_axis_labels(Figure(crop, labels))))
    ticks = [item for axis in find_value_axes(figure.labels) for item in axis.labels]
    legend = find_legend(figure, ticks)
    plain = without_legend(figure, legend)
    frames = find_frame(plain, legend)
    if not frames:
        return _read_pie(plain, legend)
    frame = frames[0]
    result = _read_frame(frame)
    if result.chart_type == "line" and not are_distinct(legend):
        result = result._replace(series=())
    captions = read_captions(plain, _inner(frame, result, plain.image.shape[1]), _taken(frame, result, plain))
    return _reading(frame, result, captions)


def _read_pie(figure: Figure, legend: Sequence[Key]) -> ChartReading:
    """Read a chart without axes: a pie, or nothing."""
    for disc in find_disc(figure):
        points = pie_series(figure, disc, find_slices(figure.image, disc), legend)
        if len(points.points) > 1:
            title = read_captions(figure, Rect(disc.x - disc.radius, disc.y - disc.radius, disc.x, disc.y), ()).title
            return ChartReading(chart_type="pie", orientation="none", title=title or None, y_axis=ReadAxis(unit="%"), series=(points,))
    return _unread(figure)


def _unread(figure: Figure) -> ChartReading:
    height, width = figure.image.shape[:2]
    captions = read_captions(figure, Rect(0, 0.2 * height, width, height), ())
    return ChartReading(chart_type="other", orientation="none", title=captions.title or None, series=())


def _read_frame(frame: Frame) -> Result:
    """Read the layers of the kind that most of the ink is of; a chart of bars with a line keeps its bars first."""
    kinds = [_kind(frame, index) for index in range(len(frame.layers))]
    ink: dict[Kind, float] = {}
    for kind, layer in zip(kinds, frame.layers, strict=True):
        ink[kind] = ink.get(kind, 0.0) + float(layer.mask.sum())
    main: Kind = max(ink, key=lambda kind: ink[kind])
    layers = [index for index, kind in enumerate(kinds) if kind == main]
    result = _read_kind(frame, main, layers)
    over = [index for index, kind in enumerate(kinds) if main == "bar" and kind == "line" and _crosses_gaps(frame, index)]
    if over:
        return result._replace(series=result.series + read_lines_of(frame, over, is_area=False).series)
    return result


def _crosses_gaps(frame: Frame, index: int) -> bool:
    """Tell whether a layer goes on between the bars, as a line drawn over them does and the rest of a bar does not."""
    seen = np.flatnonzero(frame.layers[index].stroke.any(axis=0))
    between = np.ones(frame.plot.crop.shape[1], np.bool_)
    for bar in frame.bars:
        between[max(0, round(bar.rect.x0) - 2) : round(bar.rect.x1) + 2] = False
    between[: round(frame.bars[0].rect.x0)] = between[round(frame.bars[-1].rect.x1) :] = False
    return float(between[seen].sum()) > _GAP_SHARE * float(between.sum())


def _read_kind(frame: Frame, kind: Kind, layers: Sequence[int]) -> Result:
    if kind == "bar":
        return read_bars(frame, layers)
    if kind == "dots":
        return read_dots(frame, layers)
    return read_lines_of(frame, layers, is_area=kind == "area")


def _kind(frame: Frame, index: int) -> Kind:
    layer = frame.layers[index]
    if frame.share(index) >= _BAR_SHARE and _ink_between(frame, index) < _FREE and not _is_staircase(frame, index):
        return "bar"
    if _is_dotted(layer):
        return "dots"
    return "area" if _is_filled(layer) else "line"


def _ink_between(frame: Frame, index: int) -> float:
    """Return the share of the columns with ink of a layer, from its first bar to its last, that no bar of it stands in: an area's."""
    inked = np.asarray(opened(frame.layers[index].mask, _AXIS_LINE, 1).any(axis=0), np.bool_)
    free = np.array(inked)
    own = [bar.rect for bar in frame.bars if bar.layer == index]
    for rect in own:
        free[max(0, round(rect.x0) - 2) : round(rect.x1) + 2] = False
    span = slice(round(min(rect.x0 for rect in own)), round(max(rect.x1 for rect in own)))
    return float(free[span].sum()) / max(1.0, float(inked[span].sum()))


def _is_dotted(layer: Layer) -> bool:
    """Tell whether the layer is made of compact marks of about one size that no line connects."""
    found = blobs(layer.stroke, 6)
    if len(found) < 3:
        return False
    usual = float(np.median([blob.area for blob in found]))
    compact = [
        blob
        for blob in found
        if 0.4 * usual <= blob.area <= 2.5 * usual
        and blob.fill > 0.5
        and 0.6 <= (blob.rect.x1 - blob.rect.x0) / (blob.rect.y1 - blob.rect.y0) <= 1.7
    ]
    return len(compact) >= 0.7 * len(found) and sum(blob.area for blob in compact) > 0.6 * float(layer.stroke.sum())


def _is_staircase(frame: Frame, index: int) -> bool:
    """Tell whether the bars are the steps that pixels make of the edge of an area: they touch and hardly differ."""
    own = [bar.rect for bar in frame.bars if bar.layer == index]
    steps = [abs(one.y0 - other.y0) + abs(one.y1 - other.y1) for one, other in pairwise(own) if abs(other.x0 - one.x1) <= 1]
    return len(steps) > _MANY_STEPS and float(np.median(steps)) <= _STEP


def _is_filled(layer: Layer) -> bool:
    """Tell an area from a line, however steep: squares as large as no line is thick fit into most of it."""
    thick = opened(layer.stroke, _AREA_THICKNESS, _AREA_THICKNESS)
    return float(thick.sum()) > 0.5 * float(layer.stroke.sum())


def _inner(frame: Frame, result: Result, width: int) -> Rect:
    """Return the plot with its ticks and categories, in the upright figure."""
    rects = [frame.axis.rect, frame.plot.rect, *(item.rect for item in result.categories.labels)]
    ticks = frame.axis.scale.ticks
    whole = Rect(
        min(r.x0 for r in rects),
        min(ticks[0].position, frame.axis.rect.y0),
        max(r.x1 for r in rects),
        max([frame.axis.rect.y1, *(item.rect.y1 for item in result.categories.labels)]),
    )
    return Rect(width - whole.y1, whole.x0, width - whole.y0, whole.x1) if frame.figure.is_turned else whole


def _taken(frame: Frame, result: Result, upright: Figure) -> list[Label]:
    used = {*frame.axis.labels, *result.categories.labels, *result.values}
    if not frame.figure.is_turned:
        return list(used)
    turned = turn_left(upright).labels
    return [item for item, other in zip(upright.labels, turned, strict=True) if other in used]


def _reading(frame: Frame, result: Result, captions: Captions) -> ChartReading:
    x_title, y_title = (captions.side, captions.bottom) if frame.figure.is_turned else (captions.bottom, captions.side)
    scale = frame.axis.scale
    return ChartReading(
        chart_type=result.chart_type,
        orientation="horizontal" if frame.figure.is_turned else "vertical",
        title=captions.title or None,
        caption=captions.caption or None,
        x_axis=ReadAxis(label=x_title or None, unit=unit_of(x_title) or None, kind=result.categories.kind),
        y_axis=ReadAxis(label=y_title or None, unit=frame.axis.unit or unit_of(y_title) or None, kind="log" if scale.is_log else "number"),
        series=result.series,
    )
