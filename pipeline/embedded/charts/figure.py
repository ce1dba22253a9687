"""A chart as it lies before the reader: pixels, and the texts on them with their places."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.quantities import Quantity, parse_quantity
from pipeline.embedded.reading import Rect, Word

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Label(NamedTuple):
    """A text on the chart. `rect` in pixels of the chart's image; `quantity` if the text is one number.

    `slant` is the height of the type of a label that runs aslant upwards, to end below the place that it names; 0 of others.
    """

    text: str
    rect: Rect
    quantity: Quantity | None
    is_turned: bool = False
    words: tuple[Word, ...] = ()
    slant: float = 0.0

    @property
    def x(self) -> float:
        """The horizontal middle, or the end of a label aslant."""
        return self.rect.x1 - self.slant / 2 if self.slant else (self.rect.x0 + self.rect.x1) / 2

    @property
    def y(self) -> float:
        """The vertical middle, or the end of a label aslant."""
        return self.rect.y0 + self.slant / 2 if self.slant else (self.rect.y0 + self.rect.y1) / 2

    @property
    def size(self) -> float:
        """The height of the type, about."""
        if self.slant:
            return self.slant
        sides = (self.rect.x1 - self.rect.x0, self.rect.y1 - self.rect.y0)
        return max(sides) if len(self.text) == 1 else min(sides)


class Figure(NamedTuple):
    """The image (height, width, 3; RGB) and its labels. `is_turned`: turned left by 90°, so that bars grow upwards."""

    image: Image
    labels: tuple[Label, ...]
    is_turned: bool = False


def label(text: str, rect: Rect, *, is_turned: bool = False, words: tuple[Word, ...] = ()) -> Label:
    """Return the label for `text`, its number parsed."""
    return Label(text, rect, parse_quantity(text), is_turned, words)


def turn_left(figure: Figure) -> Figure:
    """Turn a figure by 90° against the clock: what lay at the left lies at the bottom, from left to right as it lay from top to bottom."""
    width = figure.image.shape[1]
    image = np.ascontiguousarray(np.rot90(figure.image))
    labels = tuple(_turned_label(item, width) for item in figure.labels)
    return Figure(image, labels, is_turned=True)


def _turned_label(item: Label, width: int) -> Label:
    words = tuple(word._replace(rect=_turned(word.rect, width)) for word in item.words)
    return item._replace(rect=_turned(item.rect, width), words=words)


def _turned(rect: Rect, width: int) -> Rect:
    return Rect(rect.y0, width - rect.x1, rect.y1, width - rect.x0)
