"""Right ones among those that are there and those that were found, pure."""

from collections.abc import Iterable
from typing import NamedTuple


class Counted(NamedTuple):
    """How many the truth has, how many were found, and how many of these are right."""

    n_truth: int
    n_found: int
    n_right: int

    @property
    def precision(self) -> float:
        """The share of the found ones that are right; 1 if none was found where there is none, else 0."""
        return self.n_right / self.n_found if self.n_found else float(not self.n_truth)

    @property
    def recall(self) -> float:
        """The share of the true ones that were found; 1 if there is none and none was found, else 0."""
        return self.n_right / self.n_truth if self.n_truth else float(not self.n_found)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.n_right / (self.n_truth + self.n_found) if self.n_truth + self.n_found else 1.0


def total(counts: Iterable[Counted]) -> Counted:
    """Return the sum of `counts`: what micro averages are taken of."""
    counts = list(counts)
    return Counted(sum(one.n_truth for one in counts), sum(one.n_found for one in counts), sum(one.n_right for one in counts))
