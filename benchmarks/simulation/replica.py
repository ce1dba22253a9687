"""One replica: a queue, a KV cache with the pages of past requests, prefill of one prompt at a time, decoding of all running requests.

As SGLang does by default, prefill goes before decoding, requests of cached pages go first (`--schedule-policy lpm`), and pages stay cached
until others need the room. Left out: chunks of prefill between decoding steps, and what page sets that differ share.
"""

from collections import OrderedDict
from collections.abc import Generator
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
        self.left = float(request.output_tokens)

    @property
    def own_tokens(self) -> int:
        """Tokens of the KV cache that no other request shares."""
        return self.request.prompt_tokens - self.request.page_tokens + self.request.output_tokens


class Replica:
    """Serves jobs in simulated time, and counts what it does."""

    def __init__(self, env: simpy.Environment, throughput: Throughput) -> None:
        self._env = env
        self._throughput = throughput
        self._waiting: list[Job] = []
        self._running: list[Job] = []
        self._cached: OrderedDict[str, int] = OrderedDict()
        self._used: dict[str, int] = {}
        self._arrival = env.event()
        self.in_flight = 0
        self.prefill_s = self.decode_s = 0.0
        self.prompt_tokens = self.cached_tokens = self.output_tokens = 0
        self.decoded_s: list[tuple[float, int]] = []
        env.process(self._serve())

    def submit(self, job: Job) -> None:
        """Queue a job.

        Raises:
            ValueError: the KV cache could not hold it even alone.
        """
        if job.request.page_tokens + job.own_tokens > self._throughput.kv_tokens.value:
            msg = f"a request of {job.request.prompt_tokens:,} tokens does not fit the KV cache"
            raise ValueError(msg)
        self.in_flight += 1
        self._waiting.append(job)
        if not self._arrival.triggered:
            self._arrival.succeed()

    @property
    def kv_used(self) -> int:
        """Tokens that running requests hold."""
        return sum(self._cached[page_set] for page_set in self._used) + sum(job.own_tokens for job in self._running)

    @property
    def kv_resident(self) -> int:
        """Tokens in the cache, those of past requests included."""
        return sum(self._cached.values()) + sum(job.own_tokens for job in self._running)

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
        number = next((at for at, job in enumerate(self._waiting) if job.request.page_set in self._cached), 0)
        job = self._waiting[number]
        shared = job.request.page_set in self._used
        need = job.own_tokens + (0 if shared else job.request.page_tokens)
        if self.kv_used + need > self._throughput.kv_tokens.value:
            return None
        return self._waiting.pop(number)

    def _prefill(self, job: Job) -> Generator[simpy.Event, None, None]:
        request = job.request
        cached = self._cached.get(request.page_set, 0)
        self._used[request.page_set] = self._used.get(request.page_set, 0) + 1
        self._cached[request.page_set] = request.page_tokens
        self._cached.move_to_end(request.page_set)
        self._running.append(job)
        self._evict()
        seconds = self._throughput.prefill_seconds(request.prompt_tokens, cached)
        self.prefill_s += seconds
        self.prompt_tokens += request.prompt_tokens
        self.cached_tokens += cached
        yield self._env.timeout(seconds)
        job.began.succeed()
        self._finish()

    def _decode(self) -> Generator[simpy.Event, None, None]:
        """Write tokens until a request ends or another arrives."""
        contexts = sum(job.request.prompt_tokens for job in self._running)
        step = self._throughput.decode_step_seconds(len(self._running), contexts)
        steps = min(job.left for job in self._running)
        started = self._env.now
        # A job that waits for room gets it only when another ends.
        self._arrival = self._env.event()
        yield self._env.timeout(steps * step) | self._arrival
        seconds = self._env.now - started
        self.decode_s += seconds
        self.decoded_s.append((seconds, len(self._running)))
        for job in self._running:
            job.left -= seconds / step
        self._finish()

    def _finish(self) -> None:
        ended = [job for job in self._running if job.left <= 1e-6]
        for job in ended:
            self._running.remove(job)
            self._used[job.request.page_set] -= 1
            if not self._used[job.request.page_set]:
                del self._used[job.request.page_set]
            self.in_flight -= 1
            self.output_tokens += job.request.output_tokens
            job.done.succeed()

    def _evict(self) -> None:
        over = self.kv_resident - self._throughput.kv_tokens.value
        for page_set in [each for each in self._cached if each not in self._used]:
            if over <= 0:
                return
            over -= self._cached.pop(page_set)
