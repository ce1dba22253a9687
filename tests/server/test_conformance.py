"""The same requests against every backend that runs here: what longread relies on holds for each, through the one seam."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic_core import from_json

from pipeline import parse
from pipeline.backend import Backend
from pipeline.canary import Canary, canary, was_counted, was_seen
from pipeline.checkpoint import Checkpoint
from pipeline.line import open_backend
from pipeline.prompt import SCHEMAS, Served
from pipeline.tokens import page_grid
from schemas.errors import BackendRejected, CompletionError, ContextExceeded
from schemas.extraction import Transcript
from schemas.message import Completion
from schemas.settings import Job, Settings
from tests.server import chats
from tests.server.processes import Running
from tests.server.servers import CONTEXT_TOKENS

pytestmark = pytest.mark.anyio
SETTINGS = Settings(attempts=2)
TIERS = ("embedded", "sglang_moe", "sglang_dense", "router", "given")
GIVEN = os.environ.get("LONGREAD_CONFORMANCE_URL", "")
"""Another server of the tiny mixture of experts, such as vLLM on the CPU, started by hand with the same context."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=TIERS)
def url(request: pytest.FixtureRequest) -> str:
    """What `--backend` is."""
    if request.param == "embedded":
        return "embedded"
    if request.param == "given":
        return GIVEN or pytest.skip("LONGREAD_CONFORMANCE_URL names no other server")
    if request.param == "router":
        return request.getfixturevalue("make_router")([request.getfixturevalue("sglang_moe")]).url
    return request.getfixturevalue(request.param).url


@pytest.fixture
def checkpoint(checkpoints: dict[str, Path], request: pytest.FixtureRequest) -> Checkpoint:
    """The tiny checkpoint behind it; the embedded reader counts images as every checkpoint does."""
    return Checkpoint(checkpoints["dense" if "sglang_dense" in request.node.name else "moe"])


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Backend]:
    async with open_backend(Job(sources=("-",), backend=url), SETTINGS) as backend:
        yield backend


async def served(backend: Backend, checkpoint: Checkpoint) -> tuple[Served, Canary]:
    common = Served((await backend.card()).model, "test", 400)
    return common, canary(common, checkpoint.image_limits)


async def complete(backend: Backend, asked: Canary, on_text: Callable[[str], None] = lambda _: None, **changes: object) -> Completion:
    return await backend.complete(asked.request.model_copy(update=changes), [asked.page], on_text)


def assert_obeyed(completion: Completion, kind: str) -> None:
    """The reply follows the schema; noise that does not end within its budget is the beginning of a reply that does."""
    if completion.finish_reason == "stop":
        parse.read(completion, SCHEMAS[kind])
        return
    assert completion.finish_reason == "length"
    begun = from_json(completion.text, allow_partial="trailing-strings")
    assert begun.keys() <= SCHEMAS[kind].model_fields.keys()


async def test_the_card_states_model_and_context(url: str) -> None:
    async with opened(url) as backend:
        card = await backend.card()
    assert card.max_model_len == (131_072 if url == "embedded" else CONTEXT_TOKENS)


async def test_a_page_is_seen_counted_and_answered_in_the_shape_asked_for(url: str, checkpoint: Checkpoint) -> None:
    pieces: list[str] = []
    async with opened(url) as backend:
        _, asked = await served(backend, checkpoint)
        completion = await complete(backend, asked, pieces.append)
    assert was_seen(asked.request, completion)
    assert was_counted(asked.request, completion)
    assert "".join(pieces) == completion.text
    assert_obeyed(completion, "verify")


async def test_the_whole_prompt_is_counted_to_the_token(url: str, checkpoint: Checkpoint) -> None:
    if url == "embedded":
        pytest.skip("the embedded reader has no tokenizer: it counts a token for every four bytes of text")
    async with opened(url) as backend:
        _, asked = await served(backend, checkpoint)
        for thinking in (False, True):
            completion = await complete(backend, asked, thinking=thinking, max_tokens=1)
            expected = checkpoint.prompt_tokens(asked.request.model_copy(update={"thinking": thinking}))
            assert completion.usage.prompt_tokens == expected


async def test_a_reply_that_is_cut_says_so(url: str, checkpoint: Checkpoint) -> None:
    async with opened(url) as backend:
        _, asked = await served(backend, checkpoint)
        completion = await complete(backend, asked, max_tokens=2)
    assert completion.finish_reason == "length"
    assert completion.usage.completion_tokens <= 2
    with pytest.raises(CompletionError):
        parse.read(completion, Transcript)


async def test_a_request_over_the_context_is_refused_once(url: str, checkpoint: Checkpoint) -> None:
    async with opened(url) as backend:
        _, asked = await served(backend, checkpoint)
        with pytest.raises(ContextExceeded):
            await complete(backend, asked, max_tokens=1_000_000)


async def test_an_image_that_is_none_is_refused(url: str, checkpoint: Checkpoint) -> None:
    async with opened(url) as backend:
        _, asked = await served(backend, checkpoint)
        with pytest.raises(BackendRejected):
            await backend.complete(asked.request, [b"no image"], lambda _: None)


async def test_the_second_request_of_a_page_set_finds_its_pages_cached(url: str, checkpoint: Checkpoint) -> None:
    if url == "embedded":
        pytest.skip("the embedded reader has no prefix cache: it states the pages it has read before as cached, no text")
    async with opened(url) as backend:
        common, _ = await served(backend, checkpoint)
        asked = canary(common, checkpoint.image_limits, page_grid(612, 792, 73, checkpoint.image_limits)[:2])
        other = asked.request.model_copy(update={"kind": "verify", "parts": (*asked.request.parts[:-1], _another(asked))})
        await complete(backend, asked)
        completion = await complete(backend, Canary(other, asked.page))
    assert completion.usage.cached_tokens is not None
    shared = sum(image.tokens for image in other.images)
    assert completion.usage.cached_tokens >= max(shared, 0.95 * (completion.usage.prompt_tokens - 60))


@pytest.mark.parametrize("policy", ["manual", "cache_aware"])
async def test_a_page_set_stays_on_one_worker_of_two(
    sglang_pair: tuple[Running, Running], make_router: Callable[..., Running], checkpoints: dict[str, Path], policy: str
) -> None:
    router = make_router([*sglang_pair], policy=policy)
    checkpoint = Checkpoint(checkpoints["moe"])
    shares = []
    async with opened(router.url) as backend:
        common, _ = await served(backend, checkpoint)
        for width in range(20 + len(policy), 24 + len(policy)):  # sizes that no other test shows
            asked = canary(common, checkpoint.image_limits, (28 * width, 28 * 24))
            await complete(backend, asked, max_tokens=1)
            usage = (await complete(backend, asked, max_tokens=1)).usage
            shares.append((usage.cached_tokens or 0) / usage.prompt_tokens)
    assert min(shares) >= 0.95


def _another(asked: Canary) -> object:
    last = asked.request.parts[-1]
    return last.model_copy(update={"text": f"{last.text}\nStart at the top."})


async def test_cancelling_a_request_frees_the_server(sglang_moe: Running, checkpoints: dict[str, Path]) -> None:
    async with opened(sglang_moe.url) as backend:
        _, asked = await served(backend, Checkpoint(checkpoints["moe"]))
        heard = asyncio.Event()
        long = {"max_tokens": 4000, "parts": asked.request.parts, "thinking": False, "kind": "table"}
        task = asyncio.create_task(complete(backend, asked, lambda _: heard.set(), **long))
        await asyncio.wait_for(heard.wait(), 120)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        began = time.monotonic()
        while await asyncio.to_thread(chats.running_and_waiting, sglang_moe) != (0, 0):
            assert time.monotonic() - began < 5, "the server goes on with a request that nobody waits for"
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("kind", SCHEMAS)
async def test_every_schema_compiles_to_a_grammar_that_is_obeyed(sglang_moe: Running, checkpoints: dict[str, Path], kind: str) -> None:
    async with opened(sglang_moe.url) as backend:
        _, asked = await served(backend, Checkpoint(checkpoints["moe"]))
        completion = await complete(backend, asked, kind=kind)
    assert_obeyed(completion, kind)
