"""One row of the outcome: an item, a metric, and its value as a fraction. Pure.

Every metric is a ratio: what is right over what it is out of. The value over many items is the ratio of the sums, so that precision,
recall and F1 (2 · right over truth plus found; van Rijsbergen 1979) are pooled as they are defined; metrics of items, such as TEDS, are out
of 1 and come out as means. Beside it stands the mean of the items' own values, in which a huge table counts like a small one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pipeline.evaluate.counted import Counted
from pipeline.evaluate.truth import Item
from schemas.settings import Task

PAGE = "page"
"""The kind of the items that are pages: how many of their tables or charts were found."""
Metric: TypeAlias = tuple[str, float, float]
"""Name, what is right, what it is out of."""


class Score(NamedTuple):
    """The value of one metric for one item; `doc` is its first document and what items are drawn by in the bootstrap."""

    item_id: str
    task: Task
    source: str
    kind: str
    doc: str
    page_no: int | None
    metric: str
    right: float
    out_of: float

    @property
    def value(self) -> float:
        """The share that is right."""
        return self.right / self.out_of


def of_counts(name: str, counts: Counted) -> Iterator[Metric]:
    """Yield precision, recall and F1."""
    yield f"{name}_precision", counts.n_right, counts.n_found
    yield f"{name}_recall", counts.n_right, counts.n_truth
    yield f"{name}_f1", 2 * counts.n_right, counts.n_truth + counts.n_found


def of_item(task: Task, item: Item, page_no: int | None, metrics: Iterator[Metric]) -> Iterator[Score]:
    """Yield an item's scores; a metric out of nothing says nothing and is left out."""
    doc = item.docs[0].name
    yield from _scores(Score(item.item_id, task, item.source, item.kind, doc, page_no, "", 0, 1), metrics)


def of_page(task: Task, source: str, doc: Path, page_no: int, counts: Counted) -> Iterator[Score]:
    """Yield how many of the tables or charts of a page were found, and how many found there are some."""
    blank = Score(f"page {page_no} of {doc.name}", task, source, PAGE, doc.name, page_no, "", 0, 1)
    yield from _scores(blank, of_counts("detection", counts))


def _scores(blank: Score, metrics: Iterator[Metric]) -> Iterator[Score]:
    for name, right, out_of in metrics:
        if out_of:
            yield blank._replace(metric=name, right=float(right), out_of=float(out_of))
