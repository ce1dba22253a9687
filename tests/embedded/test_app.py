"""The embedded reader over real HTTP: a client sends images and gets JSON, usage and errors as from SGLang."""

import asyncio
import base64
import io
import json
import multiprocessing
import os
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import openai
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.engine import Engine
from pipeline.embedded.serve import EmbeddedEndpoint, embedded_server
from pipeline.tokens import image_tokens
from schemas.extraction import AnswerReading, ChartReading, Findings, Survey, TableReading, Transcript

pytestmark = pytest.mark.anyio

SIZE = (616, 280)
TABLE_ROWS = (("Region", "2022", "2023"), ("North", "320", "385"), ("South", "95", "206"), ("Total", "435", "593"))
Json = dict[str, Any]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run everything in one asyncio loop."""
    return "asyncio"


@pytest.fixture(scope="module")
async def endpoint() -> AsyncGenerator[EmbeddedEndpoint]:
    """A reader with one process, shared by the tests that leave it as it is."""
    async with embedded_server(EmbeddedConfig(workers=1)) as running:
        yield running


@pytest.fixture
async def client(endpoint: EmbeddedEndpoint) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of the shared reader."""
    async with _client(endpoint) as connected:
        yield connected


@asynccontextmanager
async def _client(endpoint: EmbeddedEndpoint) -> AsyncGenerator[httpx2.AsyncClient]:
    transport = httpx2.AsyncHTTPTransport(uds=str(endpoint.uds))
    async with httpx2.AsyncClient(base_url=endpoint.base_url, transport=transport, timeout=300) as connected:
        yield connected


def _png(lines: Sequence[str], size: tuple[int, int] = SIZE) -> bytes:
    """A white page with lines of black text."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((30, 20 + 45 * number), line, fill="black", font=ImageFont.load_default(size=26))
    return _encoded(image)


def _table_png() -> bytes:
    """A ruled table of four rows."""
    image = Image.new("RGB", (784, 448), "white")
    draw = ImageDraw.Draw(image)
    for row, cells in enumerate(TABLE_ROWS):
        for col, text in enumerate(cells):
            draw.text((60 + 240 * col, 60 + 80 * row), text, fill="black", font=ImageFont.load_default(size=30))
    for y in range(40, 400, 80):
        draw.line((40, y, 740, y), fill="black", width=2)
    return _encoded(image)


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _image(png: bytes) -> Json:
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png).decode()}"}}


def _body(kind: str, parts: Sequence[Json], **more: object) -> Json:
    return {
        "model": "longread-embedded",
        "messages": [{"role": "system", "content": "You read pages."}, {"role": "user", "content": list(parts)}],
        "response_format": {"type": "json_schema", "json_schema": {"name": kind, "schema": {"type": "object"}}},
        **more,
    }


def _pages(kind: str, pages: Sequence[bytes], instruction: str = "Survey.", **more: object) -> Json:
    parts = [_text("[doc 1: report.pdf]")]
    for number, png in enumerate(pages, 1):
        parts += [_text(f"[doc 1 · page {number}]"), _image(png), _text(f"[/doc 1 · page {number}]")]
    return _body(kind, [*parts, _text(instruction)], **more)


def _crops(kind: str, crops: Sequence[bytes], what: str, instruction: str = "Read it.", **more: object) -> Json:
    parts = []
    for number, png in enumerate(crops, 1):
        marker = f"[image {number} · doc 2 · page 17 · {what} at 20,20,980,980]"
        parts += [_text(marker), _image(png), _text(f"[/image {number}]")]
    return _body(kind, [*parts, _text(instruction)], **more)


async def _ask(client: httpx2.AsyncClient, body: Json) -> Json:
    response = await client.post("/chat/completions", json=body)
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def _content(answer: Json) -> str:
    content: str = answer["choices"][0]["message"]["content"]
    return content


async def _events(client: httpx2.AsyncClient, body: Json) -> list[Json]:
    async with client.stream("POST", "/chat/completions", json={**body, "stream": True}) as response:
        assert response.status_code == 200
        lines = [line.removeprefix("data: ") async for line in response.aiter_lines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def _streamed(events: Sequence[Json]) -> str:
    return "".join(choice["delta"].get("content", "") for event in events for choice in event["choices"])


async def _refused(client: httpx2.AsyncClient, body: Json) -> str:
    response = await client.post("/chat/completions", json=body)
    error: Json = response.json()
    assert response.status_code == 400
    assert (error["object"], error["type"], error["code"], error["param"]) == ("error", "BadRequestError", 400, None)
    message: str = error["message"]
    return message


async def test_serves_health_and_one_model(client: httpx2.AsyncClient, endpoint: EmbeddedEndpoint) -> None:
    """A client finds out that the server is up, what it serves and how long its context is."""
    assert (await client.get(endpoint.base_url.replace("/v1", "/health"))).status_code == 200
    (model,) = (await client.get("/models")).json()["data"]
    assert (model["id"], model["max_model_len"]) == ("longread-embedded", 131_072)


async def test_transcribes_crops_in_order(client: httpx2.AsyncClient) -> None:
    """`verify` gives the printed lines of all images."""
    answer = await _ask(client, _crops("verify", [_png(["Net sales 1,234"]), _png(["Total assets 98"])], "text"))
    assert Transcript.model_validate_json(_content(answer)).lines == ("Net sales 1,234", "Total assets 98")
    assert answer["choices"][0]["finish_reason"] == "stop"


async def test_counts_tokens(client: httpx2.AsyncClient) -> None:
    """Usage holds GLM's image tokens exactly, a quarter of the text's bytes, and what was read before as cached."""
    body = _crops("verify", [_png(["Counted once"])], "text")
    texts = ["You read pages.", *(part["text"] for part in body["messages"][1]["content"] if part["type"] == "text")]
    words = -(-sum(len(text.encode()) for text in texts) // 4)
    first, second = [(await _ask(client, body))["usage"] for _ in range(2)]
    assert first["prompt_tokens_details"] == {"image_tokens": image_tokens(*SIZE), "cached_tokens": 0}
    assert second["prompt_tokens_details"]["cached_tokens"] == image_tokens(*SIZE)
    assert first["prompt_tokens"] == words + image_tokens(*SIZE) + 2
    assert first["total_tokens"] == first["prompt_tokens"] + first["completion_tokens"]


async def test_a_long_reply_is_cut_at_the_limit(client: httpx2.AsyncClient) -> None:
    """`max_tokens` cuts a transcript as it cuts a model's reply."""
    answer = await _ask(client, _crops("verify", [_png(["A line that does not fit"])], "text", max_tokens=5))
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 5
    assert len(_content(answer).encode()) == 20


async def test_streams_what_it_would_have_sent_whole(client: httpx2.AsyncClient) -> None:
    """The deltas of a survey add up to the reply that is sent without streaming; the last event is the usage."""
    pages = [_png(["Annual report"]), _png(["Contents", "Income 3"]), _table_png()]
    body = _pages("survey", pages, stream_options={"include_usage": True})
    events = await _events(client, body)
    whole = await _ask(client, body)
    assert _streamed(events) == _content(whole)
    assert [(page.doc, page.page) for page in Survey.model_validate_json(_content(whole)).pages] == [
        (1, 1),
        (1, 2),
        (1, 3),
    ]
    assert len([event for event in events if event["choices"] and event["choices"][0]["delta"].get("content")]) >= 3
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"]


async def test_openai_client_streams_over_the_socket(endpoint: EmbeddedEndpoint) -> None:
    """The official client works with the socket as its transport."""
    http_client = openai.DefaultAsyncHttpx2Client(transport=httpx2.AsyncHTTPTransport(uds=str(endpoint.uds)))
    async with openai.AsyncOpenAI(base_url=endpoint.base_url, api_key="none", http_client=http_client) as client:
        stream = await client.chat.completions.create(
            **_crops("verify", [_png(["Through openai"])], "text"), stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert Transcript.model_validate_json(text).lines == ("Through openai",)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens > image_tokens(*SIZE)


async def test_finds_and_pages_a_table(client: httpx2.AsyncClient) -> None:
    """A table that does not fit comes in parts, each valid JSON of whole rows, until the promised rows are there."""
    body = _crops("table", [_table_png()], "table")
    whole = TableReading.model_validate_json(_content(await _ask(client, body)))
    assert [tuple(cell.text for cell in row.cells) for row in whole.rows] == list(TABLE_ROWS)
    rows: list[object] = []
    while len(rows) < whole.n_rows:
        more = _crops("table", [_table_png()], "table", f"Read.\nContinue from row {len(rows)}.\nRows.", max_tokens=250)
        answer = await _ask(client, more)
        part = TableReading.model_validate_json(_content(answer))
        assert answer["choices"][0]["finish_reason"] == "stop"
        assert (part.first_row, part.n_rows) == (len(rows), whole.n_rows)
        assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == image_tokens(784, 448)
        assert 0 < len(part.rows) < whole.n_rows
        rows += part.rows
    assert rows == list(whole.rows)


async def test_reads_charts(client: httpx2.AsyncClient) -> None:
    """A chart request is answered with a chart reading, also where there is no chart."""
    ChartReading.model_validate_json(_content(await _ask(client, _crops("chart", [_png(["No chart"])], "chart"))))


async def test_answers_with_evidence_from_the_page(client: httpx2.AsyncClient) -> None:
    """The question is the instruction's; a page that says the same words is not one."""
    pages = [
        _png(["Annual report 2023"]),
        _png(["Question: What is the title?", "Net sales in 2023 were 586 million."]),
    ]
    instruction = "Answer.\nQuestion: What were net sales in 2023?\nAnswer kind: number\nIf it is not there, say so."
    answer = AnswerReading.model_validate_json(_content(await _ask(client, _pages("answer", pages, instruction))))
    assert answer.number == 586
    assert [(place.doc, place.page) for place in answer.evidence] == [(1, 2)]
    found = Findings.model_validate_json(_content(await _ask(client, _pages("finding", pages, instruction))))
    (told,) = found.questions
    assert (1, 2) in [(place.doc, place.page) for place in told.evidence]


PAGE = _png(["x"])
REFUSALS = {
    "chat": ({**_pages("survey", [PAGE]), "response_format": None}, "does not chat"),
    "kind": (_pages("poem", [PAGE]), "Unknown kind of request 'poem'"),
    "no images": (_pages("survey", []), "no images"),
    "address": (
        _body("survey", [_text("[doc 1 · page 1]"), {"type": "image_url", "image_url": {"url": "http://h/x.png"}}]),
        "not a data: URI",
    ),
    "path": (
        _body("survey", [_text("[doc 1 · page 1]"), {"type": "image_url", "image_url": {"url": "/etc/logo.png"}}]),
        "not a data: URI",
    ),
    "no image": (_pages("survey", [b"not an image"]), "loading IMAGE data at index 0: cannot identify image file"),
    "bomb": (_pages("survey", [PAGE, _encoded(Image.new("1", (8000, 8000)))]), "index 1: 8000 x 8000 pixels"),
    "strip": (_pages("survey", [_encoded(Image.new("1", (28, 8000)))]), "index 0"),
    "no marker": (_body("survey", [_image(PAGE)]), "index 0 has no marker"),
    "crop marker missing": (_pages("table", [PAGE]), "index 0 has no marker"),
    "no question": (_pages("answer", [PAGE], "Question:"), "no line 'Question: …'"),
    "two charts": (_crops("chart", [PAGE, PAGE], "chart"), "exactly one image"),
    "no output": (_pages("survey", [PAGE], max_tokens=0), "max_tokens"),
    "too much output": (_pages("survey", [PAGE], max_tokens=131_000), "exceeds the model's maximum context length"),
    "no messages": ({"model": "m"}, "messages"),
}


@pytest.mark.parametrize(("body", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_refuses(client: httpx2.AsyncClient, body: Json, reason: str) -> None:
    """What cannot be answered is refused in SGLang's form, and the message says why."""
    assert reason in await _refused(client, body)


async def test_refuses_half_an_image(client: httpx2.AsyncClient) -> None:
    """An image that breaks off is found out when it is decoded, and named by its place in the request."""
    rough = Image.effect_noise((280, 280), 80)
    body = _crops("verify", [PAGE, _encoded(rough)[:20_000]], "text")
    assert "loading IMAGE data at index 1: image file is truncated" in await _refused(client, body)


async def test_a_stream_that_has_begun_ends_with_the_error(client: httpx2.AsyncClient) -> None:
    """The pages before the broken one are delivered, then comes the error in place of a finish reason."""
    broken = _encoded(Image.effect_noise((280, 280), 80))[:20_000]
    events = await _events(client, _pages("survey", [PAGE, broken], stream_options={"include_usage": True}))
    assert events[0]["choices"][0]["delta"]["content"].startswith('{"pages":[{"doc":1,"page":1,')
    assert events[-1]["error"]["code"] == 400
    assert "IMAGE data at index 1" in events[-1]["error"]["message"]


async def test_refuses_more_than_the_context() -> None:
    """The message is SGLang's, with both numbers."""
    async with embedded_server(EmbeddedConfig(max_model_len=200)) as endpoint, _client(endpoint) as client:
        message = await _refused(client, _pages("survey", [PAGE]))
    counted = re.fullmatch(r"The input \((\d+) tokens\) is longer than the model's context length \(200 tokens\)\.", message)
    assert counted is not None
    assert int(counted[1]) > image_tokens(*SIZE)


async def test_starts_no_process_before_the_first_request() -> None:
    """A server that is only asked for its health costs nothing, and one that was used leaves no process behind."""
    before = set(multiprocessing.active_children())
    async with embedded_server(EmbeddedConfig(workers=1)) as endpoint, _client(endpoint) as client:
        await client.get("/models")
        assert set(multiprocessing.active_children()) == before
        await _ask(client, _crops("verify", [PAGE], "text"))
        assert len(set(multiprocessing.active_children()) - before) == 1
    assert set(multiprocessing.active_children()) <= before
    assert not endpoint.uds.parent.exists()


async def test_survives_the_death_of_its_process() -> None:
    """A reading whose process is killed is one failed request that names the page; the next request is answered."""
    before = set(multiprocessing.active_children())
    async with embedded_server(EmbeddedConfig(workers=1)) as endpoint, _client(endpoint) as client:
        asked = asyncio.create_task(client.post("/chat/completions", json=_crops("verify", [PAGE], "text")))
        while not asked.done():
            _kill(set(multiprocessing.active_children()) - before)
            await asyncio.sleep(0.05)
        error = (await asked).json()
        assert (error["code"], error["type"]) == (500, "InternalServerError")
        assert error["message"].startswith("doc 2 · page 17: ")
        await _ask(client, _crops("verify", [PAGE], "text"))


async def test_replaces_a_process_that_dies_idle() -> None:
    """Nobody's request fails because a process died between two of them."""
    before = set(multiprocessing.active_children())
    async with embedded_server(EmbeddedConfig(workers=1)) as endpoint, _client(endpoint) as client:
        await _ask(client, _crops("verify", [PAGE], "text"))
        _kill(set(multiprocessing.active_children()) - before)
        await _ask(client, _crops("verify", [_png(["after"])], "text"))


def _kill(processes: set[multiprocessing.process.BaseProcess]) -> None:
    for process in processes:
        process.kill()


async def test_gives_up_after_the_deadline() -> None:
    """A reading that takes too long is stopped; the message names the page and the limit."""
    async with embedded_server(EmbeddedConfig(workers=1, deadline_s=0.01)) as endpoint, _client(endpoint) as client:
        response = await client.post("/chat/completions", json=_crops("verify", [PAGE], "text"))
    assert response.status_code == 500
    assert response.json()["message"] == "doc 2 · page 17: reading took longer than 0.01 s and was stopped"


async def test_a_client_that_hangs_up_ends_the_work() -> None:
    """Pages that nobody waits for are not read: asked for later, they are not in the memory."""
    pages = [_png([f"Page {number}", "of a report"]) for number in range(4)]
    async with embedded_server(EmbeddedConfig(workers=1)) as endpoint, _client(endpoint) as client:
        body = _pages("survey", pages, stream=True)
        async with client.stream("POST", "/chat/completions", json=body) as response:
            lines = response.aiter_lines()
            await anext(lines)
        for word in ("Each", "has", "its turn"):
            await _ask(client, _pages("survey", [_png([word])]))
        usage = (await _ask(client, _pages("survey", pages[2:])))["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == 0


class _Interrupted(Exception):
    pass


async def test_ends_while_requests_are_under_way() -> None:
    """What goes wrong around the server comes through unchanged; open requests fail, and no process stays behind."""
    before = set(multiprocessing.active_children())
    asked: list[asyncio.Task[httpx2.Response]] = []
    with pytest.raises(_Interrupted):
        await _interrupted(asked)
    assert (await asked[0]).status_code == 500
    assert set(multiprocessing.active_children()) <= before


async def _interrupted(asked: list[asyncio.Task[httpx2.Response]]) -> None:
    async with embedded_server(EmbeddedConfig(workers=1)) as endpoint:
        body = _pages("survey", [_png([str(page)]) for page in range(40)])
        asked.append(asyncio.create_task(_post(endpoint, body)))
        await asyncio.sleep(1)
        raise _Interrupted


async def _post(endpoint: EmbeddedEndpoint, body: Json) -> httpx2.Response:
    async with _client(endpoint) as client:
        return await client.post("/chat/completions", json=body)


async def test_reads_once_what_is_asked_for_twice() -> None:
    """A reading is shared by those who wait for it, outlives one who leaves, and is forgotten when memory runs out."""
    engine = Engine(EmbeddedConfig(workers=2, memo_bytes=24))
    read = partial(os.urandom, 8)
    leaving, staying = [asyncio.create_task(engine.remember(("a",), read)) for _ in range(2)]
    await asyncio.sleep(0)
    leaving.cancel()
    reading = await staying
    assert await engine.remember(("a",), read) == reading
    others = [await engine.remember((name,), read) for name in "bcd"]
    assert await engine.remember(("d",), read) == others[-1]
    assert await engine.remember(("a",), read) != reading
    await engine.close()
