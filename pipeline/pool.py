"""Worker processes with deadlines. pebble keeps the pool, because it can kill one task that hangs without breaking its neighbours.

Knows nothing of what the processes do: `pipeline.workers` opens and draws in them, `pipeline.embedded` reads in them.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as DeadlineError
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

T = TypeVar("T")
PRELOAD = ["pipeline.rasterize"]


class WorkerDied(Exception):
    """The process that worked on a call ended before it was done."""


class WorkerPool:
    """Up to `size` processes, each replaced by a fresh one after `max_tasks` calls. None starts before the first call."""

    def __init__(self, size: int, max_tasks: int, initializer: Callable[..., None], arguments: Sequence[object] = ()) -> None:
        self._size = size
        self._max_tasks = max_tasks
        self._initializer = initializer
        self._arguments = [*arguments]
        self._pool: ProcessPool | None = None
        self._is_closed = False

    async def call(self, deadline_s: float, function: Callable[[], T]) -> T:
        """Return `function()`, computed in a worker. Cancelling the call ends the worker.

        Raises:
            TimeoutError: it took longer than `deadline_s` seconds; the worker was killed.
            WorkerDied: the worker died of it.
            asyncio.CancelledError: the pool was closed.
        """
        try:
            return await self._scheduled(deadline_s, function)
        except BrokenProcessPool:
            # A process died that was not at work, which is not this call's doing.
            pass
        try:
            return await self._scheduled(deadline_s, function)
        except BrokenProcessPool as error:
            raise WorkerDied(str(error)) from error

    async def close(self, *, now: bool = True) -> None:
        """Stop the processes, whatever they are doing, or let them finish."""
        self._is_closed = True
        pool, self._pool = self._pool, None
        await _end(pool, now=now)

    async def _scheduled(self, deadline_s: float, function: Callable[[], T]) -> T:
        pool = await self._running()
        try:
            return await asyncio.wrap_future(pool.schedule(function, timeout=deadline_s))
        except DeadlineError as error:
            raise TimeoutError(deadline_s) from error
        except (ProcessExpired, MemoryError) as error:
            raise WorkerDied(str(error)) from error

    async def _running(self) -> ProcessPool:
        if self._is_closed:
            raise asyncio.CancelledError
        # pebble gives a pool up when a process dies that was not at work.
        if self._pool is None or not self._pool.active:
            broken, self._pool = self._pool, self._new()
            await _end(broken, now=True)
        return self._pool

    def _new(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        # The server imports the engine once; each worker is then a fork of a few milliseconds instead of a second of imports.
        context.set_forkserver_preload(PRELOAD)
        return ProcessPool(self._size, self._max_tasks, self._initializer, self._arguments, context)


async def _end(pool: ProcessPool | None, *, now: bool) -> None:
    if pool is None:
        return
    if now:
        pool.stop()
    else:
        pool.close()
    await asyncio.to_thread(pool.join)
