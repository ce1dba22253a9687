"""The rungs that every kind of request has in common: ask again warmer, and cut what is shown into smaller pieces.

Each rung is a request of its own, and so a row of `requests`.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from pipeline.line import Line
from schemas.batch import Batch
from schemas.document import Box, LayerWord
from schemas.errors import BackendError, CompletionError, ContextExceeded, LongreadError, ReplyFiltered
from schemas.message import Completion, Request, Sampling

T = TypeVar("T")

WARMER = Sampling(temperature=0.4, top_p=0.9, top_k=50)
OVERLAP = 0.05
"""Of a page's height, that both of its halves show."""


async def ask(
    line: Line, request: Request, read: Callable[[Completion], T], on_text: Callable[[str], None] = lambda _: None
) -> tuple[Completion, T]:
    """Return a completion and what `read` makes of it; one that is no use is asked for once more, warmer and without thinking.

    Raises:
        CompletionError: the second one is no use either.
        BackendError: no completion came.
    """
    completion = await line.ask(request, on_text)
    try:
        return completion, read(completion)
    except CompletionError:
        warmer = request.model_copy(update={"sampling": WARMER, "thinking": False, "thinking_budget": None})
        completion = await line.ask(warmer, on_text)
        return completion, read(completion)


async def smaller_may_help(line: Line, error: LongreadError) -> bool:
    """Tell whether fewer pages may be answered where these were not.

    One page may bring the server's answer down, or be refused by a service; but a server that is gone would fail for each part as well.
    """
    if isinstance(error, CompletionError | ContextExceeded | ReplyFiltered):
        return True
    return isinstance(error, BackendError) and await line.is_served()


def halves_of(line: Line, batch: Batch) -> tuple[Batch, ...]:
    """Return the first and the second half of a batch's pages."""
    middle = len(batch.images) // 2
    return (*line.batches(batch.images[:middle]), *line.batches(batch.images[middle:]))


def halves_of_page() -> tuple[Box, Box]:
    """Return the upper and the lower half of a page, which overlap a little, so that nothing is cut in both."""
    return Box(x0=0, y0=0, x1=1, y1=0.5 + OVERLAP), Box(x0=0, y0=0.5 - OVERLAP, x1=1, y1=1)


def bands(box: Box, words: Iterable[LayerWord]) -> tuple[Box, ...]:
    """Return the box cut in two between lines of text, as near to its middle as they allow; the box alone if nothing tells where."""
    lines = sorted((word.y0, word.y1) for word in words if box.y0 < word.y0 and word.y1 < box.y1 and box.x0 < word.x0 < box.x1)
    gaps, bottom = [], box.y0
    for top, end in lines:
        if top > bottom > box.y0:
            gaps.append((bottom + top) / 2)
        bottom = max(bottom, end)
    if not gaps:
        return (box,)
    middle = (box.y0 + box.y1) / 2
    cut = min(gaps, key=lambda gap: abs(gap - middle))
    return box.model_copy(update={"y1": cut}), box.model_copy(update={"y0": cut})
