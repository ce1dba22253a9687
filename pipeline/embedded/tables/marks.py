"""Dashes that stand alone in a cell: text detection passes over marks so small."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.reading import Line, Rect, Word
from pipeline.embedded.tables.rules import Rules

_EM_DASH, _EN_DASH, _HYPHEN = 0.6, 0.32, 0.16
"""Narrowest dash of each kind, in line heights; a line as detected is about 1.3 ems high."""
_WIDEST = 1.2
_THICKEST = 0.22
"""In line heights."""
_CLEAR = 0.4
"""How far, in line heights, a lone dash is from any other ink at its left and right."""


def lone_dashes(image: NDArray[np.uint8], lines: Sequence[Line], rules: Rules) -> tuple[Line, ...]:
    """Return the dashes of `image` (height, width, 3; RGB) that `lines` miss and that stand at the height of a line.

    The upright `rules` beside them do not count as ink.
    """
    if not lines:
        return ()
    height = float(np.median([line.rect.y1 - line.rect.y0 for line in lines]))
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    ink = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 20)
    for rule in rules.vertical:
        ink[int(rule.y0) : int(rule.y1), max(int(rule.x0) - 1, 0) : int(rule.x1) + 1] = 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    rects = (Rect(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h, _ in stats[1:])
    dashes = [rect for rect in rects if _is_dash(rect, height) and _stands_free(ink, rect, height)]
    return tuple(_line(rect, lines, height) for rect in dashes if _is_missed(rect, lines) and _is_in_row(rect, lines))


def _is_dash(rect: Rect, height: float) -> bool:
    width, thickness = rect.x1 - rect.x0, rect.y1 - rect.y0
    return _HYPHEN * height <= width <= _WIDEST * height and thickness <= max(_THICKEST * height, 2) and width >= 2 * thickness


def _stands_free(ink: NDArray[np.generic], rect: Rect, height: float) -> bool:
    clear, reach = int(_CLEAR * height), int(0.3 * height)
    x0, x1, y0, y1 = int(rect.x0), int(rect.x1), max(int(rect.y0) - reach, 0), int(rect.y1) + reach
    left, right = ink[y0:y1, max(x0 - clear, 0) : x0], ink[y0:y1, x1 : x1 + clear]
    around = ink[y0:y1, x0:x1].any(axis=1)
    return not left.any() and not right.any() and int(around.sum()) <= rect.y1 - rect.y0


def _is_missed(rect: Rect, lines: Sequence[Line]) -> bool:
    x, y = (rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2
    return not any(word.rect.x0 <= x <= word.rect.x1 and word.rect.y0 <= y <= word.rect.y1 for line in lines for word in line.words)


def _is_in_row(rect: Rect, lines: Sequence[Line]) -> bool:
    return any(_is_level(rect, line.rect) for line in lines)


def _is_level(rect: Rect, line: Rect) -> bool:
    return abs((rect.y0 + rect.y1) - (line.y0 + line.y1)) / 2 < 0.2 * (line.y1 - line.y0)


def _line(rect: Rect, lines: Sequence[Line], height: float) -> Line:
    """Return the dash as a line as high as its neighbors, so that it falls into their row."""
    beside = next(line.rect for line in lines if _is_level(rect, line.rect))
    width = (rect.x1 - rect.x0) / height
    text = "\u2014" if width >= _EM_DASH else "\u2013" if width >= _EN_DASH else "-"
    word = Word(text, Rect(rect.x0, beside.y0, rect.x1, beside.y1), 1.0)
    return Line((word,), word.rect, 1.0)
