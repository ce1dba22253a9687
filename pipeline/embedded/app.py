"""The embedded reader as an ASGI app that speaks SGLang's part of the OpenAI protocol.

A refused request is answered with 400, a failed reading with 500, both with SGLang's error body. What fails when the
stream has begun is an event `{"error": …}`, as SGLang sends it.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pipeline.embedded.config import MODEL_ID, EmbeddedConfig
from pipeline.embedded.engine import Engine, ReadError
from pipeline.embedded.protocol import BadRequest, ChatRequest, parse
from pipeline.embedded.replies import Delta, cached_tokens, reply

T = TypeVar("T")
Json = dict[str, Any]

CLIENT_CLOSED_REQUEST = 499


def create_app(config: EmbeddedConfig) -> Starlette:
    """Return the app. Its processes start with the first request and end with its lifespan."""
    engine = Engine(config)

    async def models(_: Request) -> Response:
        return _models(config)

    async def complete(request: Request) -> Response:
        return await _complete(request, engine)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await engine.close()

    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/v1/models", models),
            Route("/v1/chat/completions", complete, methods=["POST"]),
        ],
        exception_handlers={BadRequest: _failed, ReadError: _failed, ClientDisconnect: _gone, Exception: _failed},
        lifespan=lifespan,
    )


async def _health(_: Request) -> Response:
    return Response()


def _models(config: EmbeddedConfig) -> Response:
    card = {
        "id": MODEL_ID,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "longread",
        "root": MODEL_ID,
        "max_model_len": config.max_model_len,
    }
    return JSONResponse({"object": "list", "data": [card]})


async def _complete(request: Request, engine: Engine) -> Response:
    chat = await asyncio.to_thread(parse, await request.body(), engine.config)
    envelope = _Envelope(chat, cached_tokens(chat, engine))
    deltas = reply(chat, engine)
    if not chat.stream:
        return JSONResponse(await _unless_gone(request, _whole(deltas, envelope)))
    # What fails before anything is known still gets its own status.
    first = await _unless_gone(request, anext(deltas))
    return StreamingResponse(_events(first, deltas, envelope), media_type="text/event-stream")


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`, which is cancelled as soon as the client hangs up."""
    task, gone = asyncio.create_task(work), asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Envelope:
    """What is around the text of a reply."""

    def __init__(self, chat: ChatRequest, cached: int) -> None:
        self.chat = chat
        self._cached = cached
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": chat.model}

    def whole(self, text: str, last: Delta) -> Json:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": last.finish_reason}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": self._usage(last.tokens)}

    def chunk(self, content: Json, finish_reason: str | None) -> Json:
        choice = {"index": 0, "delta": content, "finish_reason": finish_reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice], "usage": None}

    def usage_chunk(self, tokens: int) -> Json:
        return {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": self._usage(tokens)}

    def _usage(self, tokens: int) -> Json:
        return {
            "prompt_tokens": self.chat.prompt_tokens,
            "completion_tokens": tokens,
            "total_tokens": self.chat.prompt_tokens + tokens,
            "prompt_tokens_details": {"image_tokens": self.chat.image_tokens, "cached_tokens": self._cached},
        }


async def _whole(deltas: AsyncGenerator[Delta], envelope: _Envelope) -> Json:
    async with aclosing(deltas):
        pieces = [delta async for delta in deltas]
    return envelope.whole("".join(piece.text for piece in pieces), pieces[-1])


async def _events(first: Delta, deltas: AsyncGenerator[Delta], envelope: _Envelope) -> AsyncGenerator[str]:
    last = first
    async with aclosing(deltas):
        try:
            yield _event(envelope.chunk({"role": "assistant", "content": first.text}, first.finish_reason))
            async for last in deltas:
                yield _event(envelope.chunk({"content": last.text} if last.text else {}, last.finish_reason))
            if envelope.chat.include_usage:
                yield _event(envelope.usage_chunk(last.tokens))
        except (BadRequest, ReadError) as error:
            yield _event({"error": _error(error)})
    yield "data: [DONE]\n\n"


def _event(content: Json) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n"


async def _failed(_: Request, error: Exception) -> Response:
    body = _error(error)
    return JSONResponse(body, body["code"])


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


def _error(error: Exception) -> Json:
    kind, code = ("BadRequestError", 400) if isinstance(error, BadRequest) else ("InternalServerError", 500)
    message = str(error) if isinstance(error, BadRequest | ReadError) else f"internal error ({type(error).__name__})"
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}
