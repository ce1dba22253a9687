"""One replica: a queue, a KV cache with the pages of past requests, prefill of one prompt at a time, decoding of all running requests.

As SGLang does by default, prefill goes before decoding, requests of cached pages go first (`--schedule-policy lpm`), and pages stay cached
until others need the room. Left out: chunks of prefill between decoding steps, and what page sets that differ share.
"""

from collections import OrderedDict
from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

import simpy

from schemas.throughput import Throughput


class SimRequest(NamedTuple):
    """What a replica needs to know of a request."""

    stage: int
    """0 survey, 1 read, 2 answer."""
    page_set: str
    page_tokens: int
    prompt_tokens: int
    output_tokens: int
    image_bytes: int = 0
    text_shared: float = 1.0
    """The part of the text that a request of the same page set has at its beginning: what a router sees of it."""
    at: float = 0.0
    """Seconds after which it arrives."""


class Job:
    """A request on its way, with the events that its client waits for."""

    def __init__(self, env: simpy.Environment, request: SimRequest) -> None:
        self.request = request
        self.began = env.event()
        """The first token."""
        self.done = env.event()
        self.own_tokens = request.prompt_tokens - request.page_tokens + request.output_tokens
        """Tokens of the KV cache that no other request shares."""


class Replica:
    """Serves jobs in simulated time, and counts what it does."""

    def __init__(self, env: simpy.Environment, throughput: Throughput) -> None:
        self._env = env
        self._throughput = throughput
        self._room = throughput.kv_tokens.value
        self._waiting: list[Job] = []
        self._running: list[tuple[float, int, Job]] = []
        """A heap: the step at which each ends, and its number."""
        self._step = 0.0
        self._started = count()
        self._context = 0
        """Prompt tokens of all that run."""
        self._cached: OrderedDict[str, int] = OrderedDict()
        """Pages of past requests, the oldest first; those in use are in `_used`."""
        self._used: dict[str, tuple[int, int]] = {}
        """Tokens and running requests by page set."""
        self._arrival = env.event()
        self.in_flight = self.kv_used = self.kv_idle = 0
        """Requests; tokens that running requests hold; tokens of pages that are only cached."""
        self.prefill_s = self.decode_s = self.decoded = 0.0
        """Seconds; and seconds of decoding times the requests that took part."""
        self.prompt_tokens = self.cached_tokens = self.output_tokens = 0
        env.process(self._serve())

    def submit(self, job: Job) -> None:
        """Queue a job.

        Raises:
            ValueError: the KV cache could not hold it even alone.
        """
        if job.request.page_tokens + job.own_tokens > self._room:
            msg = f"a request of {job.request.prompt_tokens:,} tokens does not fit the KV cache"
            raise ValueError(msg)
        self.in_flight += 1
        self._waiting.append(job)
        if not self._arrival.triggered:
            self._arrival.succeed()

    def _serve(self) -> Generator[simpy.Event, None, None]:
        while True:
            job = self._next()
            if job:
                yield from self._prefill(job)
            elif self._running:
                yield from self._decode()
            else:
                self._arrival = self._env.event()
                yield self._arrival

    def _next(self) -> Job | None:
        """Return the waiting job that goes next, if there is room for it."""
        if not self._waiting:
            return None
        number = next((at for at, job in enumerate(self._waiting) if self._knows(job.request.page_set)), 0)
        job = self._waiting[number]
        need = job.own_tokens + (0 if job.request.page_set in self._used else job.request.page_tokens)
        return self._waiting.pop(number) if self.kv_used + need <= self._room else None

    def _knows(self, page_set: str) -> bool:
        return page_set in self._used or page_set in self._cached

    def _prefill(self, job: Job) -> Generator[simpy.Event, None, None]:
        request = job.request
        cached = self._take(request.page_set, request.page_tokens)
        self.kv_used += job.own_tokens
        self._context += request.prompt_tokens
        self._evict()
        seconds = self._throughput.prefill_seconds(request.prompt_tokens, cached)
        self.prefill_s += seconds
        self.prompt_tokens += request.prompt_tokens
        self.cached_tokens += cached
        yield self._env.timeout(seconds)
        job.began.succeed()
        heappush(self._running, (self._step + request.output_tokens, next(self._started), job))
        self._finish()

    def _take(self, page_set: str, tokens: int) -> int:
        """Keep the pages in the cache for one request more; return how many of their tokens were there."""
        if page_set in self._used:
            self._used[page_set] = (tokens, self._used[page_set][1] + 1)
            return tokens
        idle = self._cached.pop(page_set, 0)
        self.kv_idle -= idle
        self.kv_used += tokens
        self._used[page_set] = (tokens, 1)
        return idle

    def _give_back(self, page_set: str) -> None:
        tokens, running = self._used.pop(page_set)
        if running > 1:
            self._used[page_set] = (tokens, running - 1)
            return
        self.kv_used -= tokens
        if tokens:
            self._cached[page_set] = tokens
            self.kv_idle += tokens

    def _evict(self) -> None:
        while self.kv_used + self.kv_idle > self._room:
            self.kv_idle -= self._cached.popitem(last=False)[1]

    def _decode(self) -> Generator[simpy.Event, None, None]:
        """Write tokens until a request ends or another arrives."""
        running = len(self._running)
        step = self._throughput.decode_step_seconds(running, self._context)
        started = self._env.now
        self._arrival = self._env.event()
        ends = self._env.timeout((self._running[0][0] - self._step) * step)
        yield ends | self._arrival
        seconds = self._env.now - started
        self.decode_s += seconds
        self.decoded += seconds * running
        self._step = self._running[0][0] if ends.processed else self._step + seconds / step
        self._finish()

    def _finish(self) -> None:
        while self._running and self._running[0][0] <= self._step + 1e-9:
            job = heappop(self._running)[2]
            self._give_back(job.request.page_set)
            self.kv_used -= job.own_tokens
            self._context -= job.request.prompt_tokens
            self.in_flight -= 1
            self.output_tokens += job.request.output_tokens
            job.done.succeed()
