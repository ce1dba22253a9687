"""Pairs two lists so that the pairs together weigh the most: each item is in one pair at most."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment


def best_pairs(weights: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Return (row, column) pairs of the greatest total weight, in the order of the rows; pairs that weigh nothing are left out."""
    if not weights or not weights[0]:
        return []
    rows, cols = linear_sum_assignment(np.asarray(weights), maximize=True)
    pairs = zip(rows.tolist(), cols.tolist(), strict=True)
    return [(row, col) for row, col in pairs if weights[row][col] > 0]
