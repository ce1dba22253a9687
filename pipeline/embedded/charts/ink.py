"""Pixels that are not background: erasing texts and grid lines, telling colors apart."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.figure import Image, Label, Mask
from pipeline.embedded.reading import Rect

INK_DISTANCE = 24
"""A pixel is ink if a channel is at least this far (of 255) from the background's."""


class Color(NamedTuple):
    """Red, green and blue, 0 to 255."""

    red: int
    green: int
    blue: int

    def distance(self, other: "Color") -> int:
        """Return the largest difference of a channel."""
        return max(abs(own - theirs) for own, theirs in zip(self, other, strict=True))

    @property
    def chroma(self) -> int:
        """How far the channels are apart."""
        return max(self) - min(self)

    @property
    def is_gray(self) -> bool:
        """Whether the channels are about equal."""
        return self.chroma < INK_DISTANCE


def background(image: Image) -> Color:
    """Return the most frequent color, from bins of 4 bits a channel."""
    return frequent_colors(image.reshape(-1, 3), 1)[0]


def border(image: Image) -> Color:
    """Return the most frequent color of the outermost pixels."""
    return frequent_colors(np.concatenate([image[:2].reshape(-1, 3), image[-2:].reshape(-1, 3), image[:, :2].reshape(-1, 3)]), 1)[0]


def frequent_colors(pixels: NDArray[np.uint8], count: int) -> list[Color]:
    """Return up to `count` colors of `pixels` (n, 3), most frequent first: the median of each of the fullest bins."""
    bins = pixels.astype(np.uint32) >> 4
    codes = bins[:, 0] << 8 | bins[:, 1] << 4 | bins[:, 2]
    counts = np.bincount(codes, minlength=4096)
    fullest = [int(code) for code in np.argsort(counts)[::-1][:count] if counts[code]]
    return [color_of(pixels[codes == code]) for code in fullest]


def color_of(pixels: NDArray[np.uint8]) -> Color:
    """Return the median color of `pixels` (n, 3)."""
    red, green, blue = (int(channel) for channel in np.median(pixels, axis=0))
    return Color(red, green, blue)


def distance_map(image: Image, color: Color) -> NDArray[np.int16]:
    """Return each pixel's distance (height, width) from a color: the largest difference of a channel."""
    return np.asarray(np.abs(image.astype(np.int16) - np.array(color, np.int16)).max(axis=2), np.int16)


def ink_mask(image: Image, paper: Color) -> Mask:
    """Return which pixels (height, width) are not background."""
    return distance_map(image, paper) >= INK_DISTANCE


def clip(rect: Rect, shape: Sequence[int], margin: float = 0.0) -> tuple[slice, slice]:
    """Return the rows and columns that `rect`, grown by `margin` px, covers in an image of `shape`."""
    y0, y1 = max(0, round(rect.y0 - margin)), min(shape[0], round(rect.y1 + margin))
    x0, x1 = max(0, round(rect.x0 - margin)), min(shape[1], round(rect.x1 + margin))
    return slice(y0, max(y0, y1)), slice(x0, max(x0, x1))


def erase_labels(image: Image, labels: Iterable[Label]) -> Image:
    """Return the image with each label painted over from what lies around it, row by row.

    A row takes the color beside it: of both sides if they agree, else it fades from one to the other in one step in the middle.
    So a label inside a bar leaves the bar, a label on the background leaves background.
    """
    erased = image.copy()
    for item in labels:
        _erase(erased, item.rect)
    return erased


def _erase(image: Image, rect: Rect) -> None:
    rows, columns = clip(rect, image.shape, 1)
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    left = image[rows, max(0, columns.start - 2)].copy()
    right = image[rows, min(image.shape[1] - 1, columns.stop + 1)].copy()
    middle = (columns.start + columns.stop) // 2
    image[rows, columns.start : middle] = left[:, None]
    image[rows, middle : columns.stop] = right[:, None]


def without_lines(ink: Mask, length_x: int, length_y: int, thickness: int = 3) -> Mask:
    """Return `ink` without straight lines at least that long and at most `thickness` px thick: axes, frames, grids."""
    horizontal = _long_and_thin(ink, length_x, thickness)
    vertical = _long_and_thin(ink.T, length_y, thickness).T
    return ink & ~horizontal & ~vertical


def _long_and_thin(ink: Mask, length: int, thickness: int) -> Mask:
    long_runs = opened(ink, 1, max(3, length))
    thick = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, np.ones((thickness + 1, 1), np.uint8))
    return np.asarray(long_runs & (thick == 0), np.bool_)


def opened(mask: Mask, height: int, width: int) -> Mask:
    """Return where `mask` holds whole rectangles of that size, none of them beyond its border."""
    kernel = np.ones((height, width), np.uint8)
    small = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(small > 0, np.bool_)


class Blob(NamedTuple):
    """A connected set of pixels: its bounds and how many there are."""

    rect: Rect
    area: int

    @property
    def fill(self) -> float:
        """The share of the bounds that is filled."""
        return self.area / ((self.rect.x1 - self.rect.x0) * (self.rect.y1 - self.rect.y0))


def blobs(mask: Mask, min_area: int = 1) -> list[Blob]:
    """Return the 8-connected sets of pixels of at least `min_area`, in scan order."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return [
        Blob(Rect(float(x), float(y), float(x + width), float(y + height)), int(area))
        for x, y, width, height, area in stats[1:count]
        if area >= min_area
    ]
