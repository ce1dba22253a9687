"""How few batches any packing can have, pure: what the plan and the benchmark compare with."""

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.windows import Pages, Price, extent


def lower_bound(documents: Iterable[Pages], capacity: int, price: Price, most_images: int | None = None) -> int:
    """Return a number of batches that no packing goes below, whichever allowed cuts it makes.

    The bound L2 of Martello and Toth (Knapsack Problems, 1990, section 8.3) over documents that fit a request; those that do not are
    a volume on top: their pages, and a file name and a context page for each of the fewest windows that hold them. More windows would
    only add to it. Where services limit the images of a request, the number of images bounds the batches, too.

    Raises:
        BudgetError: one image alone is over the capacity.
    """
    extents = [extent(pages, capacity, price, most_images) for pages in documents if pages.images]
    whole = [found.tokens for found in extents if found.n_windows == 1]
    cut = [found for found in extents if found.n_windows > 1]
    by_images = -(-sum(found.n_images for found in extents) // most_images) if most_images else 0
    by_tokens = _martello_toth(whole, sum(found.tokens for found in cut), min((found.smallest for found in cut), default=0), capacity)
    return max(by_images, by_tokens)


def _martello_toth(sizes: Sequence[int], volume: int, smallest: int, capacity: int) -> int:
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
