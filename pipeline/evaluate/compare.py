"""What changed between two evaluations: which items are better or worse, by how much, and whether the whole moved. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pipeline.evaluate.bootstrap import Interval, difference_interval
from pipeline.evaluate.score import PAGE, Score
from schemas.settings import Task

LEAST = 1e-9


class Change(NamedTuple):
    """One item whose value of a metric is another one now."""

    task: Task
    item_id: str
    doc: str
    metric: str
    before: float
    after: float

    @property
    def by(self) -> float:
        """How much it went up."""
        return self.after - self.before


class Shift(NamedTuple):
    """One metric over the items that both evaluations have."""

    task: Task
    metric: str
    n_items: int
    n_better: int
    n_worse: int
    before: float
    after: float
    difference: Interval

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and (low > 0 or high < 0)


class Comparison(NamedTuple):
    """Two evaluations side by side."""

    shifts: tuple[Shift, ...]
    changes: tuple[Change, ...]
    """Those that lost most first, those that gained most last."""
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    """Items that only one of the two has: they are in no figure."""


def compare(before: Iterable[Score], after: Iterable[Score]) -> Comparison:
    """Return the differences, item by item and metric by metric, over what both evaluated."""
    first, second = _by_key(before), _by_key(after)
    items, others = _items(first), _items(second)
    metrics: defaultdict[tuple[Task, str], list[tuple[Score, Score]]] = defaultdict(list)
    for key in dict.fromkeys((*first, *second)):
        if _item(known := first.get(key) or second[key]) in items.keys() & others.keys():
            # A metric out of nothing, such as the precision of no answer, has no row: it adds nothing to either sum.
            nothing = known._replace(right=0.0, out_of=0.0)
            metrics[known.task, known.metric].append((first.get(key, nothing), second.get(key, nothing)))
    changes = [_change(*pair) for pairs in metrics.values() for pair in pairs if pair[0].out_of and pair[1].out_of]
    return Comparison(
        shifts=tuple(_shift(*key, pairs) for key, pairs in metrics.items()),
        changes=tuple(sorted((change for change in changes if abs(change.by) > LEAST), key=lambda change: change.by)),
        only_before=tuple(item for item in items if item not in others),
        only_after=tuple(item for item in others if item not in items),
    )


def _by_key(scores: Iterable[Score]) -> dict[tuple[Task, str, str], Score]:
    return {(score.task, score.metric, score.item_id): score for score in scores}


def _item(score: Score) -> str:
    """Return what both have to have: the item, or the document of a page, for pages with nothing on them are in no list."""
    return score.doc if score.kind == PAGE else score.item_id


def _items(scores: Mapping[tuple[Task, str, str], Score]) -> dict[str, None]:
    return dict.fromkeys(map(_item, scores.values()))


def _change(before: Score, after: Score) -> Change:
    return Change(before.task, before.item_id, before.doc, before.metric, before.value, after.value)


def _shift(task: Task, metric: str, pairs: Sequence[tuple[Score, Score]]) -> Shift:
    docs = [one.doc for one, _ in pairs]
    first, second = ([(one.right, one.out_of) for one, _ in pairs], [(other.right, other.out_of) for _, other in pairs])
    gains = [other.value - one.value for one, other in pairs if one.out_of and other.out_of]
    return Shift(
        task=task,
        metric=metric,
        n_items=len(pairs),
        n_better=sum(gain > LEAST for gain in gains),
        n_worse=sum(gain < -LEAST for gain in gains),
        before=_ratio(first),
        after=_ratio(second),
        difference=difference_interval(docs, _columns(first), _columns(second)),
    )


def _columns(fractions: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [right for right, _ in fractions], [out_of for _, out_of in fractions]


def _ratio(fractions: Sequence[tuple[float, float]]) -> float:
    out_of = sum(out_of for _, out_of in fractions)
    return sum(right for right, _ in fractions) / out_of if out_of else 0.0
