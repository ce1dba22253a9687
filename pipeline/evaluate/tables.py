"""How well a table was read, pure: the field's measures of structure and text.

All of them compare texts without white space and with one kind of dash and quote, and leave out the rows and columns that hold no text
on either side: human ground truth has some that no page shows.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from apted import APTED, Config
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from pipeline.evaluate.counted import Counted
from pipeline.values import number_of

LEAST_ALIKE = 0.5
"""Least share of common words (Dice's coefficient) at which a found table is the true one."""
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_WORD = re.compile(r"\w+(?:[.,]\d+)*")


class Span(NamedTuple):
    """A cell over several rows or columns: its first row and column, and how many of each it covers."""

    row: int
    col: int
    row_span: int
    col_span: int


class Grid(NamedTuple):
    """A table as the texts of its rows, all equally long; of the positions that a span covers, only the first has a text."""

    rows: tuple[tuple[str, ...], ...]
    spans: tuple[Span, ...] = ()

    @property
    def n_cols(self) -> int:
        """The number of columns."""
        return len(self.rows[0]) if self.rows else 0


class _Cell(NamedTuple):
    text: str
    span: Span


class _Node(NamedTuple):
    """A node of the tree that a table is in HTML; only cells have a text and spans."""

    tag: str
    text: str = ""
    row_span: int = 1
    col_span: int = 1
    children: tuple["_Node", ...] = ()


class _Costs(Config):  # type: ignore[misc] # apted ships no types
    """What it costs to make one node another: TEDS as PubTabNet's authors define it."""

    def rename(self, first: _Node, second: _Node) -> float:
        """Return 1 for another tag or other spans, else how far apart the texts are, from 0 to 1."""
        if (first.tag, first.row_span, first.col_span) != (second.tag, second.row_span, second.col_span):
            return 1.0
        return float(Levenshtein.normalized_distance(first.text, second.text))

    def children(self, node: _Node) -> tuple[_Node, ...]:
        """Return the nodes below `node`."""
        return node.children


def teds(truth: Grid, found: Grid) -> float:
    """Return the tree-edit-distance-based similarity of two tables, 0 to 1.

    Zhong et al. 2020, "Image-based table recognition", section 4: 1 - TED / the nodes of the larger tree. Headings are rows like all
    others, because neither side says where they end.
    """
    one, two = _tree(truth), _tree(found)
    n_nodes = max(_size(one), _size(two)) - 1  # the root is not counted in the authors' code
    if one == two:
        return 1.0
    return max(0.0, 1.0 - float(APTED(one, two, _Costs()).compute_edit_distance()) / max(n_nodes, 1))


def adjacency(truth: Grid, found: Grid) -> Counted:
    """Return the adjacency relations of two tables: each text with the next one to its right and below it, empty cells passed over.

    Göbel et al. 2012, "A methodology for evaluating algorithms for table understanding in PDF documents"; the measure of ICDAR 2013.
    """
    one, two = Counter(_relations(truth)), Counter(_relations(found))
    return Counted(one.total(), two.total(), (one & two).total())


def cells(truth: Grid, found: Grid) -> Counted:
    """Return the cells with text that stand at the same row and column with the same text."""
    one, two = _texts(truth), _texts(found)
    return Counted(len(one), len(two), sum(two.get(place) == text for place, text in one.items()))


def numeric_cells(truth: Grid, found: Grid) -> Counted:
    """Return the cells that are numbers, and those among them with the same number at the same row and column."""
    one, two = _numbers(truth), _numbers(found)
    return Counted(len(one), len(two), sum(two.get(place) == number for place, number in one.items()))


def paired(truths: Sequence[Grid], found: Sequence[Grid]) -> tuple[tuple[int, int], ...]:
    """Return which found table is which true one, one to one, by the words they share; tables less than half alike are no pair."""
    if not truths or not found:
        return ()
    alike = np.array([[_likeness(_words(one), _words(two)) for two in found] for one in truths])
    rows, cols = linear_sum_assignment(alike, maximize=True)
    return tuple((int(row), int(col)) for row, col in zip(rows, cols, strict=True) if alike[row, col] >= LEAST_ALIKE)


def compact(grid: Grid) -> Grid:
    """Return `grid` with texts as they are compared, without the rows and columns in which no cell has any."""
    rows = [[plain(text) for text in row] for row in grid.rows]
    kept_rows = [row for row, texts in enumerate(rows) if any(texts)]
    kept_cols = [col for col in range(grid.n_cols) if any(texts[col] for texts in rows)]
    spans = (_fitted(span, kept_rows, kept_cols) for span in grid.spans)
    texts = tuple(tuple(rows[row][col] for col in kept_cols) for row in kept_rows)
    return Grid(texts, tuple(span for span in spans if span.row_span and span.col_span))


def _fitted(span: Span, rows: Sequence[int], cols: Sequence[int]) -> Span:
    row, row_end = (sum(kept < edge for kept in rows) for edge in (span.row, span.row + span.row_span))
    col, col_end = (sum(kept < edge for kept in cols) for edge in (span.col, span.col + span.col_span))
    return Span(row, col, row_end - row, col_end - col)


def plain(text: str) -> str:
    """Return the text as it is compared: one kind of dash and quote, no white space."""
    return "".join(_DASHES.sub("-", unicodedata.normalize("NFKC", text)).translate(_QUOTES).split())


def _cells(grid: Grid) -> list[list[_Cell]]:
    """Return the cells of each row, without the positions that a span covers."""
    spans = {(span.row, span.col): span for span in grid.spans}
    covered = {
        (span.row + down, span.col + right) for span in grid.spans for down in range(span.row_span) for right in range(span.col_span)
    } - spans.keys()
    return [
        [_Cell(text, spans.get((row, col), Span(row, col, 1, 1))) for col, text in enumerate(texts) if (row, col) not in covered]
        for row, texts in enumerate(grid.rows)
    ]


def _tree(grid: Grid) -> _Node:
    rows = (tuple(_Node("td", text, span.row_span, span.col_span) for text, span in row) for row in _cells(compact(grid)))
    return _Node("table", children=tuple(_Node("tr", children=row) for row in rows))


def _size(node: _Node) -> int:
    return 1 + sum(map(_size, node.children))


def _relations(grid: Grid) -> Iterator[tuple[str, str, str]]:
    grid = compact(grid)
    owner = {
        (row, col): cell
        for cells in _cells(grid)
        for cell in cells
        for row in range(cell.span.row, cell.span.row + cell.span.row_span)
        for col in range(cell.span.col, cell.span.col + cell.span.col_span)
        if cell.text
    }
    n_rows, n_cols = len(grid.rows), grid.n_cols
    across = [[owner[row, col] for col in range(n_cols) if (row, col) in owner] for row in range(n_rows)]
    down = [[owner[row, col] for row in range(n_rows) if (row, col) in owner] for col in range(n_cols)]
    for direction, runs in (("right", across), ("below", down)):
        pairs = {pair for run in runs for pair in pairwise(run) if pair[0] != pair[1]}
        yield from ((one.text, two.text, direction) for one, two in pairs)


def _texts(grid: Grid) -> dict[tuple[int, int], str]:
    rows = compact(grid).rows
    return {(row, col): text for row, texts in enumerate(rows) for col, text in enumerate(texts) if text}


def _numbers(grid: Grid) -> dict[tuple[int, int], float]:
    numbers = ((place, number_of(text)) for place, text in _texts(grid).items())
    return {place: number for place, number in numbers if number is not None}


def _words(grid: Grid) -> Counter[str]:
    return Counter(word.casefold() for row in grid.rows for text in row for word in _WORD.findall(text))


def _likeness(one: Counter[str], two: Counter[str]) -> float:
    return 2 * (one & two).total() / max(one.total() + two.total(), 1)
