"""GLM-4.6V's image-token arithmetic, pure: what an image of some size costs, and the size a page should be rasterized at.

Source: `Glm46VImageProcessor` of transformers 5 (`smart_resize`), with a still image counted as two frames, so that the area cap is
half of `longest_edge`.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from schemas.preset import ImageLimits

MAX_ASPECT_RATIO = 200
TextCount = Callable[[str], int]
"""The tokens of a text, or an upper bound."""


class Grid(NamedTuple):
    """A size in pixels that the server's resize leaves as it is."""

    width: int
    height: int
    tokens: int


def resized(width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """Return the width and height in pixels to which the model's processor resizes an image.

    Raises:
        ValueError: one side is more than 200 times the other, which the processor refuses.
    """
    factor = limits.factor
    if min(width, height) < factor:
        scale = max(factor / height, factor / width)
        width, height = int(width * scale), int(height * scale)
    if max(width, height) / min(width, height) > MAX_ASPECT_RATIO:
        msg = f"an image of {width} x {height} pixels is too long for the model"
        raise ValueError(msg)
    frames = limits.temporal_patch_size
    wide, high = round(width / factor) * factor, round(height / factor) * factor
    if frames * wide * high > limits.longest_edge:
        shrink = math.sqrt(frames * width * height / limits.longest_edge)
        wide = max(factor, math.floor(width / shrink / factor) * factor)
        high = max(factor, math.floor(height / shrink / factor) * factor)
    elif frames * wide * high < limits.shortest_edge:
        stretch = math.sqrt(limits.shortest_edge / (frames * width * height))
        wide = math.ceil(width * stretch / factor) * factor
        high = math.ceil(height * stretch / factor) * factor
    return wide, high


def image_tokens(width: int, height: int, limits: ImageLimits | None = None) -> int:
    """Return how many tokens the model makes of an image; its begin and end markers are not counted."""
    limits = limits or ImageLimits()
    wide, high = resized(width, height, limits)
    return wide // limits.factor * (high // limits.factor)


def page_grid(width_pt: float, height_pt: float, dpi: float, limits: ImageLimits) -> Grid:
    """Return the grid for a page or crop of that size in points at about `dpi`, no larger than the model's cap."""
    scale = dpi / 72
    if limits.longest_side:
        scale = min(scale, (limits.longest_side - limits.factor) / max(width_pt, height_pt))
    aspect = width_pt / height_pt
    wide, high = max(1, round(width_pt * scale)), max(1, round(height_pt * scale))
    if aspect > MAX_ASPECT_RATIO / 2:
        high = math.ceil(wide / (MAX_ASPECT_RATIO / 2))
    elif aspect < 2 / MAX_ASPECT_RATIO:
        wide = math.ceil(high / (MAX_ASPECT_RATIO / 2))
    wide, high = resized(wide, high, limits)
    wide, high = resized(wide, high, limits)
    return Grid(wide, high, wide // limits.factor * (high // limits.factor))


def text_tokens_bound(text: str) -> int:
    """Return an upper bound of a text's tokens: a byte-level BPE never makes more tokens than bytes."""
    return len(text.encode())
