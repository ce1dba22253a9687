"""Cut documents that are longer than a request into windows of consecutive pages, pure.

Every window but the first shows the page before it once more, for context only. A table that the text layer shows to go on over a page
break is never cut, unless it is longer than a window by itself. Among the cuts that give the fewest windows a dynamic programme takes
those where a section or another kind of page begins, as long as they leave little room in the windows: one window of a document may be
of any size, for best fit to fill it. A document's windows depend on nothing but the document and the request, so that a question finds
the pages that the survey has shown in the server's prefix cache.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from schemas.batch import PageImage, Segment
from schemas.document import Document
from schemas.errors import BudgetError

LOOK_BACK = 0.04
"""Share of a window that is searched for a good cut."""
GAP_PENALTY = 100.0
"""Of a window left empty; a gap beyond `LOOK_BACK` costs no more, since best fit fills large gaps with other documents."""
SECTION_PENALTY, TURN_PENALTY, PLAIN_PENALTY, TABLE_PENALTY = 0.0, 0.5, 2.0, 1_000.0


class Price(NamedTuple):
    """What an image and a document cost beyond the image tokens: markers around each image, the file name before its pages."""

    per_image: int
    per_document: int


class Pages(NamedTuple):
    """The images of one document, and what its pages tell about good cuts; without that, it is cut where windows are full."""

    filename: str
    images: Sequence[PageImage]
    sections: frozenset[int] = frozenset()
    """Numbers of the pages that open a section."""
    turns: frozenset[int] = frozenset()
    """Numbers of the pages that are of another kind than the page before."""
    continued: frozenset[int] = frozenset()
    """Numbers of the pages that open with the rest of the table on the page before."""


class Window(NamedTuple):
    """A segment and what it takes of a request, with its markers and its file name."""

    segment: Segment
    tokens: int


def pages_of(document: Document, images: Sequence[PageImage]) -> Pages:
    """Return images of a document with what its pages tell about good cuts."""
    pages = document.pages
    return Pages(
        document.filename,
        images,
        sections=frozenset(page.page_no for page in pages if page.opens_section),
        turns=frozenset(page.page_no for before, page in pairwise(pages) if page.kind != before.kind),
        continued=frozenset(page.page_no + 1 for page in pages if page.table_goes_on),
    )


def windows(pages: Pages, capacity: int, price: Price, most_images: int | None = None) -> list[Window]:
    """Return one document's images as one window, or as several that each fit and overlap by a page.

    Raises:
        BudgetError: one image is over the capacity.
    """
    costs = [image.tokens + price.per_image for image in pages.images]
    room, slots = capacity - price.per_document, most_images or sys.maxsize
    if sum(costs) <= room and len(costs) <= slots:
        segment = Segment(doc_id=pages.images[0].doc_id, filename=pages.filename, images=tuple(pages.images))
        return [Window(segment, sum(costs) + price.per_document)]
    strip = _strip(pages, costs, room, slots)
    found = []
    for start, end in pairwise((0, *_cuts(strip), len(costs))):
        first = strip.span(start).first
        shown = tuple(pages.images[first:end])
        segment = Segment(doc_id=pages.images[0].doc_id, filename=pages.filename, images=shown, n_context=start - first)
        found.append(Window(segment, strip.ends[end] - strip.ends[first] + price.per_document))
    return found


class Extent(NamedTuple):
    """The least that a document takes, wherever it is cut."""

    n_windows: int
    tokens: int
    """With the markers, and with the file name of each window."""
    images: Sequence[int]
    """Tokens of each image with its markers: those owned, and the smallest that may be context."""


def extent(pages: Pages, capacity: int, price: Price, most_images: int | None = None) -> Extent:
    """Return the least that a document's windows take together, context included.

    Raises:
        BudgetError: one image is over the capacity.
    """
    costs = [image.tokens + price.per_image for image in pages.images]
    room, slots = capacity - price.per_document, most_images or sys.maxsize
    if sum(costs) <= room and len(costs) <= slots:
        return Extent(1, sum(costs) + price.per_document, costs)
    strip = _strip(pages, costs, room, slots)
    n_windows = len(_latest(strip)) - 1
    context = sorted(costs[cut - 1] for cut in strip.allowed[1:-1])[: n_windows - 1] if strip.always_shows_context else []
    shown = costs + context
    return Extent(n_windows, sum(shown) + n_windows * price.per_document, shown)


class _Span(NamedTuple):
    first: int
    """The first image shown: the context, or the first owned."""
    farthest: int
    """The last cut at which a window from here may end."""


class _Strip(NamedTuple):
    """The images of a document end to end; cut number n is the one before image n."""

    ends: Sequence[int]
    """Tokens of the images before each cut."""
    room: int
    slots: int
    allowed: Sequence[int]
    """Cuts that may be made, in order, with both ends of the strip."""
    penalties: dict[int, float]
    """Of the cuts that are not plain."""

    def span(self, start: int) -> _Span:
        """Return what a window from `start` can hold; it goes without context only where nothing would fit beside that."""
        context, farthest = start - 1, start
        if start:
            farthest = self._last_allowed(context)
        return _Span(context, farthest) if farthest > start else _Span(start, self._last_allowed(start))

    @property
    def always_shows_context(self) -> bool:
        """Whether the page before fits beside any window's least content, so that no cut saves it."""
        most_tokens = max(self.ends[b] - self.ends[a] for a, b in pairwise(self.allowed))
        most_images = max(b - a for a, b in pairwise(self.allowed))
        return most_tokens + max(b - a for a, b in pairwise(self.ends)) <= self.room and most_images < self.slots

    def gap(self, start: int, end: int) -> float:
        """Return the penalty of what a window leaves of its request."""
        empty = 1 - (self.ends[end] - self.ends[self.span(start).first]) / self.room
        return GAP_PENALTY * min(empty, LOOK_BACK)

    def earliest(self, end: int) -> int:
        """Return the first cut from which a window reaches `end`: the farther its start, the farther a window reaches."""
        return self.allowed[bisect_left(self.allowed, end, key=lambda start: self.span(start).farthest)]

    def good(self, low: int, high: int) -> Iterable[int]:
        """Return the allowed cuts from `low` to `high` that are better than plain ones."""
        between = self.allowed[bisect_left(self.allowed, low) : bisect_right(self.allowed, high)]
        return (cut for cut in between if self.penalties.get(cut, PLAIN_PENALTY) < PLAIN_PENALTY)

    def _last_allowed(self, first: int) -> int:
        most = min(bisect_right(self.ends, self.ends[first] + self.room) - 1, first + self.slots)
        return self.allowed[bisect_right(self.allowed, most) - 1]


def _strip(pages: Pages, costs: Sequence[int], room: int, slots: int) -> _Strip:
    if max(costs) > room:
        page = next(image for image, cost in zip(pages.images, costs, strict=True) if cost > room)
        msg = f"page {page.page_no} alone has {page.tokens:,} tokens, more than a request has room for ({room:,}): lower the resolution"
        raise BudgetError(msg)
    cut_before = {image.page_no: n for n, image in enumerate(pages.images)}
    ends = [0, *accumulate(costs)]
    barred = {n for number in pages.continued if (n := cut_before.get(number)) and cut_before.get(number - 1) == n - 1}
    whole = [n for n in range(len(ends)) if n not in barred]
    # A table longer than a window has to be cut somewhere.
    too_long = [range(a + 1, b) for a, b in pairwise(whole) if b - a > 1 and (ends[b] - ends[a] > room or b - a > slots)]
    penalties = {cut_before[number]: TURN_PENALTY for number in pages.turns if number in cut_before}
    penalties |= {cut_before[number]: SECTION_PENALTY for number in pages.sections if number in cut_before}
    penalties |= {n: TABLE_PENALTY for cuts in too_long for n in cuts}
    return _Strip(ends, room, slots, sorted(chain(whole, *too_long)), penalties)


def _cuts(strip: _Strip) -> list[int]:
    """Return the cuts of least penalty among those that give the fewest windows."""
    latest = _latest(strip)
    if not strip.penalties:
        return latest[1:-1]
    earliest = [strip.allowed[-1]]
    while len(earliest) < len(latest) - 1:
        earliest.append(strip.earliest(earliest[-1]))
    best: dict[int, _Path] = {0: _Path(0, ())}
    for low, high in zip(reversed(earliest[1:]), latest[1:-1], strict=True):
        best = _extended(strip, best, _candidates(strip, best, low, high))
    return [*_extended(strip, best, [strip.allowed[-1]]).popitem()[1].cuts[:-1]]


def _latest(strip: _Strip) -> list[int]:
    """Return the ends of the strip and the cuts between them of windows as long as can be: no fewer windows are possible."""
    latest = [0]
    while latest[-1] < strip.allowed[-1]:
        latest.append(strip.span(latest[-1]).farthest)
    return latest


class _Path(NamedTuple):
    penalty: float
    cuts: tuple[int, ...]


def _candidates(strip: _Strip, starts: Iterable[int], low: int, high: int) -> list[int]:
    """Return the cuts to try between the earliest and the latest that keep the number of windows, near one of these two."""
    near = LOOK_BACK * strip.room
    last_low = bisect_right(strip.ends, strip.ends[low] + near) - 1
    first_high = bisect_left(strip.ends, strip.ends[high] - near)
    full = {end for start in starts if first_high <= (end := strip.span(start).farthest) <= high}
    return sorted({low, high, *full, *strip.good(low, min(last_low, high)), *strip.good(max(low, first_high), high)})


def _extended(strip: _Strip, best: dict[int, _Path], candidates: Iterable[int]) -> dict[int, _Path]:
    """Return the best path to each candidate that is a window away."""
    found: dict[int, _Path] = {}
    reach = {start: strip.span(start).farthest for start in best}
    for end in candidates:
        ways = [
            _Path(path.penalty + strip.gap(start, end) + strip.penalties.get(end, PLAIN_PENALTY), (*path.cuts, end))
            for start, path in best.items()
            if start < end <= reach[start]
        ]
        if ways:
            found[end] = min(ways)
    return found
