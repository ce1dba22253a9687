"""The labels of a chart: upright text from one pass of OCR, turned text from a second over the strip that holds it."""

import re
from collections.abc import Iterable, Sequence
from statistics import median

import cv2
import numpy as np

from pipeline.embedded import ocr
from pipeline.embedded.charts.axes import find_value_axes
from pipeline.embedded.charts.figure import Figure, Image, Label, label, turn_left
from pipeline.embedded.charts.quantities import parse_quantity
from pipeline.embedded.reading import Line, Rect, Word

_COMFORTABLE_SIDE = 1600  # px; small type is read better enlarged, large crops cost time
_LEGIBLE = 8  # px: a smaller image holds no text
_SPLIT_GAP = 0.9  # of the type size: wider gaps separate labels
_THOUSANDS_GAP = 0.5
_STRIP = 0.22  # of the side: where the labels of an axis are
_ENOUGH_TICKS = 5
_SMALL_TYPE, _USUAL_TYPE = 20, 25  # px, as high as OCR draws its boxes
_CIRCLES = frozenset("Oo\u25cb\u25ef\u25cf\u2022")  # hollow markers look like these; no category is called so
_FIRST_IDEOGRAPH = "\u2e80"  # a single one is a marker that looks like it
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_ASLANT = 1.35  # times the height of upright labels
_GLUED_MONTHS = re.compile(rf"(?:{_MONTHS}){{2,}}")


def read_labels(image: Image) -> tuple[Label, ...]:
    """Return the labels of `image` (height, width, 3; RGB) in its pixels, turned ones marked and not to be trusted."""
    if min(image.shape[:2]) < _LEGIBLE:
        return ()
    factor = min(2.0, max(1.0, _COMFORTABLE_SIDE / max(image.shape[:2])))
    larger = image if factor == 1 else cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    lines = [_shrunk(line, factor) for line in ocr.read_lines(np.asarray(larger, np.uint8))]
    return tuple(item for line in lines for item in _labels(line) if not _is_mark(item))


def labels_within(lines: Iterable[Line], area: tuple[slice, slice]) -> tuple[Label, ...]:
    """Return the labels among the lines of an image that lie in an area of it (rows and columns), in pixels of that area."""
    rows, columns = area
    labels = [_moved(item, -columns.start, -rows.start) for line in lines for item in _labels(line) if not _is_mark(item)]
    height, width = rows.stop - rows.start, columns.stop - columns.start
    return tuple(item for item in labels if 0 <= item.x < width and 0 <= item.y < height)


def _is_mark(item: Label) -> bool:
    """Tell whether the "text" is a marker of a line or a tick that OCR took for a letter."""
    width, height = item.rect.x1 - item.rect.x0, item.rect.y1 - item.rect.y0
    is_shape = len(item.text) == 1 and (width < 0.25 * height or item.text >= _FIRST_IDEOGRAPH or item.text in _CIRCLES)
    return is_shape or not any(map(str.isalnum, item.text))


def with_axis_labels(figure: Figure) -> Figure:
    """Return the figure with the labels added that a closer look at its margins finds where the first look saw few ticks.

    The detector of the OCR leaves out short numbers in a wide image now and then; a narrow strip of it shows them.
    """
    height, width = figure.image.shape[:2]
    strips = []
    if not _has_full_axis(figure):
        strips.append(Rect(0, 0, _STRIP * width, height))
        if not _has_full_axis(turn_left(figure)):
            strips.append(Rect(0, (1 - _STRIP) * height, width, height))
    added = [item for strip in strips for item in _strip_labels(figure.image, strip)]
    known = [item.rect for item in figure.labels]
    fresh = [item for item in added if not any(_overlap(item.rect, rect) for rect in known)]
    return figure._replace(labels=figure.labels + tuple(fresh))


def with_slants(figure: Figure) -> Figure:
    """Return the figure with the labels below its value axis told apart that run aslant: their boxes are higher than a line of its type."""
    for axis in find_value_axes(figure.labels)[:1]:
        size = median(item.size for item in axis.labels)
        labels = tuple(item._replace(slant=size) if _is_aslant(item, size, axis.rect.y1) else item for item in figure.labels)
        return figure._replace(labels=labels)
    return figure


def _is_aslant(item: Label, size: float, floor: float) -> bool:
    width, height = item.rect.x1 - item.rect.x0, item.rect.y1 - item.rect.y0
    is_high = height > _ASLANT * size and 0.7 * width < height < 2 * width
    return is_high and len(item.text) > 2 and item.rect.y0 > floor - size and not item.is_turned


def enlarged(figure: Figure) -> Figure:
    """Return a figure of small type enlarged so that strokes and gaps are as thick as they are in a page at reading resolution."""
    sizes = [item.size for item in figure.labels if not item.is_turned]
    if not sizes or median(sizes) >= _SMALL_TYPE:
        return figure
    factor = min(2.0, _USUAL_TYPE / median(sizes))
    image = cv2.resize(figure.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return Figure(np.asarray(image, np.uint8), tuple(_scaled(item, factor) for item in figure.labels))


def _scaled(item: Label, factor: float) -> Label:
    words = tuple(word._replace(rect=_times(word.rect, factor)) for word in item.words)
    return item._replace(rect=_times(item.rect, factor), words=words, slant=item.slant * factor)


def _times(rect: Rect, factor: float) -> Rect:
    return Rect(*(side * factor for side in rect))


def _has_full_axis(figure: Figure) -> bool:
    return any(len(axis.labels) >= _ENOUGH_TICKS for axis in find_value_axes(figure.labels))


def _strip_labels(image: Image, strip: Rect) -> list[Label]:
    x0, y0, x1, y1 = (round(side) for side in strip)
    part = np.ascontiguousarray(image[y0:y1, x0:x1])
    inner = [item for item in read_labels(part) if x1 == image.shape[1] or item.rect.x1 < x1 - x0 - 2]
    return [_moved(item, x0, y0) for item in inner if item.rect.y0 > 2 or y0 == 0]


def _moved(item: Label, dx: float, dy: float) -> Label:
    def move(rect: Rect) -> Rect:
        return Rect(rect.x0 + dx, rect.y0 + dy, rect.x1 + dx, rect.y1 + dy)

    return item._replace(rect=move(item.rect), words=tuple(word._replace(rect=move(word.rect)) for word in item.words))


def _overlap(one: Rect, other: Rect) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > 0 and height > 0 and width * height > 0.2 * (one.x1 - one.x0) * (one.y1 - one.y0)


def read_turned_labels(image: Image, area: Rect) -> tuple[Label, ...]:
    """Return the labels in `area` of `image` that run from bottom to top."""
    x0, y0, x1, y1 = (max(0, round(side)) for side in area)
    strip = image[y0:y1, x0:x1]
    upright = np.ascontiguousarray(np.rot90(strip, -1))
    height = strip.shape[0]
    return tuple(
        item._replace(rect=Rect(x0 + r.y0, y0 + height - r.x1, x0 + r.y1, y0 + height - r.x0), is_turned=True)
        for item in read_labels(upright)
        for r in (item.rect,)
    )


def _shrunk(line: Line, factor: float) -> Line:
    words = tuple(word._replace(rect=_times(word.rect, 1 / factor)) for word in line.words)
    return Line(words, _times(line.rect, 1 / factor), line.score)


def _labels(line: Line) -> Iterable[Label]:
    width, height = line.rect.x1 - line.rect.x0, line.rect.y1 - line.rect.y0
    if len(line.text) > 2 and height > 2 * width:
        return [label(line.text, line.rect, is_turned=True)]
    words = [part for word in line.words for part in _unglued(word)]
    return [item for chunk in _split(words, _SPLIT_GAP * height) for item in _label(chunk, height)]


def _unglued(word: Word) -> list[Word]:
    """Cut "MarApr" in two, the width shared evenly."""
    if not _GLUED_MONTHS.fullmatch(word.text):
        return [word]
    texts = re.findall(_MONTHS, word.text)
    edges = np.linspace(word.rect.x0, word.rect.x1, len(texts) + 1)
    return [
        word._replace(text=text, rect=word.rect._replace(x0=float(x0), x1=float(x1)))
        for text, x0, x1 in zip(texts, edges, edges[1:], strict=False)
    ]


def _split(words: Sequence[Word], gap: float) -> list[list[Word]]:
    chunks: list[list[Word]] = []
    for word in words:
        if chunks and word.rect.x0 - chunks[-1][-1].rect.x1 <= gap:
            chunks[-1].append(word)
        else:
            chunks.append([word])
    return chunks


def _label(chunk: Sequence[Word], height: float) -> list[Label]:
    """Return one label for the words, or one for each number or month where there is nothing else."""
    whole = _joined(chunk)
    if len(chunk) == 1 or whole.quantity is not None:
        return [whole]
    groups = _thousands_joined(chunk, height)
    if all(parse_quantity(_text(group)) is not None or re.fullmatch(_MONTHS, _text(group)) for group in groups):
        return [_joined(group) for group in groups]
    return [whole]


def _thousands_joined(words: Sequence[Word], height: float) -> list[list[Word]]:
    groups: list[list[Word]] = []
    for word in words:
        is_tail = re.fullmatch(r"\d{3}([.]\d+)?", word.text) is not None
        if groups and is_tail and _is_head(groups[-1]) and word.rect.x0 - groups[-1][-1].rect.x1 < _THOUSANDS_GAP * height:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _is_head(group: Sequence[Word]) -> bool:
    return re.fullmatch(r"[-−]?\d{1,3}( \d{3})*", _text(group)) is not None


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _joined(words: Sequence[Word]) -> Label:
    rects = [word.rect for word in words]
    rect = Rect(min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects))
    return label(_text(words), rect, words=tuple(words))
