"""Let one request of a page set go first: once its pages are in the server's prefix cache, the others pay for their question only."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turns:
    """Keeps, for each page set, whether a request of it has been heard from."""

    def __init__(self) -> None:
        self._first: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def after_first(self, page_set: str) -> AsyncIterator[Callable[[], None]]:
        """Wait until the first request of the page set is answered, begins to be, or has failed; the first itself does not wait.

        Yields what it calls when its answer begins.
        """
        known = self._first.get(page_set)
        if known is not None:
            await known.wait()
            yield known.set
            return
        first = self._first[page_set] = asyncio.Event()
        try:
            yield first.set
        finally:
            first.set()
