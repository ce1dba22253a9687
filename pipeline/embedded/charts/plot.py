"""The plot: the area between the axes, freed of texts and grid, and the colors drawn in it."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.axes import ValueAxis
from pipeline.embedded.charts.figure import Figure, Image, Mask
from pipeline.embedded.charts.ink import (
    INK_DISTANCE,
    Color,
    background,
    border,
    clip,
    distance_map,
    erase_labels,
    frequent_colors,
    ink_mask,
    opened,
    without_lines,
)
from pipeline.embedded.charts.legend import Key
from pipeline.embedded.reading import Rect

_LINE_SHARE = 0.4  # of the figure's width: shorter runs are no axis and no grid line
_FAINT = 8
_MIN_SHARE = 0.015  # of the ink: less is no series
_SAME_COLOR = 40
_MAX_SERIES = 12
_HALO = 3  # px around the box of a text that its outline may reach
_DASH = 15  # px: gaps of a dashed line
_VIVID = 40
_MAX_LINE = 5  # px: thicker is no grid line


class Plot(NamedTuple):
    """`crop` holds the pixels of the plot at `rect` of the figure, `bare` the same without texts; `texts` are the areas of those.

    The areas are in pixels of the crop. `outside` is the figure's background, `paper` the plot's own.
    """

    rect: Rect
    crop: Image
    bare: Image
    texts: tuple[Rect, ...]
    paper: Color
    outside: Color


class Layer(NamedTuple):
    """The pixels of one color (height, width) over the plot's crop.

    `mask` is made for bars and areas, mended where texts and lines lie over them; `stroke` for lines and dots, as they are seen.
    """

    name: str
    color: Color
    mask: Mask
    stroke: Mask


def find_plot(figure: Figure, axis: ValueAxis) -> Plot:
    """Return the plot that `axis` belongs to: as wide as its grid or axis lines, as high as its ticks and one step more."""
    width = figure.image.shape[1]
    is_left = axis.rect.x0 + axis.rect.x1 < width
    x0, x1 = (axis.rect.x1 + 1, width) if is_left else (0, axis.rect.x0 - 1)
    ticks = [tick.position for tick in axis.scale.ticks]
    y0, y1 = max(0.0, min(ticks) - axis.step), min(float(figure.image.shape[0]), max(ticks) + 0.95 * axis.step)
    x0, x1 = _line_span(figure.image, Rect(x0, y0, x1, y1))
    rect = Rect(x0, y0, x1, y1)
    area = clip(rect, figure.image.shape)
    bare = erase_labels(figure.image, figure.labels)[area]
    outside = border(figure.image)
    dx, dy = area[1].start, area[0].start
    texts = tuple(Rect(r.x0 - dx, r.y0 - dy, r.x1 - dx, r.y1 - dy) for item in figure.labels for r in (item.rect,))
    return Plot(rect, figure.image[area], bare, texts, _paper(bare, outside), outside)


def snapped(axis: ValueAxis, plot: Plot, figure: Figure) -> ValueAxis:
    """Return the axis moved onto its grid lines or tick marks where most of its labels have one close by."""
    rows, columns = clip(plot.rect, figure.image.shape, 4)
    faint = distance_map(figure.image[rows, columns], plot.paper) >= _FAINT
    lined = faint.mean(axis=1) > _LINE_SHARE
    edges = np.flatnonzero(np.diff(np.pad(lined.astype(np.int8), 1)))
    starts, ends = edges[::2], edges[1::2]
    middles = rows.start + (starts + ends)[(ends - starts) <= _MAX_LINE] / 2
    offsets = [float(near - tick.position) for tick in axis.scale.ticks for near in _nearest_line(middles, tick.position)]
    close = [offset for offset in offsets if abs(offset) <= 0.35 * axis.labels[0].size]
    if len(close) < max(2, 0.5 * len(axis.scale.ticks)) or float(np.std(close)) > 1.5:
        return axis
    return axis._replace(scale=axis.scale.shifted(float(np.median(close))))


def _nearest_line(middles: NDArray[np.float64], position: float) -> list[float]:
    return [float(middles[np.abs(middles - position).argmin()])] if len(middles) else []


def _paper(crop: Image, outside: Color) -> Color:
    """Return the plot's most frequent color if it is a shade of gray, else that is a mark's and the figure's background counts."""
    color = background(crop)
    return color if color.is_gray else outside


def _line_span(image: Image, rect: Rect) -> tuple[float, float]:
    """Return from where to where the longest horizontal lines in `rect` run; its own sides if there are none."""
    rows, columns = clip(rect, image.shape)
    faint = (distance_map(image[rows, columns], border(image)) >= _FAINT).astype(np.uint8)
    undashed = cv2.morphologyEx(faint, cv2.MORPH_CLOSE, np.ones((1, _DASH), np.uint8)) > 0
    runs = opened(np.asarray(undashed, np.bool_), 1, max(3, round(_LINE_SHARE * image.shape[1])))
    lined = [np.flatnonzero(row) for row in runs if row.any()]
    if not lined:
        return rect.x0, rect.x1
    return columns.start + min(row[0] for row in lined), columns.start + max(row[-1] for row in lined) + 1.0


def find_layers(plot: Plot, legend: Sequence[Key]) -> tuple[Layer, ...]:
    """Return the layers in the order of the legend, or by how much ink they have where there is no legend."""
    ink = ink_mask(plot.bare, plot.paper)
    height, width = ink.shape
    lineless = without_lines(ink, round(0.5 * width), round(0.5 * height))
    named = [(key.name, key.color) for key in legend] or [("", color) for color in _colors(plot, ink & (lineless | _is_vivid(plot.bare)))]
    colors = [color for _, color in named]
    bare, seen = (_nearest(image, colors, plot.paper) for image in (plot.bare, plot.crop))
    if not legend and _are_shades(colors, plot.paper):
        vivid = [index for index, color in enumerate(colors) if not color.is_gray]
        bare, seen = (np.where(np.isin(nearest, vivid), 0, -1) for nearest in (bare, seen))
        named = named[:1]
    full = seen.copy()
    for rect in plot.texts:
        _see_through(full, rect)
    dark = ink_mask(plot.crop, plot.paper)
    lines = dark & ~without_lines(dark, round(0.5 * width), round(0.5 * height))
    over = lines | _covered(plot.texts, full.shape)
    layers = [
        Layer(
            name,
            color,
            _mended(full == index, over, over & (full < 0)),
            (bare == index) & lineless if color.chroma < _VIVID else seen == index,
        )
        for index, (name, color) in enumerate(named)
    ]
    return tuple(layer for layer in layers if layer.stroke.sum() >= max(6.0, 0.002 * ink.sum()))


def _are_shades(colors: Sequence[Color], paper: Color) -> bool:
    """Tell whether all colors are mixtures of one with the background, as an area that fades out has them."""
    return len(colors) > 1 and any(all(_is_blend(color, of, paper) for color in colors) for of in colors)


def _is_vivid(crop: Image) -> Mask:
    return np.asarray(crop.max(axis=2).astype(np.int16) - crop.min(axis=2) >= _VIVID, np.bool_)


def _covered(rects: Sequence[Rect], shape: tuple[int, ...]) -> Mask:
    covered = np.zeros(shape, np.bool_)
    for rect in rects:
        covered[clip(rect, shape, 1)] = True
    return covered


def _see_through(nearest: NDArray[np.intp], rect: Rect) -> None:
    """Give the pixels under a text the color that is on both sides of it, row by row, then column by column."""
    rows, columns = clip(rect, nearest.shape, _HALO)
    for part in (nearest[rows, max(0, columns.start - 1) : columns.stop + 1], nearest[max(0, rows.start - 1) : rows.stop + 1, columns].T):
        if part.shape[0] and part.shape[1] > 2:
            agreed = (part[:, 0] == part[:, -1]) & (part[:, 0] >= 0)
            part[agreed] = part[agreed, :1]


def _mended(mask: Mask, over: Mask, unknown: Mask) -> Mask:
    """Take out letters and thin lines of this color, which lie where `over` is, and close the holes that others leave in it."""
    body = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0
    clean = mask & (body | ~over)
    closed = cv2.morphologyEx(clean.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8)) > 0
    return np.asarray(clean | (closed & unknown), np.bool_)


def _nearest(crop: Image, colors: Sequence[Color], paper: Color) -> NDArray[np.intp]:
    """Return for each pixel the index of its color, -1 where it is nearer to the background, far from all, or gray unlike it."""
    if not colors:
        return np.full(crop.shape[:2], -1)
    distances = np.stack([distance_map(crop, color).astype(float) for color in colors])
    reach = np.array([min(90.0, 0.55 * paper.distance(color)) for color in colors])
    nearest = distances.argmin(axis=0)
    is_near = np.take_along_axis(distances, nearest[None], 0)[0] <= reach[nearest]
    vivid = np.array([0.4 * color.chroma if color.chroma > _VIVID else 0 for color in colors])
    is_vivid = crop.max(axis=2).astype(np.int16) - crop.min(axis=2) >= vivid[nearest]
    return np.where(is_near & is_vivid, nearest, -1)


def _colors(plot: Plot, ink: Mask) -> list[Color]:
    """Return the colors of bars and areas if such make up much of the ink, else those of strokes."""
    ink = ink & (distance_map(plot.bare, plot.outside) >= INK_DISTANCE)
    crop, paper = plot.bare, plot.paper
    solid = ink & _is_solid(crop)
    if solid.sum() > 0.25 * ink.sum():
        return _solid_colors(crop[solid])
    return _stroke_colors(crop[ink], paper)


def _is_solid(crop: Image) -> Mask:
    kernel = np.ones((5, 5), np.uint8)
    spread = cv2.dilate(crop, kernel).astype(np.int16) - cv2.erode(crop, kernel)
    return np.asarray(spread.max(axis=2) <= 10, np.bool_)


def _solid_colors(pixels: NDArray[np.uint8]) -> list[Color]:
    found: list[Color] = []
    for color in frequent_colors(pixels, 3 * _MAX_SERIES):
        share = (distance_map(pixels[None], color) < 12).mean()
        if share >= _MIN_SHARE and all(color.distance(other) >= 20 for other in found):
            found.append(color)
    return found[:_MAX_SERIES]


def _stroke_colors(pixels: NDArray[np.uint8], paper: Color) -> list[Color]:
    """Return the colors of lines: an anti-aliased edge is a blend of a line with the background and no color of its own."""
    found: list[Color] = []
    for color in frequent_colors(pixels, 6 * _MAX_SERIES):
        share = (distance_map(pixels[None], color) < 20).mean()
        purer = [index for index, other in enumerate(found) if _is_blend(other, color, paper)]
        if share < _MIN_SHARE or any(_is_blend(color, other, paper) for other in found):
            continue
        if purer:
            found[purer[0]] = color
        elif all(color.distance(other) >= _SAME_COLOR for other in found):
            found.append(color)
    bright = [color for color in found if not color.is_gray]
    return (bright or found)[:_MAX_SERIES]


def _is_blend(color: Color, of: Color, paper: Color) -> bool:
    direction = np.array(of, float) - np.array(paper, float)
    offset = np.array(color, float) - np.array(paper, float)
    share = float(offset @ direction / max(1.0, direction @ direction))
    return 0.05 < share < 1.05 and float(np.abs(offset - share * direction).max()) < 28
