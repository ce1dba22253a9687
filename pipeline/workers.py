"""Worker processes with deadlines: the only place where files of strangers are opened and drawn.

pebble keeps the pool, because it can kill one task that hangs without breaking its neighbours (`ProcessPoolExecutor` cannot).
"""

import asyncio
import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import TimeoutError as DeadlineError
from contextlib import suppress
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from schemas.errors import RasterizeCrash, RasterizeTimeout
from schemas.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A pool of processes; a bounded number of tasks is under way or waiting at any time.

    Pixels come back encoded, so memory is bounded by `settings.parallel_pages` pages whatever the length of the document.
    """

    def __init__(self, settings: Settings) -> None:
        self._pool = ProcessPool(
            max_workers=settings.workers,
            max_tasks=settings.worker_tasks,
            initializer=_limit_memory,
            initargs=[settings.worker_memory_bytes],
            context=multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn"),
        )
        self._slots = asyncio.Semaphore(settings.parallel_pages)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self._pool.close()
        else:
            self._pool.stop()
        await asyncio.to_thread(self._pool.join)

    async def call(self, deadline_s: float, subject: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return `function(*args)`, computed in a worker.

        Raises:
            RasterizeTimeout: it took longer than `deadline_s` seconds; the worker was killed.
            RasterizeCrash: the worker died of it.
        """
        async with self._slots:
            future = self._pool.schedule(function, args=args, kwargs=kwargs, timeout=deadline_s)
            try:
                return await asyncio.wrap_future(future)
            except DeadlineError as error:
                msg = f"{subject} took longer than {deadline_s:g} s and was stopped: raise LONGREAD_PAGE_DEADLINE_S if it is worth it"
                raise RasterizeTimeout(msg) from error
            except (ProcessExpired, MemoryError) as error:
                msg = f"{subject} brought its worker process down ({error})"
                raise RasterizeCrash(msg) from error


def _limit_memory(size: int) -> None:
    with suppress(ValueError, OSError):  # a container may already allow less
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
