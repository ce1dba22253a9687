"""How far a scanned image is turned, and the image turned back."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.reading import Rect

_STEPS = (np.arange(-3, 3.01, 0.25), np.arange(-0.2, 0.21, 0.05))
"""Degrees tried, coarse then fine around the best: scanners and copiers turn pages by less than three degrees."""
_UPRIGHT = 0.15
"""Degrees within which an image counts as upright: a line across a page then rises by less than half its height."""
_CLEARLY = 1.1
"""How much better than upright the best angle must be: drawings and short crops have no clear one."""
_WIDTH = 800
"""Pixels to which wider images are reduced before the angle is measured."""


def find_skew(image: NDArray[np.uint8]) -> float:
    """Return the angle in degrees by which `image` (height, width, 3; RGB) is turned counterclockwise; 0.0 if upright.

    The right angle is the one at which the rows of ink differ most from the gaps between them (Postl's criterion).
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    shrink = min(_WIDTH / gray.shape[1], 1.0)
    small = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA).astype(np.uint8)
    ink = cv2.adaptiveThreshold(small, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, 15)
    angle, upright = 0.0, _contrast(ink, 0.0)
    for steps in _STEPS:
        angle = max((angle + float(step) for step in steps), key=lambda degrees: (_contrast(ink, degrees), -abs(degrees)))
    return angle if abs(angle) > _UPRIGHT and _contrast(ink, angle) > _CLEARLY * upright else 0.0


def turned_back(image: NDArray[np.uint8], angle: float) -> NDArray[np.uint8]:
    """Return `image` turned clockwise by `angle` degrees about its center, as large as before; corners repeat the edge."""
    if not angle:
        return image
    height, width = image.shape[:2]
    matrix = _matrix(width, height, -angle)
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def turned(rect: Rect, angle: float, width: int, height: int) -> Rect:
    """Return the smallest box around `rect` turned counterclockwise about the center of an image of that size."""
    if not angle:
        return rect
    corners = np.array([[x, y, 1.0] for x in (rect.x0, rect.x1) for y in (rect.y0, rect.y1)])
    moved = corners @ _matrix(width, height, angle).T
    (x0, y0), (x1, y1) = moved.min(axis=0), moved.max(axis=0)
    return Rect(float(x0), float(y0), float(x1), float(y1))


def _matrix(width: int, height: int, angle: float) -> NDArray[np.float64]:
    return np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), np.float64)


def _contrast(ink: NDArray[np.generic], angle: float) -> float:
    height, width = ink.shape
    level = cv2.warpAffine(np.asarray(ink, np.uint8), _matrix(width, height, -angle), (width, height), flags=cv2.INTER_NEAREST)
    return float(np.square(np.diff(level.sum(axis=1, dtype=np.float64))).sum())
