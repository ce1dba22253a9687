"""The grid of one image of a table: found by PyMuPDF on a facsimile of the crop, filled with the recognised words."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.ocr import read_lines
from pipeline.embedded.reading import Line, Rect, Word
from pipeline.embedded.tables.facsimile import LocatedGrid, look
from pipeline.embedded.tables.grid import Grid, GridCell, hull, inside, text_of
from pipeline.embedded.tables.rules import find_rules

_LINE_POINTS = 11.0
"""Height in points that a line of a table is taken to have, so that the models see a crop at the scale of a page."""
_PAGE_POINTS = (612, 792)
"""Letter: the smallest page that a crop is set on."""


class PartGrid(NamedTuple):
    """One image of a table as read: its grid, where it is, the lines around it and the size of the image in pixels."""

    grid: Grid
    rect: Rect
    lines: tuple[Line, ...]
    width: int
    height: int


def read_part(image: NDArray[np.uint8], box: Rect) -> PartGrid:
    """Return the table in `box` (pixels) of `image` (height, width, 3; RGB)."""
    lines = read_lines(image)
    scale = _LINE_POINTS / _line_height(lines)
    sight = look(_on_page(image, scale), lines, find_rules(image), scale)
    located = max(sight.tables, key=lambda table: _agreement(table.rect, box), default=None)
    if located is None or _agreement(located.rect, box) < 0.3:
        located = LocatedGrid(box, Grid(0, 0, ()))
    words = [word for line in lines for word in line.words]
    outside = tuple(line for line in lines if inside(line.rect, located.rect) <= 0.5)
    return PartGrid(_filled(located.grid, words), located.rect, outside, image.shape[1], image.shape[0])


def _on_page(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    width, height = (int(points / scale) for points in _PAGE_POINTS)
    down, right = max(height - image.shape[0], 0), max(width - image.shape[1], 0)
    return cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT, value=(255, 255, 255)).astype(np.uint8)


def _agreement(rect: Rect, box: Rect) -> float:
    shared = inside(rect, box) * _area(rect)
    return shared / max(_area(rect) + _area(box) - shared, 1e-6)


def _area(rect: Rect) -> float:
    return (rect.x1 - rect.x0) * (rect.y1 - rect.y0)


def _filled(grid: Grid, words: Sequence[Word]) -> Grid:
    owned: dict[GridCell, list[Word]] = {cell: [] for cell in grid.cells}
    for word in words:
        cell = max(grid.cells, key=lambda cell: inside(word.rect, cell.rect), default=None)
        if cell and inside(word.rect, cell.rect) > 0.3:
            owned[cell].append(word)
    return grid._replace(cells=tuple(cell._replace(text=text_of(held)) for cell, held in owned.items()))


def _line_height(lines: Sequence[Line]) -> float:
    heights = sorted(line.rect.y1 - line.rect.y0 for line in lines)
    return heights[len(heights) // 2] if heights else 20.0
