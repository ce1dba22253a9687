"""The seam speaks to a real HTTP server; each fault has its class, and only what may help is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import prompt
from pipeline.backend.chat import connect
from pipeline.backend.repetition import repeats_itself
from pipeline.prompt import Crop, Served
from schemas.batch import PageImage
from schemas.document import Box
from schemas.errors import BackendError, BackendOverloaded, BackendRejected, BackendUnavailable, ContextExceeded
from schemas.message import Completion
from schemas.settings import Settings
from tests.scripted import ScriptedServer

IMAGE = PageImage(doc_id="d", page_no=3, width=28, height=28, tokens=1, dpi=72)
REQUEST = prompt.verify(Served("scripted", "test", 1000), Crop(IMAGE, Box(x0=0, y0=0, x1=1, y1=1)))

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def complete(server: ScriptedServer, *faults: str) -> Completion:
    server.script.faults = [*faults]
    async with connect(server.url, Settings(attempts=3, patience_s=0)) as backend:
        return await backend.complete(REQUEST, [b"png"], lambda _: None)


async def test_the_card_tells_name_and_context(scripted: ScriptedServer) -> None:
    async with connect(scripted.url, Settings()) as backend:
        assert (await backend.card()).max_model_len == 131_072


async def test_a_model_that_is_not_served_is_refused_with_the_ones_that_are(scripted: ScriptedServer) -> None:
    async with connect(scripted.url, Settings(), "glm-4.6v") as backend:
        with pytest.raises(BackendRejected, match="scripted"):
            await backend.card()


async def test_the_request_sends_every_sampling_field_and_the_schema_by_kind(scripted: ScriptedServer) -> None:
    await complete(scripted)
    body = scripted.bodies[0]
    assert {"temperature", "top_p", "top_k", "repetition_penalty", "seed", "max_tokens", "stream"} <= set(body)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["response_format"]["json_schema"]["name"] == "verify"
    kinds = [part["type"] for part in body["messages"][1]["content"]]
    assert kinds == ["text", "image_url", "text", "text"]


async def test_usage_and_finish_reason_come_back(scripted: ScriptedServer) -> None:
    completion = await complete(scripted)
    assert (completion.finish_reason, completion.attempt) == ("stop", 1)
    usage = completion.usage
    assert (usage.prompt_tokens, usage.image_tokens, usage.cached_tokens) == (101, 1, 7)


@pytest.mark.parametrize("fault", ["500", "502", "503", "429", "408", "reset"])
async def test_transient_faults_are_tried_again(scripted: ScriptedServer, fault: str) -> None:
    assert (await complete(scripted, fault, fault)).attempt == 3


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        ("400", BackendRejected, 1),
        ("401", BackendRejected, 1),
        ("404", BackendRejected, 1),
        ("413", BackendRejected, 1),
        ("context", ContextExceeded, 1),
        ("503", BackendOverloaded, 3),
        ("500", BackendUnavailable, 3),
    ],
)
async def test_each_fault_has_its_class(scripted: ScriptedServer, fault: str, error: type[BackendError], requests: int) -> None:
    with pytest.raises(error):
        await complete(scripted, *[fault] * 3)
    assert len(scripted.bodies) == requests


async def test_no_server_is_named_with_what_to_do() -> None:
    async with connect("http://127.0.0.1:9", Settings(attempts=1)) as backend:
        with pytest.raises(BackendUnavailable, match="--backend"):
            await backend.card()


async def test_a_loop_is_cut_while_it_streams(scripted: ScriptedServer) -> None:
    completion = await complete(scripted, "loop")
    assert completion.finish_reason == "repetition"
    assert len(completion.text) < 40_000


@given(st.text(min_size=1, max_size=1000))
def test_repetition_is_seen_whatever_is_repeated(unit: str) -> None:
    assert repeats_itself(unit * (14_000 // len(unit) + 2))


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_long_table_is_no_repetition(first: int, step: int) -> None:
    assert not repeats_itself("".join(f'{{"text": "{first + step * row}"}}, ' for row in range(2000)))
