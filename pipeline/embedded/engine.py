"""The processes that read images, and the memory of what they have read."""

import asyncio
import logging
import multiprocessing
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool

from cachetools import LRUCache
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.worker import UndecodableImage, use_one_core

Key = tuple[object, ...]

# Within these seconds a process starts and takes a task, even on a busy machine. pebble counts the deadline from then on.
START_S = 60
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
        self._pool: ProcessPool | None = None
        self._under_way: set[ProcessFuture[bytes]] = set()
        self._is_closed = False
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
            if isinstance(outcome, BrokenProcessPool):
                # A process died that was not at work, which is not this call's doing.
                outcome = await self._outcome(call, deadline_s)
        if isinstance(outcome, bytes):
            return outcome
        if isinstance(outcome, UndecodableImage):
            raise outcome
        raise ReadError(_reason(outcome, deadline_s)) from outcome

    async def _outcome(self, call: Callable[[], bytes], deadline_s: float) -> bytes | BaseException:
        """Return what `call` returned or raised: a failure is the request's, whatever it is, and not the server's."""
        future = (await self._running_pool()).schedule(call, timeout=deadline_s)
        self._under_way.add(future)
        try:
            async with asyncio.timeout(deadline_s + START_S):
                return (await asyncio.gather(asyncio.wrap_future(future), return_exceptions=True))[0]
        except TimeoutError as error:
            return error
        finally:
            self._under_way.discard(future)

    async def _running_pool(self) -> ProcessPool:
        if self._is_closed:
            raise ReadError(SHUTTING_DOWN)
        # pebble gives a pool up when a process dies that was not at work.
        if self._pool is None or not self._pool.active:
            broken, self._pool = self._pool, _new_pool(self.config)
            await _stop(broken)
        return self._pool

    async def close(self) -> None:
        """Stop the processes, whatever they are doing; what waits for them fails."""
        self._is_closed = True
        for future in self._under_way:
            future.cancel()
        pool, self._pool = self._pool, None
        await _stop(pool)


def _new_pool(config: EmbeddedConfig) -> ProcessPool:
    return ProcessPool(
        max_workers=config.workers,
        max_tasks=config.tasks_per_worker,
        initializer=use_one_core,
        context=multiprocessing.get_context("spawn"),
    )


async def _stop(pool: ProcessPool | None) -> None:
    if pool is not None:
        pool.stop()
        await asyncio.to_thread(pool.join)


def _reason(error: BaseException, deadline_s: float) -> str:
    match error:
        case TimeoutError():
            return f"reading took longer than {deadline_s:g} s and was stopped"
        case ProcessExpired():
            return f"the process reading it died (exit code {error.exitcode})"
        case BrokenProcessPool():
            return "the processes that read died before they could start on it"
        case asyncio.CancelledError():
            return SHUTTING_DOWN
    logger.error("a reader failed", exc_info=error)
    return f"reading failed with {type(error).__name__}: {error}"
