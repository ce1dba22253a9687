"""The grid of one image of a table: found by PyMuPDF on a facsimile of the crop or drawn by its rules, filled with words."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.ocr import read_lines
from pipeline.embedded.reading import Line, Rect, Word
from pipeline.embedded.tables.facsimile import look
from pipeline.embedded.tables.filling import filled, misfits
from pipeline.embedded.tables.grid import Grid, area, hull, inside, text_lines, text_of
from pipeline.embedded.tables.headings import with_headings_above, without_note, without_title
from pipeline.embedded.tables.lattice import read_lattice
from pipeline.embedded.tables.marks import lone_dashes
from pipeline.embedded.tables.meaning import is_value, n_header_rows
from pipeline.embedded.tables.rules import Rules, find_rules
from pipeline.embedded.tables.skew import find_skew, turned, turned_back
from pipeline.embedded.tables.slanet import read_structure
from pipeline.embedded.tables.spans import with_heading_spans, with_split_heading
from pipeline.embedded.tables.tidy import tidied
from pipeline.embedded.tables.wrapped import with_joined_lines, with_whole_phrases, without_torn_columns

_LINE_POINTS = 11.0
"""Height in points that a line of a table is taken to have, so that the models see a crop at the scale of a page."""
_PAGE_POINTS = (612, 792)
"""Letter: the smallest page that a crop is set on."""
_AGREES = 0.3
"""Least intersection over union of what the survey located and what is found on the crop."""
_FEWEST_CELLS = 4
_CLEARLY = 0.04
"""How much better SLANet+ must fit the words than PyMuPDF, as a share of them: on pages PyMuPDF sees more."""
_MARGIN = 1.0
"""Widest margin, in line heights, around a table with no page around it; a crop of a page has a wider one."""


class PartGrid(NamedTuple):
    """One image of a table as read, upright: its grid, the lines around it, and the image's size (pixels) and skew (degrees)."""

    grid: Grid
    rect: Rect
    lines: tuple[Line, ...]
    width: int
    height: int
    angle: float


def read_part(image: NDArray[np.uint8], box: Rect) -> PartGrid:
    """Return the table in `box` (pixels) of `image` (height, width, 3; RGB)."""
    height, width = image.shape[:2]
    angle = find_skew(image)
    upright, box = turned_back(image, angle), turned(box, -angle, width, height)
    read = tuple(line for line in read_lines(upright) if (line.rect.y0 > 1 and line.rect.y1 < height - 1) or inside(line.rect, box) > 0.5)
    rules = find_rules(upright, read)
    lines = (*read, *lone_dashes(upright, read, rules))
    words = [word for line in lines for word in line.words]
    grid = tidied(filled(_best_grid(upright, box, lines, rules), words))
    grid = with_headings_above(with_split_heading(grid, words, rules), lines, rules)
    grid = without_note(without_title(grid, box, words))
    grid = _with_whole_headings(grid, words, rules, is_bare=_is_bare(upright, box, line_height(lines)))
    rect = hull(cell.rect for cell in grid.cells) if grid.cells else box
    outside = tuple(line for line in lines if inside(line.rect, rect) <= 0.5)
    return PartGrid(grid, rect, outside, width, height, angle)


def _with_whole_headings(grid: Grid, words: Sequence[Word], rules: Rules, *, is_bare: bool) -> Grid:
    grid = without_torn_columns(grid, n_header_rows(grid), words)
    if not is_bare:  # there SLANet+ tells which headings span rows
        grid = with_whole_phrases(grid, n_header_rows(grid), words)
        grid = with_joined_lines(grid, n_header_rows(grid), words, rules)
    return with_heading_spans(grid, n_header_rows(grid), words, rules)


def _best_grid(image: NDArray[np.uint8], box: Rect, lines: Sequence[Line], rules: Rules) -> Grid:
    """Return the grid that the rules draw, if it holds the words; else the better one of those that the two models see."""
    height = line_height(lines)
    drawn = read_lattice(rules, box, 0.3 * height)
    words = [word for line in lines for word in line.words]
    if drawn.cells and _holds(drawn, words, box):
        return drawn
    margin = 0.3 * height
    seen = read_structure(image, Rect(box.x0 - margin, box.y0 - margin, box.x1 + margin, box.y1 + margin))
    if seen.cells and _is_bare(image, box, height):
        return seen
    mine = [word for word in words if inside(word.rect, box) > 0.5]
    located = _located(image, box, lines, rules)
    if seen.cells and misfits(located, mine) - misfits(seen, mine) > _CLEARLY:
        return seen
    return located if located.cells else drawn


def _is_bare(image: NDArray[np.uint8], box: Rect, height: float) -> bool:
    """Whether a table fills its image: a crop that no page was around."""
    return bool(max(box.x0, box.y0, image.shape[1] - box.x1, image.shape[0] - box.y1) <= _MARGIN * height)


def _located(image: NDArray[np.uint8], box: Rect, lines: Sequence[Line], rules: Rules) -> Grid:
    """Return the grid that PyMuPDF finds where the survey located the table; none if it finds no table there."""
    scale = _LINE_POINTS / line_height(lines)
    sight = look(_on_page(image, scale), lines, rules, scale)
    table = max(sight.tables, key=lambda table: _agreement(table.rect, box), default=None)
    return table.grid if table and _agreement(table.rect, box) >= _AGREES else Grid(0, 0, ())


def _holds(grid: Grid, words: Sequence[Word], box: Rect) -> bool:
    """Whether the drawn cells hold the words of the table, and no cell holds numbers one below the other."""
    table = hull(cell.rect for cell in grid.cells)
    if inside(box, table) < 0.8 or len(grid.cells) < _FEWEST_CELLS:
        return False
    mine = [word for word in words if max(inside(word.rect, box), inside(word.rect, table)) > 0.5]
    held = [[word for word in mine if inside(word.rect, cell.rect) > 0.5] for cell in grid.cells]
    return sum(len(cell) for cell in held) > 0.95 * len(mine) and not any(_is_crowded(cell) for cell in held)


def _is_crowded(words: Sequence[Word]) -> bool:
    """Whether a cell holds several numbers, one below the other or apart on one line: then its rules are not all drawn."""
    lines = text_lines(words)
    gaps = ((left.rect, right.rect) for line in lines for left, right in pairwise(line) if is_value(left.text) and is_value(right.text))
    is_wide = any(right.x0 - left.x1 > right.y1 - right.y0 for left, right in gaps)
    return is_wide or sum(is_value(text_of(line)) for line in lines) > 1


def _on_page(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    width, height = (int(points / scale) for points in _PAGE_POINTS)
    down, right = max(height - image.shape[0], 0), max(width - image.shape[1], 0)
    return cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT, value=(255, 255, 255)).astype(np.uint8)


def _agreement(rect: Rect, box: Rect) -> float:
    shared = inside(rect, box) * area(rect)
    return shared / max(area(rect) + area(box) - shared, 1e-6)


def line_height(lines: Sequence[Line]) -> float:
    """Return the median height of `lines` in pixels; 20.0 where there are none."""
    heights = sorted(line.rect.y1 - line.rect.y0 for line in lines)
    return heights[len(heights) // 2] if heights else 20.0
