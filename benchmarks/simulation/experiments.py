"""What is varied, and what comes out: one row for each simulated setup."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.simulation.cluster import Measured, Setup, pages_per_second, simulate
from benchmarks.simulation.replica import SimRequest
from benchmarks.simulation.router import POLICIES
from benchmarks.simulation.workload import LONG, MEDIUM, SHORT, Workload, copies, real_documents, shards, synthetic, workload
from pipeline.throughputs import load_throughput
from schemas.throughput import Figure, Throughput

SLICE_PAGES = 4_000
SHARDS_PER_CLIENT = 4
GROUPS_PER_SHARD = 4
"""On average: shards of 80 documents."""
NIGHT_PAGES, NIGHT_S = 10_000_000, 36_000
QUESTIONS = 5
BASE = "h100-fp8"
CAPS = (65_536, 98_304, 131_072)
REPLICAS = (1, 2, 4, 8, 16, 32, 64)
CONCURRENCY = (2, 4, 8, 16, 32, 64, 128, 256)
PROFILES = ("cookbook", "a100", "h100", "h100-fp8", "h200-fp8", "h100-flash")


class Row(NamedTuple):
    """One simulated setup."""

    experiment: str
    what: str
    replicas: int
    gpus_per_replica: float
    usd_per_gpu_hour: float
    rate: float
    """Pages a second of all replicas."""
    makespan: float
    """Seconds of the whole slice, with its beginning and end."""
    hit_rate: float
    utilisation: float
    decoding: float

    @property
    def gpu_hours(self) -> float:
        """For a million pages."""
        return self.replicas * self.gpus_per_replica * 1e6 / self.rate / 3600

    @property
    def usd(self) -> float:
        """For a million pages."""
        return self.gpu_hours * self.usd_per_gpu_hour

    @property
    def night_gpus(self) -> float:
        """GPUs for ten million pages in ten hours, in whole replicas."""
        return self.gpus_per_replica * math.ceil(NIGHT_PAGES / NIGHT_S / (self.rate / self.replicas))


class Slices:
    """The workloads, each planned once."""

    def __init__(self, pages: int = SLICE_PAGES) -> None:
        self.pool = real_documents()
        self._documents = {mix.name: synthetic(mix, pages, self.pool) for mix in (SHORT, MEDIUM, LONG)}
        self._documents["real"] = [*self.pool]
        self._planned: dict[tuple[str, int, int], Workload] = {}

    def get(self, mix: str = "medium", questions: int = 0, cap: int = CAPS[-1]) -> Workload:
        """Return the planned requests of a mix."""
        key = (mix, questions, cap)
        if key not in self._planned:
            self._planned[key] = workload(self._documents[mix], questions=questions, context_tokens=cap)
        return self._planned[key]


def experiments(slices: Slices) -> Iterator[Row]:
    """Yield a row for each setup of each experiment."""
    yield from _policies(slices)
    yield from _caps(slices)
    yield from _tuned(slices)
    yield from _mixes(slices)
    yield from _concurrency(slices)
    yield from _replicas(slices)
    yield from _rates(slices)


def measured(experiment: str, what: str, work: Workload, setup: Setup) -> Row:
    """Return the row of a setup, each client of which has several shards to work through."""
    n_shards = SHARDS_PER_CLIENT * setup.clients
    slice_ = copies(work, math.ceil(GROUPS_PER_SHARD * n_shards / len(work.groups)))
    found = simulate(shards(slice_, n_shards), setup)
    return _row(experiment, what, setup, found, slice_.n_pages)


def _row(experiment: str, what: str, setup: Setup, found: Measured, pages: int) -> Row:
    return Row(
        experiment=experiment,
        what=what,
        replicas=setup.replicas,
        gpus_per_replica=setup.throughput.gpus_per_replica.value,
        usd_per_gpu_hour=setup.throughput.usd_per_gpu_hour.value,
        rate=pages_per_second(found, pages),
        makespan=found.seconds,
        hit_rate=found.hit_rate,
        utilisation=found.utilisation,
        decoding=found.decoding,
    )


def base(replicas: int = 4, throughput: Throughput | None = None) -> Setup:
    """Return replicas with a run of default settings each."""
    return Setup(throughput or load_throughput(BASE), replicas=replicas, clients=replicas)


def _policies(slices: Slices) -> Iterator[Row]:
    for questions in (0, QUESTIONS):
        for policy in POLICIES:
            what = f"{policy}, {questions} questions a document"
            yield measured("router", what, slices.get(questions=questions), base()._replace(policy=policy))


def _caps(slices: Slices) -> Iterator[Row]:
    for name in ("cookbook", "h100", BASE):
        for questions in (0, QUESTIONS):
            for cap in CAPS:
                what = f"{name}, {cap // 1024}K, {questions} questions"
                yield measured("cap", what, slices.get(questions=questions, cap=cap), base(throughput=load_throughput(name)))


def _tuned(slices: Slices) -> Iterator[Row]:
    for name in ("h100", BASE):
        for cap in (32_768, 65_536):
            setup = base(throughput=load_throughput(name))._replace(concurrency=128)
            yield measured("tuned", f"{name}, {cap // 1024}K, 128 requests a run", slices.get(cap=cap), setup)


def _mixes(slices: Slices) -> Iterator[Row]:
    for mix in ("short", "medium", "long", "real"):
        yield measured("mix", mix, slices.get(mix), base())


def _concurrency(slices: Slices) -> Iterator[Row]:
    for concurrency in CONCURRENCY:
        yield measured("concurrency", str(concurrency), slices.get(), base()._replace(concurrency=concurrency))


def _replicas(slices: Slices) -> Iterator[Row]:
    for replicas in REPLICAS:
        yield measured("replicas", "a run for each", slices.get(), base(replicas))
        yield measured("replicas", "one run for all", slices.get(), base(replicas)._replace(clients=1))


def _rates(slices: Slices) -> Iterator[Row]:
    for name in PROFILES:
        yield measured("rates", f"{name}, as in the profile", slices.get(), base(throughput=load_throughput(name)))
    for what, throughput in _varied(load_throughput(BASE)):
        yield measured("rates", f"{BASE}, {what}", slices.get(), base(throughput=throughput))
    for factor in (0.5, 2.0):
        yield measured("rates", f"{BASE}, replies x {factor:g}", _longer_replies(slices.get(), factor), base())


def _varied(throughput: Throughput) -> Iterator[tuple[str, Throughput]]:
    fields = {
        "prefill": ("prefill_tokens_per_s",),
        "decode": ("decode_alone_tokens_per_s", "decode_tokens_per_s", "kv_read_tokens_per_s"),
        "KV cache": ("kv_tokens",),
    }
    for what, names in fields.items():
        for factor in (0.5, 2.0):
            changed = {name: _times(getattr(throughput, name), factor) for name in names}
            yield f"{what} x {factor:g}", throughput.model_copy(update=changed)


def _times(figure: Figure, factor: float) -> Figure:
    return figure.model_copy(update={"value": figure.value * factor})


def _longer_replies(work: Workload, factor: float) -> Workload:
    def longer(request: SimRequest) -> SimRequest:
        return request._replace(output_tokens=max(1, round(factor * request.output_tokens)))

    return work._replace(groups=tuple(tuple(map(longer, group)) for group in work.groups))
