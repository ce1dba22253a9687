"""Clients, router and replicas together, in simulated time.

A client works through its shards one after the other, as `longread run` does through one: all of the survey, then all of the reading, then
all questions. The first request of a page set goes ahead of the others (pipeline/turns.py); requests and bytes in flight are bounded, and
grow from two (pipeline/pace.py).
"""

from collections import deque
from collections.abc import Generator, Sequence
from typing import NamedTuple

import simpy

from benchmarks.simulation.replica import Job, Replica, SimRequest
from benchmarks.simulation.router import Pick, Policy, router
from pipeline.pace import START
from schemas.throughput import Throughput

STAGES = 3
MIDDLE = (0.15, 0.85)
Shard = Sequence[SimRequest]


class Setup(NamedTuple):
    """What is simulated."""

    throughput: Throughput
    replicas: int = 1
    policy: Policy = "affinity"
    clients: int = 1
    concurrency: int = 32
    """Most requests in flight of each client."""
    bytes_in_flight: int = 512 * 1024**2
    """Of each client."""


class Measured(NamedTuple):
    """What came out."""

    seconds: float
    """Until the last request was answered."""
    ended: tuple[tuple[float, float], ...]
    """When each request was answered, ascending, and its work: the seconds of a replica that it would take without any cache."""
    waited: tuple[float, ...]
    """Seconds from arrival to the first token, in the order of the first tokens."""
    busy_seconds: float
    """Of all replicas."""
    prefill_seconds: float
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    decoding: float
    """Requests that decode together, averaged over the time in which any does."""
    utilisation: float

    @property
    def hit_rate(self) -> float:
        """Part of the prompt tokens that were cached."""
        return self.cached_tokens / max(1, self.prompt_tokens)


def simulate(shards: Sequence[Shard], setup: Setup) -> Measured:
    """Return what the setup makes of the shards. Nothing in it is random: the same input gives the same result."""
    env = simpy.Environment()
    replicas = [Replica(env, setup.throughput) for _ in range(setup.replicas)]
    pick = router(setup.policy, replicas)
    queue = deque(shards)
    clients = [_Client(env, pick, setup) for _ in range(setup.clients)]
    working = [env.process(client.work(queue)) for client in clients]
    env.run(until=env.all_of(working))
    return _measured(env.now, clients, replicas)


def _measured(seconds: float, clients: Sequence["_Client"], replicas: Sequence[Replica]) -> Measured:
    busy = sum(replica.prefill_s + replica.decode_s for replica in replicas)
    decoding = sum(replica.decode_s for replica in replicas)
    return Measured(
        seconds=seconds,
        ended=tuple(sorted(end for client in clients for end in client.ended)),
        waited=tuple(wait for client in clients for wait in client.waited),
        busy_seconds=busy,
        prefill_seconds=sum(replica.prefill_s for replica in replicas),
        prompt_tokens=sum(replica.prompt_tokens for replica in replicas),
        cached_tokens=sum(replica.cached_tokens for replica in replicas),
        output_tokens=sum(replica.output_tokens for replica in replicas),
        decoding=sum(replica.decoded for replica in replicas) / max(1e-9, decoding),
        utilisation=busy / max(1e-9, seconds * len(replicas)),
    )


class _Client:
    """Sends the requests of its shards."""

    def __init__(self, env: simpy.Environment, pick: Pick, setup: Setup) -> None:
        self._env = env
        self._pick = pick
        self._throughput = setup.throughput
        self._most_bytes = setup.bytes_in_flight
        self._most = setup.concurrency
        self._limit = min(START, float(setup.concurrency))
        self._in_flight = self._bytes = 0
        self._waiting: deque[tuple[int, simpy.Event]] = deque()
        self.ended: list[tuple[float, float]] = []
        self.waited: list[float] = []

    def work(self, shards: "deque[Shard]") -> Generator[simpy.Event, None, None]:
        while shards:
            shard, turns = shards.popleft(), dict[str, simpy.Event]()
            for stage in range(STAGES):
                sent = [self._env.process(self._send(request, turns)) for request in shard if request.stage == stage]
                yield self._env.all_of(sent)

    def _send(self, request: SimRequest, turns: dict[str, simpy.Event]) -> Generator[simpy.Event, None, None]:
        if request.at:
            yield self._env.timeout(request.at)
        arrived = self._env.now
        job = Job(self._env, request)
        first = turns.setdefault(request.page_set, job.began)
        if first is not job.began and not first.processed:
            yield first
        yield self._slot(request.image_bytes)
        self._pick(request).submit(job)
        yield job.began
        self.waited.append(self._env.now - arrived)
        yield job.done
        self.ended.append((self._env.now, self._work(request)))
        self._free(request.image_bytes)

    def _work(self, request: SimRequest) -> float:
        prefill = self._throughput.prefill_seconds(request.prompt_tokens)
        return prefill + self._throughput.decode_seconds(request.output_tokens, request.prompt_tokens)

    def _slot(self, size: int) -> simpy.Event:
        turn = self._env.event()
        self._waiting.append((size, turn))
        self._admit()
        return turn

    def _free(self, size: int) -> None:
        if self._in_flight >= int(self._limit):
            self._limit = min(float(self._most), self._limit + 1)
        self._in_flight -= 1
        self._bytes -= size
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            full = self._in_flight >= int(self._limit) or self._bytes + size > self._most_bytes
            if self._in_flight and full:
                return
            self._waiting.popleft()
            self._in_flight += 1
            self._bytes += size
            turn.succeed()


def pages_per_second(measured: Measured, pages: int) -> float:
    """Return the rate in the middle of the slice, by the work that was completed then: its beginning and its end are left out."""
    start, end = (share * measured.seconds for share in MIDDLE)
    work = sum(seconds for _, seconds in measured.ended)
    done = sum(seconds for at, seconds in measured.ended if start <= at < end)
    return pages * done / work / (end - start)
