"""Ruled lines of an image: the strokes that separate the rows and columns of a table."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.reading import Line, Rect

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


def find_rules(image: NDArray[np.uint8], lines: Sequence[Line]) -> Rules:
    """Return the ruled lines of `image` (height, width, 3; RGB), without the strokes of the letters of `lines`."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    ink = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, _CONTRAST)
    across = _strokes(ink, np.ones((1, _MIN_LENGTH), np.uint8))
    down = tuple(Rect(y0, x0, y1, x1) for x0, y0, x1, y1 in _strokes(ink.T, np.ones((1, _MIN_LENGTH), np.uint8)))
    words = [word.rect for line in lines for word in line.words]
    return Rules(
        tuple(rule for rule in across if not any(_strikes(rule, word) for word in words)),
        tuple(rule for rule in down if not any(_is_stem(rule, word) for word in words)),
    )


def _is_stem(rule: Rect, word: Rect) -> bool:
    """Whether an upright stroke is part of a letter of a word."""
    return word.x0 <= (rule.x0 + rule.x1) / 2 <= word.x1 and rule.y0 >= word.y0 - 3 and rule.y1 <= word.y1 + 3


def _strikes(rule: Rect, word: Rect) -> bool:
    """Whether a level stroke is a dash or a bar of a letter: within a word, away from its lower edge."""
    depth = ((rule.y0 + rule.y1) / 2 - word.y0) / max(word.y1 - word.y0, 1.0)
    return 0.1 < depth < 0.8 and rule.x0 >= word.x0 - 3 and rule.x1 <= word.x1 + 3


def _strokes(ink: NDArray[np.generic], kernel: NDArray[np.uint8]) -> tuple[Rect, ...]:
    opened = cv2.morphologyEx(np.ascontiguousarray(ink), cv2.MORPH_OPEN, kernel)
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened)
    boxes = (stats[i] for i in range(1, count))
    return tuple(
        Rect(float(x), float(y), float(x + width), float(y + height))
        for x, y, width, height, _ in boxes
        if height <= _MAX_THICKNESS and width >= 8 * height
    )
