"""The processes that read images, and the memory of what they have read."""

import asyncio
import logging
from collections.abc import Callable

from cachetools import LRUCache

from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.worker import UndecodableImage, use_one_core
from pipeline.pool import WorkerDied, WorkerPool

Key = tuple[object, ...]

SHUTTING_DOWN = "the reader is shutting down"

logger = logging.getLogger(__name__)


class ReadError(Exception):
    """An image could not be read although it is one (HTTP 500); the message is shown to the client."""


class _Flight:
    """One reading under way and how many requests wait for it."""

    def __init__(self, task: asyncio.Task[bytes]) -> None:
        self.task = task
        self.waiters = 0


class Engine:
    """Runs functions in worker processes and remembers results, the least recently used of which are forgotten first.

    Belongs to one event loop. No process is started before the first `run`.
    """

    def __init__(self, config: EmbeddedConfig) -> None:
        self.config = config
        self._pool = WorkerPool(config.workers, config.tasks_per_worker, use_one_core)
        self._under_way: set[asyncio.Future[bytes]] = set()
        self._slots = asyncio.Semaphore(config.workers)
        self._memo: LRUCache[Key, bytes] = LRUCache(config.memo_bytes, len)
        self._flights: dict[Key, _Flight] = {}

    def remembers(self, key: Key) -> bool:
        """Return whether the result for `key` is at hand."""
        return key in self._memo

    async def remember(self, key: Key, call: Callable[[], bytes], images: int = 1) -> bytes:
        """Return the remembered result for `key`, or else `run(call, images)`.

        However many ask for it at the same time, it runs once; when nobody waits any more, it is cancelled.
        """
        if key in self._memo:
            return self._memo[key]
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(self._keep(key, call, images)))
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters:
                self._flights.pop(key)
                flight.task.cancel()

    async def _keep(self, key: Key, call: Callable[[], bytes], images: int) -> bytes:
        result = await self.run(call, images)
        if len(result) <= self._memo.maxsize:
            self._memo[key] = result
        return result

    async def run(self, call: Callable[[], bytes], images: int = 1) -> bytes:
        """Return the result of `call`, made in a worker process. Cancelling it ends that process.

        It may take the configured seconds times `images`.

        Raises:
            UndecodableImage: the bytes of an image among the arguments are none.
            ReadError: the call failed, took too long, or its process died.
        """
        deadline_s = self.config.deadline_s * images
        async with self._slots:
            outcome = await self._outcome(call, deadline_s)
        if isinstance(outcome, bytes):
            return outcome
        if isinstance(outcome, UndecodableImage):
            raise outcome
        raise ReadError(_reason(outcome, deadline_s)) from outcome

    async def _outcome(self, call: Callable[[], bytes], deadline_s: float) -> bytes | BaseException:
        """Return what `call` returned or raised: a failure is the request's, whatever it is, and not the server's."""
        work = asyncio.ensure_future(self._pool.call(deadline_s, call))
        self._under_way.add(work)
        try:
            return (await asyncio.gather(work, return_exceptions=True))[0]
        finally:
            self._under_way.discard(work)

    async def close(self) -> None:
        """Stop the processes, whatever they are doing; what waits for them fails."""
        for work in self._under_way:
            work.cancel()
        await self._pool.close()


def _reason(error: BaseException, deadline_s: float) -> str:
    match error:
        case TimeoutError():
            return f"reading took longer than {deadline_s:g} s and was stopped"
        case WorkerDied():
            return f"the process reading it died ({error})"
        case asyncio.CancelledError():
            return SHUTTING_DOWN
    logger.error("a reader failed", exc_info=error)
    return f"reading failed with {type(error).__name__}: {error}"
