"""Pack page images into batches that fit one request, pure.

Documents that fit a request stay whole, longer ones come as windows (`pipeline.windows`). One batch after the other is filled from those
that wait: the largest first, then again and again the largest that still fits (first-fit decreasing, a bin at a time), in n log n. Packed
at once all documents wait; packed as a stream a few requests' worth of them.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from sortedcontainers import SortedList

from pipeline.windows import Pages, Price, Window, windows
from schemas.batch import Batch, Segment

__all__ = ["OPEN_BATCHES", "Pages", "Price", "cost", "pack", "pack_stream"]

OPEN_BATCHES = 64
"""Requests' worth of pages that a stream holds back to choose from."""


class _Unit(NamedTuple):
    """What stays in one batch; the largest and, of these, the first comes last in order."""

    tokens: int
    earlier: int
    """Minus its place in the order of the documents."""
    n_images: int
    segments: tuple[Segment, ...]
    is_joint: bool = False


def pack(
    documents: Iterable[Pages],
    capacity: int,
    price: Price,
    most_images: int | None = None,
    together: Iterable[Iterable[str]] = (),
) -> tuple[Batch, ...]:
    """Return batches of at most `capacity` tokens that hold every image once, context pages aside, in the order of the documents.

    Some services take no more than `most_images` in a request, however few tokens they have. Each group of doc_ids in `together` shares
    one batch and stands at its head, if it fits; groups that overlap share one as long as they fit, the earlier before the later.

    Raises:
        BudgetError: one image alone is over the capacity.
    """
    cut = [windows(pages, capacity, price, most_images) for pages in documents if pages.images]
    slots = most_images or sys.maxsize
    waiting = SortedList(_units(cut, _joined(cut, together, capacity, slots)))
    filled = []
    while waiting:
        filled.append(_fill(waiting, capacity, slots))
    return tuple(_batch(units) for units in sorted(filled, key=lambda units: -max(unit.earlier for unit in units)))


def pack_stream(
    documents: Iterable[Pages],
    capacity: int,
    price: Price,
    most_images: int | None = None,
    open_batches: int = OPEN_BATCHES,
) -> Iterator[Batch]:
    """Yield batches as `pack` makes them, each as soon as more than `open_batches` requests' worth of pages wait.

    Raises:
        BudgetError: one image alone is over the capacity.
    """
    slots = most_images or sys.maxsize
    waiting: SortedList = SortedList()
    tokens = n_images = n_units = 0
    for pages in documents:
        for window in windows(pages, capacity, price, most_images) if pages.images else ():
            unit = _unit([window], n_units)
            waiting.add(unit)
            n_units, tokens, n_images = n_units + 1, tokens + unit.tokens, n_images + unit.n_images
            while tokens > open_batches * capacity or n_images > open_batches * slots:
                units = _fill(waiting, capacity, slots)
                tokens -= sum(unit.tokens for unit in units)
                n_images -= sum(unit.n_images for unit in units)
                yield _batch(units)
    while waiting:
        yield _batch(_fill(waiting, capacity, slots))


def cost(segment: Segment, price: Price) -> int:
    """Return the tokens of a segment with its markers and its file name."""
    return segment.tokens + len(segment.images) * price.per_image + price.per_document


def _unit(windows_of_unit: Sequence[Window], place: int, *, is_joint: bool = False) -> _Unit:
    segments = tuple(window.segment for window in windows_of_unit)
    tokens = sum(window.tokens for window in windows_of_unit)
    return _Unit(tokens, -place, sum(len(segment.images) for segment in segments), segments, is_joint)


def _units(cut: Sequence[Sequence[Window]], joined: dict[str, tuple[str, ...]]) -> Iterator[_Unit]:
    """Yield the joined documents where the first of them stands, and the others by themselves."""
    whole = {_doc_id(found): found[0] for found in cut if _doc_id(found) in joined}
    place, seen = 0, set[str]()
    for found in cut:
        group = joined.get(_doc_id(found), ())
        if not seen.isdisjoint(group):
            continue
        seen.update(group)
        for unit in ([whole[doc_id] for doc_id in group],) if group else ([window] for window in found):
            yield _unit(unit, place, is_joint=bool(group))
            place += 1


def _joined(cut: Sequence[Sequence[Window]], together: Iterable[Iterable[str]], capacity: int, slots: int) -> dict[str, tuple[str, ...]]:
    """Return the documents that each document is joined with, itself included, in the order in which the groups name them."""
    sizes = {_doc_id(found): (found[0].tokens, len(found[0].segment.images)) for found in cut if len(found) == 1}
    known = {_doc_id(found) for found in cut}
    joined: dict[str, tuple[str, ...]] = {}
    for group in dict.fromkeys(tuple(dict.fromkeys(doc_id for doc_id in group if doc_id in known)) for group in together):
        merged = tuple(dict.fromkeys(other for doc_id in group for other in joined.get(doc_id, (doc_id,))))
        if len(group) < 2 or not all(doc_id in sizes for doc_id in merged):
            continue
        if sum(sizes[doc_id][0] for doc_id in merged) <= capacity and sum(sizes[doc_id][1] for doc_id in merged) <= slots:
            joined |= dict.fromkeys(merged, merged)
    return joined


def _doc_id(found: Sequence[Window]) -> str:
    return found[0].segment.doc_id


def _fill(waiting: SortedList, capacity: int, slots: int) -> list[_Unit]:
    """Take the units of one batch: the largest, and then the largest that fits, until none does."""
    units = [waiting.pop()]
    room, slots = capacity - units[0].tokens, slots - units[0].n_images
    while (at := _largest_that_fits(waiting, room, slots)) >= 0:
        units.append(waiting.pop(at))
        room, slots = room - units[-1].tokens, slots - units[-1].n_images
    return units


def _largest_that_fits(waiting: SortedList, room: int, slots: int) -> int:
    """Return the place of the unit, or -1 if none fits."""
    at = waiting.bisect_left((room + 1,)) - 1
    while at >= 0 and waiting[at].n_images > slots:
        at -= 1
    return int(at)


def _batch(units: Iterable[_Unit]) -> Batch:
    """Return the batch of some units: documents that questions join at its head, where they are a prefix of what is asked."""
    ordered = sorted(units, key=lambda unit: (not unit.is_joint, -unit.earlier))
    segments = tuple(segment for unit in ordered for segment in unit.segments)
    return Batch(batch_id=_digest(segments), segments=segments)


_SIZE = attrgetter("page_no", "width", "height")


def _digest(segments: Iterable[Segment]) -> str:
    digest = hashlib.sha256()
    for segment in segments:
        digest.update(segment.doc_id.encode())
        digest.update(np.array([*map(_SIZE, segment.images)], dtype="<u4").tobytes())
    return digest.hexdigest()[:32]
