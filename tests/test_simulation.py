"""The simulated cluster keeps the laws of a real one, and agrees with the formula where there is one."""

import math
import random

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulation.cluster import Measured, Setup, simulate
from benchmarks.simulation.experiments import Row
from benchmarks.simulation.replica import Job, Replica, SimRequest
from benchmarks.simulation.router import POLICIES, Policy
from benchmarks.simulation.workload import MEDIUM, SAMPLES, copies, real_documents, shards, synthetic, workload
from pipeline.throughputs import load_throughput
from schemas.throughput import Throughput

FP8, COOKBOOK = load_throughput("h100-fp8"), load_throughput("cookbook")


def question(page_set: str, pages: int = 40_000, output: int = 100, stage: int = 2, at: float = 0) -> SimRequest:
    return SimRequest(stage, page_set, pages, pages + 900, output, image_bytes=pages * 100, at=at)


REQUESTS = st.lists(
    st.builds(question, st.sampled_from("abcdef"), st.integers(500, 100_000), st.integers(1, 3_000), st.integers(0, 2)),
    min_size=1,
    max_size=40,
)


def consistent(requests: list[SimRequest]) -> list[SimRequest]:
    """Requests of one page set show the same pages."""
    sizes: dict[str, int] = {}
    return [question(each.page_set, sizes.setdefault(each.page_set, each.page_tokens), each.output_tokens, each.stage) for each in requests]


def least_work(requests: list[SimRequest], throughput: Throughput) -> float:
    """Seconds of a replica that no cluster can do without: each page set once, and every token decoded in the fullest company."""
    seen: dict[str, int] = {}
    seconds = 0.0
    for request in requests:
        seconds += throughput.prefill_seconds(request.prompt_tokens, seen.get(request.page_set, 0))
        seen[request.page_set] = request.page_tokens
    most = len(requests)
    return seconds + sum(request.output_tokens for request in requests) * throughput.decode_step_seconds(most, 0) / most


@settings(max_examples=40)
@given(REQUESTS, st.sampled_from(POLICIES), st.integers(1, 5), st.integers(1, 3), st.integers(1, 8))
def test_no_request_is_lost_and_no_replica_is_busy_longer_than_it_lives(
    requests: list[SimRequest], policy: Policy, replicas: int, clients: int, concurrency: int
) -> None:
    requests = consistent(requests)
    setup = Setup(FP8, replicas, policy, clients, concurrency)
    found = simulate([requests[0::2], requests[1::2]], setup)
    assert len(found.ended) == len(requests)
    assert found.prompt_tokens == sum(request.prompt_tokens for request in requests)
    assert found.output_tokens == sum(request.output_tokens for request in requests)
    assert found.utilisation <= 1 + 1e-9
    assert found.seconds >= least_work(requests, FP8) / replicas * (1 - 1e-9)


@settings(max_examples=25)
@given(REQUESTS)
def test_the_kv_cache_never_holds_more_than_it_can(requests: list[SimRequest]) -> None:
    env = simpy.Environment()
    replica = Replica(env, FP8)
    for request in consistent(requests):
        replica.submit(Job(env, request))
    while env.peek() < math.inf:
        env.step()
        assert replica.kv_idle >= 0
        assert 0 <= replica.kv_used <= replica.kv_used + replica.kv_idle <= FP8.kv_tokens.value
    assert replica.in_flight == replica.kv_used == 0


def test_a_request_that_no_replica_could_hold_is_refused() -> None:
    small = FP8.model_copy(update={"kv_tokens": FP8.kv_tokens.model_copy(update={"value": 10_000})})
    with pytest.raises(ValueError, match="does not fit the KV cache"):
        simulate([[question("a")]], Setup(small))


def test_the_pages_of_a_set_are_paid_once_where_its_questions_meet() -> None:
    found = simulate([[question("a") for _ in range(10)]], Setup(FP8, replicas=4))
    assert found.cached_tokens == 9 * 40_000


def asked(policy: Policy) -> Measured:
    requests = [question(str(number % 30), output=50) for number in range(300)]
    return simulate([requests], Setup(FP8, replicas=6, policy=policy))


def test_affinity_hits_more_often_than_round_robin_and_ends_sooner() -> None:
    sticky, spread = asked("affinity"), asked("round_robin")
    assert sticky.hit_rate > 0.8 > spread.hit_rate
    assert sticky.seconds < spread.seconds


def test_a_router_that_compares_text_misses_what_small_documents_share() -> None:
    """Their instruction is longer than their markers, so the common beginning is under its threshold."""
    requests = [question(str(number % 30))._replace(text_shared=0.2) for number in range(300)]
    found = simulate([requests], Setup(FP8, replicas=6, policy="cache_aware"))
    assert found.hit_rate < asked("cache_aware").hit_rate
    assert asked("cache_aware").hit_rate == pytest.approx(asked("affinity").hit_rate, abs=0.02)


@settings(max_examples=20)
@given(st.integers(0, 1_000), st.integers(1, 5))
def test_more_replicas_are_never_slower_where_every_token_takes_the_same(seed: int, replicas: int) -> None:
    draw = random.Random(seed)
    requests = [question(str(number), draw.randrange(1_000, 60_000), draw.randrange(1, 500)) for number in range(60)]
    fewer, more = (simulate([requests], Setup(COOKBOOK, number)).seconds for number in (replicas, 2 * replicas))
    assert more <= 1.05 * fewer


def test_the_same_input_gives_the_same_result() -> None:
    assert asked("affinity") == asked("affinity")


@pytest.mark.parametrize("servers", [1, 3])
def test_without_decoding_and_cache_it_is_the_queue_of_erlang(servers: int) -> None:
    """M/M/c: Poisson arrivals, exponential service, one queue (the client's) before c servers. Erlang C gives the mean time in it."""
    draw, mean, load, number = random.Random(7), 1.0, 0.7, 12_000
    rate = load * servers / mean
    at, requests = 0.0, []
    for each in range(number):
        at += draw.expovariate(rate)
        tokens = max(1, round(draw.expovariate(1 / (mean * COOKBOOK.prefill_tokens_per_s.value))))
        requests.append(SimRequest(0, str(each), 0, tokens, 0, at=at))
    found = simulate([requests], Setup(COOKBOOK, servers, concurrency=servers))
    offered = rate * mean
    full = offered**servers / math.factorial(servers) / (1 - load)
    wait = full / (sum(offered**k / math.factorial(k) for k in range(servers)) + full) * mean / (servers - offered)
    assert sum(found.waited) / number == pytest.approx(mean + wait, rel=0.06)


def test_the_planners_requests_of_synthetic_documents_run_through() -> None:
    documents = synthetic(MEDIUM, 300, real_documents(SAMPLES), seed=3)
    unasked, planned = workload(documents), workload(documents, questions=2)
    twice = copies(planned, 2)
    found = simulate(shards(twice, 2), Setup(FP8, replicas=2, clients=2))
    assert twice.n_pages == 2 * planned.n_pages >= 600
    assert len(found.ended) == 2 * sum(map(len, planned.groups))
    assert found.hit_rate > simulate(unasked.groups, Setup(FP8)).hit_rate


def test_a_night_is_counted_in_whole_replicas() -> None:
    row = Row("x", "x", 8, 4, 2.5, rate=80, makespan=1, hit_rate=0, utilisation=1, decoding=1)
    assert row.night_gpus == 4 * math.ceil(10_000_000 / 36_000 / 10)
    assert row.usd == pytest.approx(2.5 * 8 * 4 * 1e6 / 80 / 3600)
