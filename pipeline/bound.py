"""How few batches any packing can have, pure: what the plan and the benchmark compare with."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.windows import Pages, Price, extent

MOST_PAGES = 500
"""Pages per batch up to which the bound by pages looks."""


def lower_bound(documents: Iterable[Pages], capacity: int, price: Price, most_images: int | None = None) -> int:
    """Return a number of batches that no packing goes below, whichever allowed cuts it makes; the best of three bounds.

    By documents: L2 of Martello and Toth (Knapsack Problems, 1990, section 8.3) over those that fit a request. Those that do not are a
    volume on top: their pages, and a file name and the smallest context for each of the fewest windows that hold them, as more windows
    would only add to it. By pages: a request holds whole pages, so the dual feasible functions of Fekete and Schepers (Mathematical
    Programming 91, 2001) bound their packing by itself, beside one file name in each. By images, where a service limits their number.

    Raises:
        BudgetError: one image alone is over the capacity.
    """
    sizes: list[int] = []
    images: Counter[int] = Counter()
    volume = 0
    for pages in documents:
        if pages.images:
            found = extent(pages, capacity, price, most_images)
            images.update(found.images)
            volume += found.tokens if found.n_windows > 1 else 0
            sizes += [found.tokens] if found.n_windows == 1 else []
    if not images:
        return 0
    by_documents = _by_documents(sizes, volume, min(images) + price.per_document, capacity)
    by_images = -(-images.total() // most_images) if most_images else 0
    return max(by_documents, _by_pages(images, capacity - price.per_document), by_images)


def _by_documents(sizes: Sequence[int], volume: int, smallest: int, capacity: int) -> int:
    """Return L2 of items of fixed size and of a volume that comes in pieces of at least `smallest`.

    For every threshold, an item that leaves no room for one of the threshold's size takes a bin, smaller ones than that none.
    """
    items = np.sort(np.asarray(sizes, dtype=np.int64))
    before = np.concatenate([[0], np.cumsum(items)])
    thresholds = np.unique(np.concatenate([[0, min(smallest, capacity // 2)], items[2 * items <= capacity]])).astype(np.int64)
    from_threshold, to_half = np.searchsorted(items, thresholds), np.searchsorted(items, capacity // 2, side="right")
    to_large = np.maximum(np.searchsorted(items, capacity - thresholds, side="right"), to_half)
    alone = len(items) - to_large
    filled = before[to_large] - before[from_threshold] + np.where(thresholds <= smallest, volume, 0)
    return int((alone + np.maximum(to_large - to_half, -(-filled // capacity))).max())


def _by_pages(images: Counter[int], room: int) -> int:
    """Return the best bound over k of items rounded to multiples of 1 / k of a bin: the next below (k + 1) times their share.

    An item whose share is itself a multiple of 1 / (k + 1) is rounded to the one below, too: that is less than the functions allow.
    """
    sizes, counts = np.array([*images.keys()], dtype=np.int64), np.array([*images.values()], dtype=np.int64)
    parts = np.arange(1, MOST_PAGES)[:, None]
    rounded = ((-(-(parts + 1) * sizes // room) - 1) * counts).sum(axis=1)
    return int((-(-rounded // parts[:, 0])).max())
