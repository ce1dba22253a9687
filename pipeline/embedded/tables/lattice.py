"""The grid of a table whose cells are ruled on all sides: read off the ruled lines alone."""

from collections.abc import Sequence
from itertools import pairwise

from pipeline.embedded.reading import Rect
from pipeline.embedded.tables.grid import Grid, GridCell, overlap
from pipeline.embedded.tables.rules import Rules

_COVERED = 0.6
"""Share of a cell's side that must be ruled for the side to count as drawn."""


def read_lattice(rules: Rules, table: Rect, tolerance: float) -> Grid:
    """Return the grid that `rules` draw in `table`, with empty cells; without rows where they draw none.

    `tolerance` is how far apart, in pixels, two strokes of the same line may lie.
    """
    across = [rule for rule in rules.horizontal if _touches(rule, table, tolerance)]
    down = [rule for rule in rules.vertical if _touches(rule, table, tolerance)]
    xs = _clusters([(rule.x0 + rule.x1) / 2 for rule in down], tolerance)
    ys = _clusters([(rule.y0 + rule.y1) / 2 for rule in across], tolerance)
    if len(xs) < 3 or len(ys) < 3:
        return Grid(0, 0, ())
    return _grid(across, down, xs, ys, tolerance)


def _touches(rule: Rect, table: Rect, tolerance: float) -> bool:
    middle = ((rule.x0 + rule.x1) / 2, (rule.y0 + rule.y1) / 2)
    inside_x = table.x0 - tolerance <= middle[0] <= table.x1 + tolerance
    return inside_x and table.y0 - tolerance <= middle[1] <= table.y1 + tolerance


def _clusters(values: Sequence[float], tolerance: float) -> list[float]:
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= tolerance:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _grid(across: Sequence[Rect], down: Sequence[Rect], xs: list[float], ys: list[float], tolerance: float) -> Grid:
    n_rows, n_cols = len(ys) - 1, len(xs) - 1
    owner = {(row, col): (row, col) for row in range(n_rows) for col in range(n_cols)}
    for row, (top, bottom) in enumerate(pairwise(ys)):
        for col in range(1, n_cols):
            if not _is_ruled([(r.y0, r.y1) for r in down if abs((r.x0 + r.x1) / 2 - xs[col]) <= tolerance], top, bottom):
                _join(owner, (row, col - 1), (row, col))
    for col, (left, right) in enumerate(pairwise(xs)):
        for row in range(1, n_rows):
            if not _is_ruled([(r.x0, r.x1) for r in across if abs((r.y0 + r.y1) / 2 - ys[row]) <= tolerance], left, right):
                _join(owner, (row - 1, col), (row, col))
    return _merged(owner, xs, ys)


def _is_ruled(strokes: Sequence[tuple[float, float]], start: float, end: float) -> bool:
    return sum(overlap(stroke, (start, end)) for stroke in strokes) >= _COVERED * (end - start)


def _join(owner: dict[tuple[int, int], tuple[int, int]], first: tuple[int, int], second: tuple[int, int]) -> None:
    old, new = owner[second], owner[first]
    for place, root in owner.items():
        if root == old:
            owner[place] = new


def _merged(owner: dict[tuple[int, int], tuple[int, int]], xs: list[float], ys: list[float]) -> Grid:
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for place, root in owner.items():
        groups.setdefault(root, []).append(place)
    cells = []
    for places in groups.values():
        rows, cols = [row for row, _ in places], [col for _, col in places]
        n_rows, n_cols = max(rows) - min(rows) + 1, max(cols) - min(cols) + 1
        if n_rows * n_cols != len(places):
            return Grid(0, 0, ())
        rect = Rect(xs[min(cols)], ys[min(rows)], xs[max(cols) + 1], ys[max(rows) + 1])
        cells.append(GridCell(min(rows), min(cols), n_rows, n_cols, rect, ""))
    return Grid(len(ys) - 1, len(xs) - 1, tuple(sorted(cells)))
