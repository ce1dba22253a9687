"""Draw a part of a truth, pure."""

from collections import defaultdict
from collections.abc import Collection
from itertools import chain, zip_longest
from pathlib import Path
from random import Random

from pipeline.evaluate.truth import Item, Truth
from schemas.errors import SettingsError
from schemas.settings import Task


def chosen(truth: Truth, tasks: Collection[Task], sources: Collection[str], n_items: int | None, seed: int) -> Truth:
    """Return the items of some tasks and sources, all sources if none are named, or a sample of them.

    Raises:
        SettingsError: there are none, or a source is unknown.
    """
    unknown = sorted({*sources} - {*truth.sources})
    if unknown:
        msg = f"the ground truth has no source {unknown[0]}; it has {', '.join(truth.sources)}"
        raise SettingsError(msg)
    wanted = truth.of_tasks(tasks).where(lambda item: not sources or item.source in sources)
    if not wanted.items:
        msg = f"the ground truth has nothing for {', '.join(tasks)}"
        raise SettingsError(msg)
    return sample(wanted, n_items, seed) if n_items else wanted


def sample(truth: Truth, n_items: int, seed: int) -> Truth:
    """Return at least `n_items` items, if there are as many: those of whole documents, drawn from each source in turn.

    A document is read once for all of its items, so documents are drawn; taking turns gives a small source its say (stratified sampling).
    """
    by_source: defaultdict[str, dict[Path, None]] = defaultdict(dict)
    by_doc: defaultdict[Path, list[Item]] = defaultdict(list)
    for item in sorted(truth.items, key=lambda item: item.item_id):
        for doc in item.docs:
            by_source[item.source][doc] = None
            by_doc[doc].append(item)
    draws = Random(seed)  # noqa: S311 - a sample is no secret
    queues = [draws.sample(sorted(docs), len(docs)) for _, docs in sorted(by_source.items())]
    drawn, n = set[Path](), 0
    for doc in chain.from_iterable(zip_longest(*queues)):
        if doc and doc not in drawn and n < n_items:
            drawn.add(doc)
            n += sum(drawn.issuperset(item.docs) for item in by_doc[doc])
    return truth.of_docs(drawn)
