"""Whether a region of a page is a chart: a scale beside it or slices in it, drawn in few flat colors."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.axes import ValueAxis, find_value_axes
from pipeline.embedded.charts.figure import Figure, Label, label, turn_left
from pipeline.embedded.charts.ink import background, blobs, clip, ink_mask, without_lines
from pipeline.embedded.reading import Line, Rect

_FLAT_SHARE = 0.6  # of the pixels of a chart lie in its most frequent colors; photographs stay far below
_N_COLORS = 12
_MIN_INK = 0.004  # of the area, outside of texts: axes, bars, lines
_MIN_MARKS = 0.001  # of the area beside a scale, lines left out: the dots of a scatter plot are few
_MIN_SIDE = 40


def is_chart(image: NDArray[np.uint8], lines: Sequence[Line]) -> bool:
    """Tell a chart from a photograph, a logo, a diagram or a table.

    Args:
        image: The region (height, width, 3; RGB) at about 100 dpi.
        lines: The lines read in the region, in its pixels.
    """
    height, width = image.shape[:2]
    if min(height, width) < _MIN_SIDE or flat_share(image) < _FLAT_SHARE:
        return False
    labels = tuple(label(word.text, word.rect, is_turned=word.is_vertical) for line in lines for word in line.words)
    ink = _ink_without_text(image, labels)
    if ink.mean() < _MIN_INK:
        return False
    return _has_scale(Figure(image, labels), ink) or _has_disc(ink) or _has_labelled_bars(ink, labels)


def has_scale(image: NDArray[np.uint8], lines: Sequence[Line]) -> bool:
    """Tell whether a region has a value axis with marks beside it."""
    labels = tuple(label(word.text, word.rect, is_turned=word.is_vertical) for line in lines for word in line.words)
    return _has_scale(Figure(image, labels), _ink_without_text(image, labels))


def flat_share(image: NDArray[np.uint8]) -> float:
    """Return the share of pixels in the most frequent colors, of 4 bits a channel."""
    small = image[:: max(1, image.shape[0] // 300), :: max(1, image.shape[1] // 300)].astype(np.uint32) >> 4
    codes = (small[..., 0] << 8 | small[..., 1] << 4 | small[..., 2]).ravel()
    counts = np.sort(np.bincount(codes, minlength=4096))[::-1]
    return float(counts[:_N_COLORS].sum() / codes.size)


def _ink_without_text(image: NDArray[np.uint8], labels: Sequence[Label]) -> NDArray[np.bool_]:
    ink = ink_mask(image, background(image))
    for item in labels:
        ink[clip(item.rect, ink.shape, 1)] = False
    return ink


def _has_scale(figure: Figure, ink: NDArray[np.bool_]) -> bool:
    marks = without_lines(ink, round(0.25 * ink.shape[1]), round(0.25 * ink.shape[0]))
    upright = find_value_axes(figure.labels)
    across = find_value_axes(turn_left(figure).labels)
    return any(_measures(axis, marks) for axis in upright) or any(_measures(axis, marks.T[::-1]) for axis in across)


def _measures(axis: ValueAxis, marks: NDArray[np.bool_]) -> bool:
    """Tell whether the axis has marks beside it and is no row of years, which heads tables too."""
    values = [tick.value for tick in axis.scale.ticks]
    are_years = all(value == round(value) and 1800 <= value <= 2100 for value in values)
    return not are_years and _spans(axis.rect, marks)


def _spans(rect: Rect, ink: NDArray[np.bool_]) -> bool:
    """Tell whether the scale covers much of the region's height, with ink beside it."""
    beside = ink[max(0, round(rect.y0)) : round(rect.y1)]
    return rect.y1 - rect.y0 > 0.3 * ink.shape[0] and float(beside.mean()) > _MIN_MARKS


def _has_disc(ink: NDArray[np.bool_]) -> bool:
    """Tell whether the largest thing drawn is a disc or a ring, as in a pie chart."""
    contours, _ = cv2.findContours(ink.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < 0.05 * ink.size:
        return False
    _, radius = cv2.minEnclosingCircle(largest)
    return cv2.contourArea(cv2.convexHull(largest)) > 0.9 * np.pi * radius**2


def _has_labelled_bars(ink: NDArray[np.bool_], labels: Sequence[Label]) -> bool:
    """Tell whether there are bars of equal thickness from one base, and about as many numbers (a chart without a scale)."""
    n_numbers = sum(item.quantity is not None for item in labels)
    bars = [blob.rect for blob in blobs(ink, round(0.002 * ink.size)) if blob.fill > 0.85]
    if min(len(bars), n_numbers) < 3:
        return False
    is_upright = _agree([bar.x1 - bar.x0 for bar in bars]) and _agree([bar.y1 for bar in bars])
    return is_upright or (_agree([bar.y1 - bar.y0 for bar in bars]) and _agree([bar.x0 for bar in bars]))


def _agree(values: Sequence[float]) -> bool:
    middle = float(np.median(values))
    return sum(abs(value - middle) <= 2 for value in values) >= max(3, 0.7 * len(values))
