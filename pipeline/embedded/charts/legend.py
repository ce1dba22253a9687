"""Legends: labels with a small patch, stroke or marker of a series' color to their left."""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

import numpy as np

from pipeline.embedded.charts.axes import hull
from pipeline.embedded.charts.figure import Figure, Image, Label, Mask, label
from pipeline.embedded.charts.ink import INK_DISTANCE, Blob, Color, blobs, clip, distance_map, frequent_colors, ink_mask, without_lines
from pipeline.embedded.charts.quantities import parse_quantity
from pipeline.embedded.reading import Rect

_MIN_KEYS = 2
_STACK = 1.6
"""Height of a column of two entries, in widths of their one letter."""
_STACK_FILL = 0.6
_SAME_COLOR = 25
"""Distance up to which two thin swatches cannot be told apart."""


class Key(NamedTuple):
    """One entry: a series' name, its color, and the area of label and swatch."""

    name: str
    color: Color
    rect: Rect
    label: Label


class _Swatch(NamedTuple):
    rect: Rect
    color: Color


def find_legend(figure: Figure, taken: Sequence[Label]) -> tuple[Key, ...]:
    """Return the entries of the legend in reading order, empty if there is none.

    Args:
        figure: The upright figure.
        taken: Labels that are known to be something else, such as ticks.
    """
    papers = _papers(figure.image)
    paper = papers[0]
    ink = np.logical_and.reduce([ink_mask(figure.image, color) for color in papers])
    candidates = [item for item in figure.labels if item not in set(taken)]
    for item in figure.labels:
        ink[clip(_without_bullet(item), ink.shape)] = False
    lineless = without_lines(ink, round(0.3 * ink.shape[1]), round(0.3 * ink.shape[0]))
    patches = [patch for patch in blobs(lineless, 6) if _is_small(patch, figure.image.shape)]
    single = [part for item in candidates for part in _unstacked(item, patches) if not part.is_turned]
    keys = _aligned([key for item in single for key in _key(figure, item, patches, paper)])
    drawn = [key for key in keys if _is_drawn(figure.image, ink, key)]
    n_colors = len({key.color for key in drawn})
    is_legend = len(drawn) >= _MIN_KEYS and n_colors > len(drawn) / 2 and not _are_styles(drawn)
    return tuple(_in_reading_order(drawn)) if is_legend else ()


def are_distinct(keys: Sequence[Key]) -> bool:
    """Tell whether thin lines in the colors of the keys can be told apart."""
    return all(one.color.distance(other.color) > _SAME_COLOR for one, other in combinations(keys, 2))


def _are_styles(keys: Sequence[Key]) -> bool:
    """Tell whether the entries are of one color, solid and dashed: they explain parts of one line."""
    return all(one.color.distance(other.color) <= _SAME_COLOR for one, other in combinations(keys, 2)) and not keys[0].color.is_gray


def _unstacked(item: Label, patches: Sequence[Blob]) -> Iterator[Label]:
    """Yield a label, or each of its characters where OCR read a column of short entries as one word from top to bottom."""
    text = "".join(unicodedata.normalize("NFKC", item.text).split())
    x0, y0, x1, y1 = item.rect
    width = x1 - x0
    rows = sorted(
        (patch.rect.y0 + patch.rect.y1) / 2
        for patch in patches
        if y0 < (patch.rect.y0 + patch.rect.y1) / 2 < y1 and -0.4 * width <= x0 - patch.rect.x1 <= 1.6 * width and patch.fill > _STACK_FILL
    )
    if len(text) < _MIN_KEYS or len(rows) != len(text) or y1 - y0 < _STACK * width:
        yield item
        return
    half = min(width, (y1 - y0) / len(text)) / 2
    for character, middle in zip(text, rows, strict=True):
        yield label(character, Rect(x0, middle - half, x1, middle + half))


def _papers(image: Image) -> list[Color]:
    """Return the background, and a second one if the plot has its own: gray, and much of the image."""
    first, *others = frequent_colors(image.reshape(-1, 3), 3)
    return [first, *(color for color in others if color.is_gray and _is_wide(distance_map(image, color) < INK_DISTANCE))]


def _is_wide(mask: Mask) -> bool:
    return float(mask.mean()) > 0.15 and float(mask.any(axis=0).mean()) > 0.5 and float(mask.any(axis=1).mean()) > 0.5


def without_legend(figure: Figure, legend: Sequence[Key]) -> Figure:
    """Return the figure with the entries painted over in the color around each, their labels removed."""
    image = figure.image.copy()
    for key in legend:
        rows, columns = clip(key.rect, image.shape, 3)
        frame = np.concatenate([image[rows.start, columns], image[rows.stop - 1, columns]])
        image[rows, columns] = frequent_colors(frame, 1)[0]
    return figure._replace(image=image, labels=tuple(item for item in figure.labels if not any(_holds(key, item) for key in legend)))


def _holds(key: Key, item: Label) -> bool:
    """Tell whether a label is that of the entry, or the column of entries that it was read in."""
    own = key.label.rect
    return item == key.label or (
        item.rect.x0 == own.x0 and item.rect.x1 == own.x1 and item.rect.y0 - 1 <= own.y0 and own.y1 <= item.rect.y1 + 1
    )


def _is_drawn(image: Image, ink: Mask, key: Key) -> bool:
    """Tell whether the color occurs outside of the entry too, more than in its swatch."""
    colored = ink & (distance_map(image, key.color) < 40)
    inside = int(colored[clip(key.rect, image.shape)].sum())
    return int(colored.sum()) - inside > max(10, 0.8 * inside)


def _without_bullet(item: Label) -> Rect:
    """Return the label's area without its left margin, where OCR takes in some of the swatch."""
    return item.rect._replace(x0=item.rect.x0 + 0.1 * item.size)


def _is_small(patch: Blob, shape: Sequence[int]) -> bool:
    return patch.rect.x1 - patch.rect.x0 < 0.15 * shape[1] and patch.rect.y1 - patch.rect.y0 < 0.15 * shape[0]


def _key(figure: Figure, item: Label, patches: Sequence[Blob], paper: Color) -> list[Key]:
    beside = [patch for patch in patches if _is_swatch(patch.rect, item)]
    if not beside:
        return []
    rect = _union([patch.rect for patch in beside])
    pixels = figure.image[clip(rect, figure.image.shape)].reshape(-1, 3)
    far = pixels[distance_map(pixels[None], paper)[0] >= _strongest(pixels, paper) * 0.7]
    if not len(far):
        return []
    color = frequent_colors(far, 1)[0]
    if color.is_gray and not all(_is_plain(patch, item.size) for patch in beside):
        return []
    return [Key(_name(item), color, _union([rect, item.rect]), item)]


def _strongest(pixels: np.ndarray, paper: Color) -> float:
    return float(np.percentile(distance_map(pixels[None], paper)[0], 90))


def _is_swatch(rect: Rect, item: Label) -> bool:
    size = item.size
    gap = item.rect.x0 - rect.x1
    middle = (rect.y0 + rect.y1) / 2
    return (
        -0.4 * size <= gap <= 1.6 * size
        and abs(middle - item.y) <= 0.35 * size
        and rect.y1 - rect.y0 <= 1.3 * size
        and 0.25 * size <= rect.x1 - rect.x0 <= 4.5 * size
    )


def _is_plain(patch: Blob, size: float) -> bool:
    """Tell a patch, marker or stroke from a letter: it fills its bounds, or is flat and long."""
    height = patch.rect.y1 - patch.rect.y0
    return patch.fill > 0.6 or (height < 0.5 * size and patch.rect.x1 - patch.rect.x0 > height)


def _name(item: Label) -> str:
    """Drop a bullet that OCR read as a letter of its own."""
    head, _, tail = item.text.partition(" ")
    return tail if tail and len(head) == 1 and not head.isalnum() else item.text


def _aligned(keys: Sequence[Key]) -> list[Key]:
    """Return the largest set of keys in one row or one column, with the keys of the rows and columns that it crosses."""
    texts = [key for key in keys if parse_quantity(key.name) is None]
    numbers = [key for key in keys if parse_quantity(key.name) is not None]
    keys = texts if len(_longest_line(texts)) >= _MIN_KEYS else numbers
    best = _longest_line(keys)
    if len(best) < _MIN_KEYS:
        return []
    crosses = _same_row if all(_same_column(key, best[0]) for key in best) else _same_column
    near = hull([key.label for key in best])
    reach = 3 * median(key.label.size for key in best)
    return [key for key in keys if key in best or (any(crosses(key, other) for other in best) and _is_near(key.rect, near, reach))]


def _longest_line(keys: Sequence[Key]) -> list[Key]:
    lines = [[key for key in keys if is_same(key, anchor)] for is_same in (_same_column, _same_row) for anchor in keys]
    return max(lines, key=len, default=[])


def _same_column(one: Key, other: Key) -> bool:
    return abs(one.label.rect.x0 - other.label.rect.x0) <= 0.6 * min(one.label.size, other.label.size)


def _same_row(one: Key, other: Key) -> bool:
    return abs(one.label.y - other.label.y) <= 0.4 * min(one.label.size, other.label.size)


def _is_near(rect: Rect, area: Rect, reach: float) -> bool:
    return area.x0 - 8 * reach <= rect.x1 and rect.x0 <= area.x1 + 8 * reach and area.y0 - reach <= rect.y1 and rect.y0 <= area.y1 + reach


def _in_reading_order(keys: Sequence[Key]) -> list[Key]:
    rows: list[list[Key]] = []
    for key in sorted(keys, key=lambda key: key.label.y):
        if rows and _same_row(key, rows[-1][0]):
            rows[-1].append(key)
        else:
            rows.append([key])
    return [key for row in rows for key in sorted(row, key=lambda key: key.label.x)]


def _union(rects: Sequence[Rect]) -> Rect:
    return Rect(min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects))
