"""The grid of a table: which words share a cell, which cells share a row, found from one image."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.embedded.reading import Rect, Word


class GridCell(NamedTuple):
    """One cell: its first row and column, how many it covers, where it is (pixels) and what it says."""

    row: int
    col: int
    row_span: int
    col_span: int
    rect: Rect
    text: str


class Grid(NamedTuple):
    """Rows and columns of one image of a table; positions that a span covers have no cell."""

    n_rows: int
    n_cols: int
    cells: tuple[GridCell, ...]

    def rows(self) -> tuple[tuple[GridCell, ...], ...]:
        """The cells of each row, left to right."""
        return tuple(
            tuple(sorted((cell for cell in self.cells if cell.row == row), key=lambda cell: cell.col)) for row in range(self.n_rows)
        )


def hull(rects: Iterable[Rect]) -> Rect:
    """Return the smallest rectangle around `rects`, of which there is at least one."""
    x0s, y0s, x1s, y1s = zip(*rects, strict=True)
    return Rect(min(x0s), min(y0s), max(x1s), max(y1s))


def overlap(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the length that two intervals share."""
    return max(0.0, min(first[1], second[1]) - max(first[0], second[0]))


def area(rect: Rect) -> float:
    """Return the area of `rect`."""
    return (rect.x1 - rect.x0) * (rect.y1 - rect.y0)


def inside(rect: Rect, other: Rect) -> float:
    """Return the share of `rect`'s area that lies in `other`."""
    shared = overlap((rect.x0, rect.x1), (other.x0, other.x1)) * overlap((rect.y0, rect.y1), (other.y0, other.y1))
    return shared / max(area(rect), 1e-6)


def column_sides(grid: Grid) -> list[tuple[float, float]]:
    """Return the left and right side of each column, in pixels."""
    columns = []
    for col in range(grid.n_cols):
        rects = [cell.rect for cell in grid.cells if cell.col == col and cell.col_span == 1]
        rects = rects or [cell.rect for cell in grid.cells if cell.col <= col < cell.col + cell.col_span]
        columns.append((min(rect.x0 for rect in rects), max(rect.x1 for rect in rects)))
    return columns


def text_of(words: Sequence[Word]) -> str:
    """Return the text of a cell's words: lines top to bottom, words left to right, joined by single spaces."""
    upright = [word for word in words if not word.is_vertical]
    turned = sorted((word for word in words if word.is_vertical), key=lambda word: (word.rect.x0, -word.rect.y1))
    read = [word.text for line in text_lines(upright) for word in line]
    return " ".join([*read, *(word.text for word in turned)])


def text_lines(words: Sequence[Word]) -> tuple[tuple[Word, ...], ...]:
    """Return `words` grouped into printed lines, top to bottom, each left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.rect.y0 + word.rect.y1):
        if lines and _same_line(lines[-1], word):
            lines[-1].append(word)
        else:
            lines.append([word])
    return tuple(tuple(sorted(line, key=lambda word: word.rect.x0)) for line in lines)


def _same_line(line: list[Word], word: Word) -> bool:
    last = line[-1].rect
    shared = overlap((last.y0, last.y1), (word.rect.y0, word.rect.y1))
    return shared > 0.5 * min(last.y1 - last.y0, word.rect.y1 - word.rect.y0)
