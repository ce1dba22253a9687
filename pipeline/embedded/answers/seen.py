"""A page as the answers see it: its place among the documents of the request, and its reading."""

from typing import NamedTuple

from pipeline.embedded.reading import Reading


class SeenPage(NamedTuple):
    """One page image of a request.

    `doc` and `page` are the numbers in the marker before the image; `filename` tells documents apart.
    """

    doc: int
    page: int
    filename: str
    reading: Reading
