"""The worker processes that open and draw: the only place where files of strangers are touched."""

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from pipeline.pool import WorkerDied, WorkerPool
from schemas.errors import RasterizeCrash, RasterizeTimeout
from schemas.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A pool of processes with limited memory; a bounded number of calls is under way or waiting at any time.

    Pixels come back encoded, so memory is bounded by `settings.parallel_pages` pages whatever the length of the document.
    """

    def __init__(self, settings: Settings) -> None:
        self._pool = WorkerPool(settings.workers, settings.worker_tasks, _limit_memory, [settings.worker_memory_bytes])
        self._slots = asyncio.Semaphore(settings.parallel_pages)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        await self._pool.close(now=error is not None)

    async def call(self, deadline_s: float, subject: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return `function(*args)`, computed in a worker.

        Raises:
            RasterizeTimeout: it took longer than `deadline_s` seconds; the worker was killed.
            RasterizeCrash: the worker died of it.
        """
        async with self._slots:
            try:
                return await self._pool.call(deadline_s, partial(function, *args, **kwargs))
            except TimeoutError as error:
                msg = f"{subject} took longer than {deadline_s:g} s and was stopped: raise LONGREAD_PAGE_DEADLINE_S if it is worth it"
                raise RasterizeTimeout(msg) from error
            except WorkerDied as error:
                msg = f"{subject} brought its worker process down ({error})"
                raise RasterizeCrash(msg) from error


def _limit_memory(size: int) -> None:
    with suppress(ValueError, OSError):  # a container may already allow less
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
