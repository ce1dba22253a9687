"""Which parts of a page are charts: drawings with marks and printed numbers, unlike photographs, logos and ruled tables."""

import re
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts import detect
from pipeline.embedded.reading import Line, Rect
from pipeline.embedded.tables.grid import hull, inside, overlap
from pipeline.embedded.tables.rules import Rules

_NUMBER = re.compile(r"[($€£¥+\-−–]*\d[\d,. ]*(?:st|nd|rd|th)?[)%KMBkmb]*|\d{4}[/\u2013-]\d{2,4}")
_FEWEST_NUMBERS = 3
_FLAT = 0.3
"""Least share of pixels that equal their neighbors: drawings are above, photographs below."""
_MARKED = 40
"""How far from white or gray, of 255, the ink of a mark is: table bands are paler."""
_MARK_HEIGHT = 1.8
"""Lowest mark, in line heights: bars, curves and slices are higher than a line of text."""
_BAR_WIDTH, _BAR_HEIGHT = 1.5, 0.4
"""Least width and height of a level bar, in line heights: rules are lower."""
_GUTTER = 0.7
"""Narrowest gap between two charts side by side, in line heights."""

_MOST_NOTES, _MOST_WORDS = 14, 30
"""Lines and words beside what is drawn on a page that is one figure: title, legend, source."""
_MOST_WORDS_A_LINE = 14
"""Of a title or a note; a line with more is prose."""
_FEWEST_BARS = 3
_LEAST_FIGURE = 0.3
"""Of the page that the drawing of a figure takes."""
_TITLE_REACH = 2.0
"""How far above a chart, in line heights, its title may end."""


def find_marks(image: NDArray[np.uint8], lines: Sequence[Line], rules: Rules) -> tuple[Rect, ...]:
    """Return the boxes of what is drawn on `image` (height, width, 3; RGB) besides `lines` and `rules`."""
    words = [word.rect for line in lines for word in line.words]
    least = _MARK_HEIGHT * _line_height(lines)
    _, _, stats, _ = cv2.connectedComponentsWithStats(_ink(image, (*words, *rules.horizontal, *rules.vertical)))
    boxes = (Rect(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, _ in stats[1:])
    return tuple(box for box in boxes if box.y1 - box.y0 >= least and not _is_band(box, words))


def has_bars(image: NDArray[np.uint8], lines: Sequence[Line]) -> bool:
    """Whether filled bars, perhaps lower than a line of text, are drawn on `image` (height, width, 3; RGB), not as background of text."""
    words = [word.rect for line in lines for word in line.words]
    height = _line_height(lines)
    brush = np.ones((max(round(_BAR_HEIGHT * height), 1), max(round(_BAR_WIDTH * height), 1)), np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(_ink(image, ()), cv2.MORPH_OPEN, brush))
    filled = (Rect(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, _ in stats[1:])
    return any(not any(inside(word, box) > 0.5 for word in words) for box in filled)


def _ink(image: NDArray[np.uint8], without: Sequence[Rect]) -> NDArray[np.uint8]:
    """Return where `image` is dark or colored, `without` some rectangles: 1 there, else 0."""
    pixels = image.astype(np.int16)
    shade, color = 255 - pixels.min(axis=2), pixels.max(axis=2) - pixels.min(axis=2)
    ink: NDArray[np.uint8] = ((shade > 3 * _MARKED) | (color > _MARKED)).astype(np.uint8)
    for rect in without:
        ink[max(int(rect.y0) - 1, 0) : int(rect.y1) + 2, max(int(rect.x0) - 1, 0) : int(rect.x1) + 2] = 0
    return ink


def is_chart(image: NDArray[np.uint8], lines: Sequence[Line], picture: Rect) -> bool:
    """Whether a `picture` is a chart: a drawing with numbers."""
    words = [word for line in lines for word in line.words if inside(word.rect, picture) > 0.5]
    numbers = sum(bool(_NUMBER.fullmatch(word.text)) for word in words)
    return numbers >= _FEWEST_NUMBERS and _flatness(image, picture) > _FLAT


def has_marks(marks: Sequence[Rect], rect: Rect) -> bool:
    """Whether any of `marks` lies in `rect`."""
    return any(inside(mark, rect) > 0.5 for mark in marks)


def split_charts(image: NDArray[np.uint8], lines: Sequence[Line], rect: Rect) -> tuple[Rect, ...]:
    """Return the charts in `rect`: itself, or the charts that empty gutters from top to bottom separate."""
    for left, right in _halves(image, rect, _GUTTER * _line_height(lines)):
        if all(is_chart(image, lines, half) for half in (left, right)) and _are_charts(image, lines, left, right):
            return (*split_charts(image, lines, left), *split_charts(image, lines, right))
    return (rect,)


def is_figure(image: NDArray[np.uint8], lines: Sequence[Line], located: Sequence[Rect], marks: Sequence[Rect]) -> bool:
    """Whether a page is one chart with its title, legend and notes, and nothing else.

    Args:
        image: The page (height, width, 3; RGB).
        lines: Its lines.
        located: The tables and pictures that were found on it, if any.
        marks: What is drawn on it.
    """
    height, width = image.shape[:2]
    found = hull([*located, *marks]) if located or marks else Rect(0.0, 0.0, float(width), float(height))
    outside = [line for line in lines if inside(line.rect, found) < 0.5]
    if len(outside) > _MOST_NOTES or sum(len(line.words) for line in outside) > _MOST_WORDS or any(map(_is_prose, lines)):
        return False
    is_large = (found.x1 - found.x0) * (found.y1 - found.y0) > _LEAST_FIGURE * width * height
    return is_large and detect.is_chart(image, lines) and _n_charts(image, lines, located) <= 1


def _n_charts(image: NDArray[np.uint8], lines: Sequence[Line], located: Sequence[Rect]) -> int:
    """Return how many charts the located regions are."""
    parts = [part for rect in located for part in split_charts(image, lines, rect)]
    return sum(detect.is_chart(*_view(image, lines, part)) for part in parts)


def _is_prose(line: Line) -> bool:
    return len(line.words) > _MOST_WORDS_A_LINE


def _are_charts(image: NDArray[np.uint8], lines: Sequence[Line], *parts: Rect) -> bool:
    """Whether each part shows data by itself, all beside scales or none: not an axis and its plot, a plot and a column of buttons."""
    views = [_view(image, lines, part) for part in parts]
    return all(detect.is_chart(*view) for view in views) and len({detect.has_scale(*view) for view in views}) == 1


def _view(image: NDArray[np.uint8], lines: Sequence[Line], rect: Rect) -> tuple[NDArray[np.uint8], list[Line]]:
    x0, y0, x1, y1 = (int(side) for side in rect)
    within = [_moved(line, -x0, -y0) for line in lines if inside(line.rect, rect) > 0.5]
    return np.ascontiguousarray(image[y0:y1, x0:x1]), within


def _moved(line: Line, dx: float, dy: float) -> Line:
    def move(rect: Rect) -> Rect:
        return Rect(rect.x0 + dx, rect.y0 + dy, rect.x1 + dx, rect.y1 + dy)

    return line._replace(words=tuple(word._replace(rect=move(word.rect)) for word in line.words), rect=move(line.rect))


def has_colored_boxes(image: NDArray[np.uint8], lines: Sequence[Line]) -> bool:
    """Whether there are filled boxes that hold no text of their own, as the bars of a chart and unlike the bands of a table."""
    pixels = image.astype(np.int16)
    vivid = (pixels.max(axis=2) - pixels.min(axis=2) > _MARKED).astype(np.uint8)
    words = [word.rect for line in lines for word in line.words]
    _, _, stats, _ = cv2.connectedComponentsWithStats(vivid)
    height = _line_height(lines)
    boxes = (Rect(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, n in stats[1:] if n > 0.8 * w * h and n > height**2)
    return sum(box.y1 - box.y0 > 0.3 * height and not _is_band(box, words) for box in boxes) >= _FEWEST_BARS


def with_strokes(strokes: Sequence[Rect], chart: Rect) -> Rect:
    """Return `chart` grown to the ends of the bars, curves and axes that it cuts off: those of which it holds most."""
    return hull((chart, *(stroke for stroke in strokes if inside(stroke, chart) > 0.5)))


def with_title(lines: Sequence[Line], chart: Rect) -> Rect:
    """Return `chart` grown by the lines right above it that are narrower than it: its title and legend."""
    height = _line_height(lines)
    above = [
        line.rect
        for line in lines
        if -0.5 * height < chart.y0 - line.rect.y1 < _TITLE_REACH * height
        and overlap((line.rect.x0, line.rect.x1), (chart.x0, chart.x1)) > 0.9 * (line.rect.x1 - line.rect.x0)
        and line.rect.x1 - line.rect.x0 < 0.9 * (chart.x1 - chart.x0)
    ]
    return hull((chart, *above))


def _halves(image: NDArray[np.uint8], rect: Rect, least: float) -> Iterator[tuple[Rect, Rect]]:
    """Yield the two parts of `rect` at each empty gutter, the widest gutter first."""
    x0, y0, x1, y1 = (int(side) for side in rect)
    crop = image[y0:y1, x0:x1].min(axis=2)
    inked = np.flatnonzero((crop < np.median(crop) - _MARKED).any(axis=0))
    gaps = np.diff(inked)
    for i in sorted(np.flatnonzero(gaps > least), key=lambda i: -gaps[i]):
        yield rect._replace(x1=float(x0 + inked[i] + 1)), rect._replace(x0=float(x0 + inked[i + 1]))


def _is_band(box: Rect, words: Sequence[Rect]) -> bool:
    """Whether a filled box is the background of text, as under the headings of a table."""
    return sum(inside(word, box) > 0.8 for word in words) > 1


def _flatness(image: NDArray[np.uint8], rect: Rect) -> float:
    x0, y0, x1, y1 = (int(side) for side in rect)
    gray = cv2.cvtColor(image[max(y0, 0) : y1, max(x0, 0) : x1], cv2.COLOR_RGB2GRAY).astype(np.int16)
    return float((np.abs(np.diff(gray, axis=1)) <= 2).mean()) if gray.size else 0.0


def _line_height(lines: Sequence[Line]) -> float:
    heights: list[float] = [line.rect.y1 - line.rect.y0 for line in lines]
    return float(np.median(heights)) if heights else 12.0
