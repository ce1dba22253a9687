"""The seam speaks to a real HTTP server; each fault has its class, and only what may help is tried again."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pipeline import prompt
from pipeline.backend.chat import connect
from pipeline.backend.repetition import repeats_itself
from pipeline.pace import Pace
from pipeline.prompt import Crop, Served
from schemas.batch import PageImage
from schemas.document import Box
from schemas.errors import (
    BackendError,
    BackendOverloaded,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    ContextExceeded,
    SettingsError,
)
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
    assert kinds == ["text", "text", "image_url", "text", "text"], "the instruction stands before a crop: it is cached"


async def test_usage_and_finish_reason_come_back(scripted: ScriptedServer) -> None:
    completion = await complete(scripted)
    assert (completion.finish_reason, completion.attempt) == ("stop", 1)
    usage = completion.usage
    assert (usage.prompt_tokens, usage.image_tokens, usage.cached_tokens) == (101, 1, 7)


@pytest.mark.parametrize(
    "fault", ["500", "502", "503", "429", "429 date", "408", "reset", "html", "html with 200", "error event", "abort", "network_error"]
)
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


@pytest.mark.parametrize(("fault", "reason"), [("content_filter", "content_filter"), ("sensitive", "content_filter"), ("cut", "length")])
async def test_finish_reasons_come_back_in_our_words(scripted: ScriptedServer, fault: str, reason: str) -> None:
    assert (await complete(scripted, fault)).finish_reason == reason


@pytest.mark.parametrize("fault", ["blank", "thinks"])
async def test_endless_blanks_and_endless_thinking_are_cut(scripted: ScriptedServer, fault: str) -> None:
    assert (await complete(scripted, fault)).finish_reason == "repetition"


async def test_a_stall_in_the_middle_ends_at_the_limit_of_silence(scripted: ScriptedServer) -> None:
    scripted.script.faults = ["stall"]
    async with connect(scripted.url, Settings(attempts=1, silence_s=0.5)) as backend:
        with pytest.raises(BackendTimeout, match=r"LONGREAD_SILENCE_S|silent"):
            await backend.complete(REQUEST, [b"png"], lambda _: None)


async def test_a_reply_that_trickles_ends_at_the_deadline(scripted: ScriptedServer) -> None:
    scripted.script.faults = ["stall"]
    async with connect(scripted.url, Settings(attempts=1, deadline_s=0.5)) as backend:
        with pytest.raises(BackendTimeout, match="LONGREAD_DEADLINE_S"):
            await backend.complete(REQUEST, [b"png"], lambda _: None)


async def test_the_key_is_in_no_message(scripted: ScriptedServer) -> None:
    scripted.script.faults = ["key"]
    async with connect(scripted.url, Settings(api_key=SecretStr("sk-very-secret"))) as backend:
        with pytest.raises(BackendRejected, match="LONGREAD_API_KEY") as caught:
            await backend.complete(REQUEST, [b"png"], lambda _: None)
    assert "sk-very-secret" not in str(caught.value)
    assert "[the key]" in str(caught.value)


@pytest.mark.parametrize("url", ["http://user:secret@host", "http://host/v1?key=secret", "ollama+http://host"])
async def test_a_url_with_a_secret_or_an_unknown_kind_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"LONGREAD_API_KEY|known are"):
        async with connect(url, Settings()):
            pass


async def test_requests_of_one_page_set_carry_one_routing_key(scripted: ScriptedServer) -> None:
    await complete(scripted)
    await complete(scripted)
    assert [headers["x-smg-routing-key"] for headers in scripted.headers] == [REQUEST.page_set] * 2


async def test_the_servers_queue_slows_the_pace(scripted: ScriptedServer) -> None:
    scripted.script.queue = (20, 10)
    pace = Pace(64, 1024**2)
    before = pace.limit
    async with connect(scripted.url, Settings(), pace=pace):
        async with asyncio.timeout(10):
            while pace.limit == before:  # noqa: ASYNC110 - the pace tells nobody
                await asyncio.sleep(0.01)
    assert pace.limit < before


async def test_a_refusal_slows_the_pace(scripted: ScriptedServer) -> None:
    scripted.script.faults = ["429"]
    pace = Pace(64, 1024**2)
    before = pace.limit
    async with connect(scripted.url, Settings(attempts=2), pace=pace) as backend:
        await backend.complete(REQUEST, [b"png"], lambda _: None)
    assert pace.limit < before
