"""One request of a page set goes first; the others wait until the server has its pages."""

import asyncio

import pytest

from pipeline.turns import Turns

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_others_wait_until_the_first_is_heard_from() -> None:
    turns, order = Turns(), []
    answer_begins = asyncio.Event()

    async def first() -> None:
        async with turns.after_first("pages") as heard:
            order.append("first asks")
            await answer_begins.wait()
            order.append("first is heard")
            heard()
            await asyncio.sleep(0.01)
            order.append("first ends")

    async def other() -> None:
        async with turns.after_first("pages"):
            order.append("other asks")

    async def elsewhere() -> None:
        async with turns.after_first("other pages"):
            order.append("elsewhere asks")

    tasks = [asyncio.create_task(work()) for work in (first, other, elsewhere)]
    await asyncio.sleep(0.01)
    answer_begins.set()
    await asyncio.gather(*tasks)
    assert order == ["first asks", "elsewhere asks", "first is heard", "other asks", "first ends"]


async def test_a_first_that_fails_or_is_cancelled_lets_the_others_go() -> None:
    turns = Turns()

    async def hangs() -> None:
        async with turns.after_first("pages"):
            await asyncio.sleep(60)

    task = asyncio.create_task(hangs())
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(1), turns.after_first("pages"):
        pass
