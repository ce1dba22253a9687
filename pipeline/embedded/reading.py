"""What the embedded reader sees on one image: words, lines and regions, in pixels of that image, origin top left."""

from typing import Literal, NamedTuple

RegionKind = Literal["table", "chart", "picture", "title", "text", "list", "caption", "header", "footer", "footnote", "formula"]


class Rect(NamedTuple):
    """x0, y0, x1, y1 in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float


class Word(NamedTuple):
    """One word, upright or turned (`is_vertical`: it runs along the y axis)."""

    text: str
    rect: Rect
    score: float
    is_vertical: bool = False


class Line(NamedTuple):
    """Words that the recogniser saw as one line, left to right."""

    words: tuple[Word, ...]
    rect: Rect
    score: float

    @property
    def text(self) -> str:
        """The words joined by single spaces."""
        return " ".join(word.text for word in self.words)


class Region(NamedTuple):
    """A part of the page and what it holds."""

    kind: RegionKind
    rect: Rect


class Reading(NamedTuple):
    """One image as read."""

    width: int
    height: int
    lines: tuple[Line, ...]
    regions: tuple[Region, ...] = ()
