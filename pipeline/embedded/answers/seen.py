"""A page as the answers see it: its place among the documents of the request, and its reading."""

from typing import NamedTuple

from pipeline.embedded.reading import Reading, Rect
from schemas.extraction import ChartReading


class ReadChart(NamedTuple):
    """A chart on a page, in pixels of its image, and the data behind it."""

    rect: Rect
    reading: ChartReading


class SeenPage(NamedTuple):
    """One page image of a request.

    `doc` and `page` are the numbers in the marker before the image; `filename` tells documents apart; `charts` are those that were read
    for the question.
    """

    doc: int
    page: int
    filename: str
    reading: Reading
    charts: tuple[ReadChart, ...] = ()
