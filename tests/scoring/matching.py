"""The best one-to-one assignment."""

from collections.abc import Sequence


def best_pairs(weights: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """The one-to-one pairs (row, column) of largest total weight; pairs of weight 0 are left out.

    The Hungarian method in its O(n³) form with potentials (Kuhn 1955, Munkres 1957).
    """
    n_rows, n_cols = len(weights), max((len(row) for row in weights), default=0)
    size = max(n_rows, n_cols)
    costs = [[-_weight(weights, row, col) for col in range(size)] for row in range(size)]
    pairs = ((row, col) for col, row in enumerate(_assigned(costs)))
    return sorted((row, col) for row, col in pairs if _weight(weights, row, col) > 0)


def _weight(weights: Sequence[Sequence[float]], row: int, col: int) -> float:
    return weights[row][col] if row < len(weights) and col < len(weights[row]) else 0.0


def _assigned(costs: Sequence[Sequence[float]]) -> list[int]:
    """The row of each column in the cheapest assignment of a square matrix."""
    size = len(costs)
    row_price, col_price = [0.0] * (size + 1), [0.0] * (size + 1)
    owner = [size] * (size + 1)
    for row in range(size):
        owner[size] = row
        previous = _shortest_path(costs, owner, row_price, col_price)
        col = previous.pop()
        while col != size:
            before = previous[col]
            owner[col] = owner[before]
            col = before
    return owner[:size]


def _shortest_path(costs: Sequence[Sequence[float]], owner: Sequence[int], row_price: list[float], col_price: list[float]) -> list[int]:
    """For each column the column before it on the cheapest path, and the free column at its end; prices are updated."""
    size = len(costs)
    distance, previous, is_done = [float("inf")] * size, [size] * size, [False] * (size + 1)
    col = size
    while col == size or owner[col] != size:
        is_done[col] = True
        row, nearest = owner[col], size
        for other in range(size):
            if is_done[other]:
                continue
            step = costs[row][other] - row_price[row] - col_price[other]
            if step < distance[other]:
                distance[other], previous[other] = step, col
            if nearest == size or distance[other] < distance[nearest]:
                nearest = other
        gap = distance[nearest]
        for other in range(size + 1):
            if is_done[other]:
                row_price[owner[other]] += gap
                col_price[other] -= gap
            elif other < size:
                distance[other] -= gap
        col = nearest
    return [*previous, col]
