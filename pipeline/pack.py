"""Pack page images into batches that fit one request, pure.

Documents that fit a request stay whole; longer ones are cut into windows of consecutive pages, each of which shows the last page of the
window before once more, for context only. Documents and windows are then packed best fit, largest first: within a percent of the lower
bound on real page counts (next fit needs a fifth more requests), in n log n.
"""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sortedcontainers import SortedKeyList

from schemas.batch import Batch, PageImage, Segment
from schemas.errors import BudgetError

OVERLAP_PAGES = 1


class Price(NamedTuple):
    """What an image and a document cost beyond the image tokens: markers around each image, the file name before its pages."""

    per_image: int
    per_document: int


class Pages(NamedTuple):
    """The images of one document."""

    filename: str
    images: Sequence[PageImage]


class _Open(NamedTuple):
    room: int
    slots: int
    number: int


def pack(documents: Iterable[Pages], capacity: int, price: Price, most_images: int | None = None) -> tuple[Batch, ...]:
    """Return batches of at most `capacity` tokens that hold every image once, context pages aside, in the order of the documents.

    Some services take no more than `most_images` in a request, however few tokens they have.

    Raises:
        BudgetError: one image alone is over the capacity.
    """
    segments = [segment for pages in documents if pages.images for segment in windows(pages, capacity, price, most_images)]
    order = {id(segment): number for number, segment in enumerate(segments)}
    bins = _best_fit(sorted(segments, key=lambda s: (-cost(s, price), order[id(s)])), capacity, price, most_images)
    packed = [sorted(content, key=lambda s: order[id(s)]) for content in bins]
    return tuple(_batch(content) for content in sorted(packed, key=lambda content: order[id(content[0])]))


def cost(segment: Segment, price: Price) -> int:
    """Return the tokens of a segment with its markers and its file name."""
    return segment.tokens + len(segment.images) * price.per_image + price.per_document


def windows(pages: Pages, capacity: int, price: Price, most_images: int | None = None) -> list[Segment]:
    """Return one document's images as one segment, or as several that each fit and overlap by a page.

    Raises:
        BudgetError: one image, with its context page, is over the capacity.
    """
    images, found = pages.images, list[Segment]()
    start = 0
    while start < len(images):
        context = images[max(0, start - OVERLAP_PAGES) : start] if most_images != 1 else ()
        end = _last_that_fits(images, start, capacity - price.per_document, price, context)
        if end == start and context:
            context = ()
            end = _last_that_fits(images, start, capacity - price.per_document, price, context)
        if end == start:
            page = images[start]
            msg = f"page {page.page_no} has {page.tokens:,} tokens, which no request of {capacity:,} holds: lower the resolution"
            raise BudgetError(msg)
        if most_images:
            end = min(end, start + most_images - len(context))
        shown = (*context, *images[start:end])
        found.append(Segment(doc_id=images[0].doc_id, filename=pages.filename, images=shown, n_context=len(context)))
        start = end
    return found


def _last_that_fits(images: Sequence[PageImage], start: int, room: int, price: Price, context: Sequence[PageImage]) -> int:
    room -= sum(image.tokens + price.per_image for image in context)
    end = start
    while end < len(images) and (room := room - images[end].tokens - price.per_image) >= 0:
        end += 1
    return end


def _best_fit(segments: Iterable[Segment], capacity: int, price: Price, most_images: int | None) -> list[list[Segment]]:
    bins: list[list[Segment]] = []
    opened: SortedKeyList = SortedKeyList(key=lambda opened_bin: opened_bin.room)
    for segment in segments:
        size, n_images = cost(segment, price), len(segment.images)
        at = opened.bisect_key_left(size)
        while at < len(opened) and opened[at].slots < n_images:
            at += 1
        if at == len(opened):
            bins.append([])
            chosen = _Open(capacity, most_images or sys.maxsize, len(bins) - 1)
        else:
            chosen = opened.pop(at)
        bins[chosen.number].append(segment)
        opened.add(_Open(chosen.room - size, chosen.slots - n_images, chosen.number))
    return bins


def _batch(segments: Sequence[Segment]) -> Batch:
    content = "|".join(f"{i.doc_id}:{i.page_no}:{i.width}x{i.height}" for s in segments for i in s.images)
    return Batch(batch_id=hashlib.sha256(content.encode()).hexdigest()[:32], segments=tuple(segments))
