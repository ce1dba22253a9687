"""Sum scores up: over all items of a task, over each source and over each kind, with confidence intervals. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.evaluate.bootstrap import ratio_interval
from pipeline.evaluate.score import Score
from schemas.settings import Task

ALL = "all"
_TASKS: tuple[Task, ...] = ("tables", "charts", "answers")


class Summary(NamedTuple):
    """One metric over some items: its 95 % interval is `low` to `high`, none of a single document; `mean` is that of the items' values."""

    task: Task
    metric: str
    group: str
    """`all`, `source …` or `kind …`."""
    n_items: int
    n_docs: int
    value: float
    low: float | None
    high: float | None
    mean: float


def summarize(scores: Iterable[Score]) -> tuple[Summary, ...]:
    """Return every metric of every group, in the order in which they first appear, whole tasks first."""
    groups: defaultdict[tuple[Task, str, str], list[Score]] = defaultdict(list)
    for score in scores:
        for group in (ALL, f"source {score.source}", f"kind {score.kind}"):
            groups[score.task, group, score.metric].append(score)
    order = sorted(groups, key=lambda key: (_TASKS.index(key[0]), key[1] != ALL, key[1].startswith("kind"), key[1]))
    return tuple(_summary(*key, groups[key]) for key in order)


def _summary(task: Task, group: str, metric: str, scores: Sequence[Score]) -> Summary:
    docs = [score.doc for score in scores]
    interval = ratio_interval(docs, [score.right for score in scores], [score.out_of for score in scores])
    mean = sum(score.value for score in scores) / len(scores)
    return Summary(task, metric, group, len(scores), len(set(docs)), *interval, mean)
