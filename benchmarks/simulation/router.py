"""Which replica a request goes to: the policies of SGLang's router that are compared.

`affinity` is `--policy manual` with the page set as the routing key: all requests of a key to one replica, a new key to the least busy one.
`cache_aware` compares the request's text, images left out, with the texts that each replica was sent: the replica of the longest common
beginning if that is more than a part of the text, else the one with the least text; the least busy one if loads differ too much.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Literal

from benchmarks.simulation.replica import Replica, SimRequest

Policy = Literal["affinity", "cache_aware", "round_robin"]
POLICIES: tuple[Policy, ...] = ("affinity", "cache_aware", "round_robin")
CACHE_THRESHOLD = 0.3
BALANCE_ABS, BALANCE_REL = 64, 1.5
"""Defaults of sglang-router 0.3.2."""
Pick = Callable[[SimRequest], Replica]


def router(policy: Policy, replicas: Sequence[Replica]) -> Pick:
    """Return the function that picks a replica for each request in turn."""
    match policy:
        case "affinity":
            return _affinity(replicas)
        case "cache_aware":
            return _cache_aware(replicas)
        case "round_robin":
            turns = count()
            return lambda _: replicas[next(turns) % len(replicas)]


def _least_busy(replicas: Sequence[Replica]) -> Replica:
    return min(replicas, key=lambda replica: replica.in_flight)


def _affinity(replicas: Sequence[Replica]) -> Pick:
    known: dict[str, Replica] = {}

    def pick(request: SimRequest) -> Replica:
        if request.page_set not in known:
            known[request.page_set] = _least_busy(replicas)
        return known[request.page_set]

    return pick


def _cache_aware(replicas: Sequence[Replica]) -> Pick:
    known: dict[str, Replica] = {}
    texts = dict.fromkeys(range(len(replicas)), 0)

    def pick(request: SimRequest) -> Replica:
        loads = [replica.in_flight for replica in replicas]
        if max(loads) - min(loads) > BALANCE_ABS and max(loads) > BALANCE_REL * min(loads):
            chosen = _least_busy(replicas)
        elif request.page_set in known and request.text_shared > CACHE_THRESHOLD:
            chosen = known[request.page_set]
        else:
            chosen = replicas[min(texts, key=lambda number: texts[number])]
        known[request.page_set] = chosen
        texts[replicas.index(chosen)] += request.prompt_tokens
        return chosen

    return pick
