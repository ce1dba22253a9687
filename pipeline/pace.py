"""How many requests are in flight: as many as the server keeps up with, found out while the run goes on.

Start low and double while nothing speaks against it, as TCP does (slow start, then one more a round; RFC 5681). What speaks against it:
the server says that it is overloaded, requests wait in its queue, or a token takes several times as long as it did at best. The bytes of
the requests in flight are bounded too.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

START = 2.0
CUT = 0.6
SLOW = 4.0
"""Times the best seconds a token at which no more requests are added."""


class Pace:
    """Admits requests in the order in which they come.

    Args:
        most: requests in flight at most.
        most_bytes: of their images; a single request may have more.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.limit = min(START, float(most))
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._in_flight = 0
        self._bytes = 0
        self._probing = True
        self._best = float("inf")
        self._until_next_cut = 0

    def at_most(self, most: int) -> None:
        """Keep to what a service allows, if that is fewer."""
        self._most = min(self._most, most)
        self.limit = min(self.limit, float(self._most))

    @property
    def in_flight(self) -> int:
        """Requests that were admitted and have not ended."""
        return self._in_flight

    @asynccontextmanager
    async def slot(self, size: int) -> AsyncIterator[Callable[[int], None]]:
        """Wait for a place for a request of about `size` bytes, and keep it; what is yielded is told its bytes once they are known."""

        def weigh(known: int) -> None:
            nonlocal size
            self._bytes += known - size
            size = known
            self._admit()

        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._admit()
        try:
            await turn
            yield weigh
        finally:
            if turn.done() and not turn.cancelled():
                self._in_flight -= 1
                self._bytes -= size
            self._waiting = deque(waiting for waiting in self._waiting if waiting[1] is not turn)
            self._admit()

    def succeeded(self, tokens: int, seconds: float) -> None:
        """Take note of a completion: grow if all places were in use and a token took no longer than it should."""
        self._until_next_cut = max(0, self._until_next_cut - 1)
        each = seconds / max(tokens, 1)
        self._best = min(self._best, each)
        if each > SLOW * self._best:
            self._probing = False
        elif self._in_flight >= int(self.limit):
            self.limit = min(float(self._most), self.limit + (1 if self._probing else 1 / self.limit))
            self._admit()

    def overloaded(self) -> None:
        """Take note that the server is asked too much: fewer requests, cut once for all that were in flight together."""
        self._probing = False
        if not self._until_next_cut:
            self.limit = max(1.0, self.limit * CUT)
            self._until_next_cut = self._in_flight

    def queued(self, waiting: int, running: int) -> None:
        """Take note of the server's own queue: no more requests if one waits, fewer if half as many wait as run."""
        if waiting:
            self._probing = False
        if waiting > max(1, running // 2):
            self.overloaded()

    def _admit(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            full = self._in_flight >= int(self.limit) or self._bytes + size > self._most_bytes
            if self._in_flight and full:
                return
            self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                self._bytes += size
                turn.set_result(None)
