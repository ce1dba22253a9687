"""The pace grows while the server keeps up, backs off when it does not, and never admits more than it may."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pace import START, Pace

pytestmark = pytest.mark.anyio
MB = 1024**2


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def serve(pace: Pace, capacity: int, requests: int, size: int = 1) -> int:
    """Send requests to a server that answers `capacity` at a time and refuses others; return the most that were in flight."""
    most = running = 0

    async def one() -> None:
        nonlocal most, running
        while True:
            async with pace.slot(size):
                running += 1
                most = max(most, running)
                refused = running > capacity
                await asyncio.sleep(0.001)
                running -= 1
                if not refused:
                    pace.succeeded(1000, 0.001)
                    return
                pace.overloaded()

    await asyncio.gather(*(one() for _ in range(requests)))
    return most


async def test_it_starts_low_and_grows_to_what_the_server_takes() -> None:
    pace = Pace(64, MB)
    assert pace.limit == START
    assert await serve(pace, capacity=1000, requests=400) == 64


async def test_it_keeps_to_what_a_service_allows() -> None:
    pace = Pace(64, MB)
    pace.at_most(4)
    assert await serve(pace, capacity=1000, requests=100) == 4


async def test_it_backs_off_before_a_server_that_refuses() -> None:
    pace = Pace(64, MB)
    await serve(pace, capacity=8, requests=300)
    assert 2 <= pace.limit <= 12


async def test_the_servers_own_queue_stops_growth_and_a_long_one_cuts() -> None:
    pace = Pace(64, MB)
    await serve(pace, capacity=1000, requests=20)
    before = pace.limit
    pace.queued(waiting=1, running=10)
    assert pace.limit == before
    pace.queued(waiting=8, running=10)
    assert pace.limit < before


async def test_a_token_that_takes_much_longer_stops_growth() -> None:
    pace = Pace(64, MB)
    pace.succeeded(1000, 1.0)
    async with pace.slot(1), pace.slot(1):
        before = pace.limit
        pace.succeeded(1000, 10.0)
        assert pace.limit == before
        pace.succeeded(1000, 1.0)
        assert before < pace.limit < before + 1  # one more a round from now on, not twice as many


async def test_bytes_in_flight_are_bounded_and_one_large_request_still_goes() -> None:
    pace = Pace(64, 10)
    assert await serve(pace, capacity=1000, requests=50, size=4) == 2
    assert await serve(pace, capacity=1000, requests=3, size=40) == 1


async def test_a_request_counts_for_the_bytes_that_it_turned_out_to_have() -> None:
    pace = Pace(64, 10)
    async with pace.slot(1) as weigh:
        weigh(10)
        waiting = asyncio.create_task(serve(pace, capacity=1000, requests=1))
        await asyncio.sleep(0.01)
        assert pace.in_flight == 1
        weigh(2)
        assert await waiting == 1
    assert pace.in_flight == 0


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=40), st.integers(1, 8))
async def test_no_place_is_lost_when_waiting_requests_are_cancelled(requests: list[tuple[int, bool]], most: int) -> None:
    pace = Pace(most, 40)

    async def one(size: int) -> None:
        async with pace.slot(size):
            assert pace.in_flight <= most
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(one(size)) for size, _ in requests]
    await asyncio.sleep(0)
    for task, (_, cancelled) in zip(tasks, requests, strict=True):
        if cancelled:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert pace.in_flight == 0
    async with pace.slot(40):
        assert pace.in_flight == 1
