"""Ruled lines of an image: the strokes that separate the rows and columns of a table."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.reading import Rect

_MIN_LENGTH = 24
"""Shortest rule, in pixels: longer than any stroke of a letter at 200 dpi below 20 points."""
_MAX_THICKNESS = 6
"""Thickest rule, in pixels; anything thicker is a bar, a band or a photograph."""
_CONTRAST = 12
"""How much darker than its surroundings a rule is, of 255: hairlines at 70 dpi fade to light gray."""


class Rules(NamedTuple):
    """The ruled lines of an image, each as the rectangle that it blackens."""

    horizontal: tuple[Rect, ...]
    vertical: tuple[Rect, ...]


def find_rules(image: NDArray[np.uint8]) -> Rules:
    """Return the ruled lines of `image` (height, width, 3; RGB)."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    ink = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, _CONTRAST)
    across = _strokes(ink, np.ones((1, _MIN_LENGTH), np.uint8))
    down = tuple(Rect(y0, x0, y1, x1) for x0, y0, x1, y1 in _strokes(ink.T, np.ones((1, _MIN_LENGTH), np.uint8)))
    return Rules(across, down)


def _strokes(ink: NDArray[np.generic], kernel: NDArray[np.uint8]) -> tuple[Rect, ...]:
    opened = cv2.morphologyEx(np.ascontiguousarray(ink), cv2.MORPH_OPEN, kernel)
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened)
    boxes = (stats[i] for i in range(1, count))
    return tuple(
        Rect(float(x), float(y), float(x + width), float(y + height))
        for x, y, width, height, _ in boxes
        if height <= _MAX_THICKNESS and width >= 8 * height
    )
