"""Choose the pages that the documents of a question are asked about together, pure.

Where a scope is larger than a request, each batch of it names pages that help. The choice is fair: every document gets its best page
before any gets its second best, so that companies and years can be compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from schemas.batch import PageImage

PageKey = tuple[str, int]
"""doc_id and page_no."""


class Lead(NamedTuple):
    """A page that helps; `rank` counts from 0, the most useful of its batch; `relevance`, 0 to 1, compares pages of several batches."""

    doc_id: str
    page_no: int
    rank: int
    starts_before: bool = False
    goes_on: bool = False
    relevance: float = 0.0

    @property
    def key(self) -> PageKey:
        """The page."""
        return self.doc_id, self.page_no

    @property
    def neighbours(self) -> tuple[PageKey, ...]:
        """The pages on which its table or paragraph goes on, if it does."""
        before = ((self.doc_id, self.page_no - 1),) if self.starts_before else ()
        return (*before, (self.doc_id, self.page_no + 1)) if self.goes_on else before


class Room(NamedTuple):
    """What a request still holds: tokens, images, and what an image and a document take beside the image's own tokens."""

    tokens: int
    per_image: int
    per_document: int
    most_images: int | None = None


def fair_order(leads: Iterable[Lead]) -> tuple[PageKey, ...]:
    """Return every page once: the best of each document, then the second best of each, and so on; last the neighbours."""
    ranked = sorted(leads, key=_usefulness)
    by_document: defaultdict[str, dict[PageKey, Lead]] = defaultdict(dict)
    for lead in ranked:
        by_document[lead.doc_id].setdefault(lead.key, lead)
    rounds = [(turn, *_usefulness(lead), key) for pages in by_document.values() for turn, (key, lead) in enumerate(pages.items())]
    best = [key for *_, key in sorted(rounds, key=lambda one: one[:3])]
    return tuple(dict.fromkeys([*best, *(key for lead in ranked for key in lead.neighbours)]))


def _usefulness(lead: Lead) -> tuple[float, int]:
    return -lead.relevance, lead.rank


def fitting(order: Sequence[PageKey], images: Mapping[PageKey, PageImage], room: Room) -> tuple[PageImage, ...]:
    """Return the images of the first pages of `order` that there is room for; one that is too large makes room for the next."""
    chosen: list[PageImage] = []
    documents: set[str] = set()
    left = room.tokens
    for image in (images[key] for key in order if key in images):
        cost = image.tokens + room.per_image + (0 if image.doc_id in documents else room.per_document)
        if cost <= left and (room.most_images is None or len(chosen) < room.most_images):
            chosen.append(image)
            documents.add(image.doc_id)
            left -= cost
    return tuple(chosen)
