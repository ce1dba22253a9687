"""Pack page images into batches that fit one request, pure.

Documents that fit a request stay whole, longer ones come as windows (`pipeline.windows`). One batch after the other is filled from those
that wait: the largest first, then again and again the largest that still fits. This is first-fit decreasing, a bin at a time, in n log n:
packed at once all documents wait, packed as a stream a few requests' worth of them. Where there are few documents, a batch more is a large
share, and a search for what leaves the least room is tried, too (minimum bin slack: Gupta and Ho, Production Planning & Control 10, 1999;
with the largest fixed: Fleszar and Hindi, Computers & Operations Research 29, 2002). Among many it spends the small documents too early.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from sortedcontainers import SortedList

from pipeline.windows import Pages, Price, Window, windows
from schemas.batch import Batch, Segment

__all__ = ["OPEN_BATCHES", "Pages", "Price", "cost", "pack", "pack_stream"]

OPEN_BATCHES = 64
"""Requests' worth of pages that a stream holds back to choose from."""
FEW_UNITS = 500
"""Documents and windows up to which a search is tried."""
RETREATS = 200
"""Of the search for what fills a batch."""
ROOM_LEFT = (0.001, 0.01, 0.02)
"""Shares of a batch with which the search is content: each is tried, as the closest fit now is not always the best later."""


class _Unit(NamedTuple):
    """What stays in one batch; of several as large, the first of the documents comes last in order."""

    size: int
    before: int
    """Minus its place in the order of the documents."""
    segments: tuple[Segment, ...]
    is_joint: bool


class _Scale(NamedTuple):
    """Measures by one number what takes both tokens and images of a request: by the larger share."""

    capacity: int
    most_images: int | None

    @property
    def full(self) -> int:
        """The size of a request."""
        return self.capacity * (self.most_images or 1)

    def unit(self, found: Sequence[Window], place: int, *, is_joint: bool = False) -> _Unit:
        """Return the windows as one unit."""
        segments = tuple(window.segment for window in found)
        return _Unit(self.size(sum(window.tokens for window in found), segments), -place, segments, is_joint)

    def size(self, tokens: int, segments: Iterable[Segment]) -> int:
        """Return a size that is at most `full` if, and only if, a request takes the segments."""
        if not self.most_images:
            return tokens
        return max(tokens * self.most_images, sum(len(segment.images) for segment in segments) * self.capacity)


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
    scale = _Scale(capacity, most_images)
    cut = {pages.images[0].doc_id: windows(pages, capacity, price, most_images) for pages in documents if pages.images}
    filled = _filled([*_units(cut, _joined(cut, together, scale), scale)], scale.full)
    return tuple(_batch(units) for units in sorted(filled, key=lambda units: -max(unit.before for unit in units)))


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
    scale = _Scale(capacity, most_images)
    waiting: SortedList = SortedList()
    size = 0
    found = chain.from_iterable(windows(pages, capacity, price, most_images) for pages in documents if pages.images)
    for place, window in enumerate(found):
        unit = scale.unit([window], place)
        waiting.add(unit)
        size += unit.size
        while size > open_batches * scale.full:
            units = _fill(waiting, scale.full)
            size -= sum(unit.size for unit in units)
            yield _batch(units)
    yield from map(_batch, _filled(waiting, scale.full))


def cost(segment: Segment, price: Price) -> int:
    """Return the tokens of a segment with its markers and its file name."""
    return segment.tokens + len(segment.images) * price.per_image + price.per_document


def _units(cut: dict[str, list[Window]], joined: dict[str, tuple[str, ...]], scale: _Scale) -> Iterator[_Unit]:
    """Yield the joined documents where the first of them stands, and the others by themselves."""
    place, seen = 0, set[str]()
    for doc_id, found in cut.items():
        group = joined.get(doc_id, ())
        for unit in [[cut[other][0] for other in group]] if group else [[window] for window in found]:
            if doc_id not in seen:
                yield scale.unit(unit, place, is_joint=bool(group))
                place += 1
        seen.update(group)


def _joined(cut: dict[str, list[Window]], together: Iterable[Iterable[str]], scale: _Scale) -> dict[str, tuple[str, ...]]:
    """Return the documents that each document is joined with, itself included, in the order in which the groups name them."""
    joined: dict[str, tuple[str, ...]] = {}
    for group in dict.fromkeys(tuple(dict.fromkeys(doc_id for doc_id in group if doc_id in cut)) for group in together):
        merged = tuple(dict.fromkeys(other for doc_id in group for other in joined.get(doc_id, (doc_id,))))
        if len(merged) > 1 and all(len(cut[doc_id]) == 1 for doc_id in merged):
            unit = scale.unit([cut[doc_id][0] for doc_id in merged], 0)
            joined |= dict.fromkeys(merged, merged) if unit.size <= scale.full else {}
    return joined


def _filled(units: Sequence[_Unit], full: int) -> list[list[_Unit]]:
    """Return the units of each batch."""
    ways = [(0, 0), *((RETREATS, int(share * full)) for share in ROOM_LEFT if len(units) <= FEW_UNITS)]
    return min(([*_one_by_one(units, full, retreats, enough)] for retreats, enough in ways), key=len)


def _one_by_one(units: Iterable[_Unit], full: int, retreats: int, enough: int) -> Iterator[list[_Unit]]:
    waiting = SortedList(units)
    while waiting:
        yield _fill(waiting, full, retreats, enough)


def _fill(waiting: SortedList, room: int, retreats: int = 0, enough: int = 0) -> list[_Unit]:
    """Take the units of one batch: the largest, and those that leave the least room beside it."""
    units = [waiting.pop()]
    best = _best_places(waiting, room - units[0].size, retreats, enough)
    return units + [waiting.pop(place) for place in best]


def _best_places(waiting: SortedList, room: int, retreats: int, enough: int) -> list[int]:
    """Return the places of units that leave the least room, in falling order, after a search from large to small."""
    chosen: list[int] = []
    best, least, below = chosen, room, len(waiting)
    while True:
        while (place := min(below, waiting.bisect_left((room + 1,))) - 1) >= 0:
            chosen = [*chosen, place]
            room, below = room - waiting[place].size, place
        if room < least:
            best, least = chosen, room
        if not (chosen and retreats and least > enough):
            return best
        taken = waiting[chosen[-1]].size
        chosen, room, below, retreats = chosen[:-1], room + taken, waiting.bisect_left((taken,)), retreats - 1


def _batch(units: Iterable[_Unit]) -> Batch:
    """Return the batch of some units: documents that questions join at its head, where they are a prefix of what is asked."""
    ordered = sorted(units, key=lambda unit: (not unit.is_joint, -unit.before))
    segments = tuple(segment for unit in ordered for segment in unit.segments)
    return Batch(batch_id=_digest(segments), segments=segments)


def _digest(segments: Iterable[Segment]) -> str:
    digest = hashlib.sha256()
    for segment in segments:
        numbers = [field for name in ("page_no", "width", "height") for field in map(attrgetter(name), segment.images)]
        digest.update(segment.doc_id.encode() + struct.pack(f"<{len(numbers)}I", *numbers))
    return digest.hexdigest()[:32]
