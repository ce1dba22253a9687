"""The one seam to the model: OpenAI chat completions, streamed. SGLang, its router, its relatives and the embedded reader speak it.

The openai client does the protocol (types, SSE, errors); tenacity does the retries, because the client retries only until a stream
begins, and streams are what breaks.
"""

import base64
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import openai
from httpx2 import AsyncClient, AsyncHTTPTransport, Timeout, TransportError
from openai.types.chat import ChatCompletionChunk, ChatCompletionContentPartParam
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from pipeline.prompt import SCHEMAS
from schemas.errors import (
    BackendError,
    BackendOverloaded,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    ContextExceeded,
    LongreadError,
)
from schemas.message import Completion, FinishReason, ModelCard, Request, TextPart, Usage
from schemas.settings import Settings

log = logging.getLogger(__name__)

_REPEAT_WINDOW = 12_000
_REPEAT_PROBE = 200


class Backend(Protocol):
    """Something that completes requests."""

    async def card(self) -> ModelCard:
        """Return the name and context length of the served model."""
        ...

    async def complete(self, request: Request, images: Sequence[bytes], on_text: Callable[[str], None]) -> Completion:
        """Return the completion of `request`, whose images' PNG bytes are given in order; `on_text` gets each piece as it comes.

        Raises:
            BackendError: no completion came, after all attempts.
        """
        ...


class ChatBackend:
    """Any server that speaks OpenAI chat completions."""

    def __init__(self, client: openai.AsyncOpenAI, attempts: int, model: str | None = None) -> None:
        self._client = client
        self._attempts = attempts
        self._model = model

    async def card(self) -> ModelCard:
        """Return the card of the model asked for, or of the first one served.

        Raises:
            BackendError: the server does not answer, or does not serve that model.
        """
        try:
            models = {model.id: model async for model in self._client.models.list()}
        except openai.OpenAIError as error:
            raise _translated(error, str(self._client.base_url)) from error
        if not models or (self._model and self._model not in models):
            msg = f"the server at {self._client.base_url} serves {', '.join(models) or 'no model'}: name one of them with --model"
            raise BackendRejected(msg)
        chosen = models[self._model] if self._model else next(iter(models.values()))
        length = (chosen.model_extra or {}).get("max_model_len")
        if not isinstance(length, int):
            msg = f"the server at {self._client.base_url} does not state max_model_len in /v1/models; SGLang, vLLM and their routers do"
            raise BackendRejected(msg)
        return ModelCard(model=chosen.id, max_model_len=length)

    async def complete(self, request: Request, images: Sequence[bytes], on_text: Callable[[str], None]) -> Completion:
        """Return the completion; transient errors are tried again, as long as a server's `Retry-After` asks or ever longer."""
        body = _body(request, images)
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            retry=retry_if_exception(lambda error: isinstance(error, LongreadError) and error.retryable),
            wait=_wait,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                number = attempt.retry_state.attempt_number
                if number > 1:
                    log.info("attempt %d of %s request %s", number, request.kind, request.request_id)
                return await self._stream(request, body, on_text, number)
        raise AssertionError  # AsyncRetrying returns or raises

    async def _stream(self, request: Request, body: dict[str, Any], on_text: Callable[[str], None], attempt: int) -> Completion:
        started = time.monotonic()
        text, reason, usage = "", "abort", Usage()
        try:
            stream = await self._client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True})
            async with stream:
                async for chunk in stream:
                    usage = _usage(chunk) or usage
                    piece, reason = _piece(chunk, reason)
                    text += piece
                    on_text(piece)
                    if piece and repeats_itself(text):
                        reason = "repetition"
                        break
        except (openai.OpenAIError, TransportError) as error:
            raise _translated(error, str(self._client.base_url)) from error
        if reason == "abort":
            msg = "the stream ended without a finish reason: the server or the router gave up in the middle"
            raise BackendUnavailable(msg)
        return Completion(
            request_id=request.request_id,
            model=request.model,
            text=text,
            finish_reason=_finish_reason(reason),
            usage=usage,
            latency_ms=round(1000 * (time.monotonic() - started), 1),
            attempt=attempt,
        )


@asynccontextmanager
async def connect(base_url: str, settings: Settings, model: str | None = None, uds: Path | None = None) -> AsyncIterator[ChatBackend]:
    """Yield a backend on the server at `base_url` (with or without /v1), or on the one behind a Unix socket."""
    timeout = Timeout(settings.silence_s, connect=10.0)
    transport = AsyncHTTPTransport(uds=str(uds) if uds else None)
    async with AsyncClient(transport=transport, timeout=timeout) as http:
        url = base_url.rstrip("/")
        client = openai.AsyncOpenAI(
            base_url=url if url.endswith("/v1") else f"{url}/v1",
            api_key=settings.api_key,
            http_client=http,
            max_retries=0,
            timeout=timeout,
        )
        yield ChatBackend(client, settings.attempts, model)


def repeats_itself(text: str) -> bool:
    """Tell whether the last 12,000 characters are one unit over and over: a model in a loop."""
    tail = text[-_REPEAT_WINDOW:]
    if len(tail) < _REPEAT_WINDOW:
        return False
    before = tail.rfind(tail[-_REPEAT_PROBE:], 0, len(tail) - 1)
    period = len(tail) - _REPEAT_PROBE - before
    return before >= 0 and period <= _REPEAT_WINDOW // 8 and tail[:-period] == tail[period:]


def _body(request: Request, images: Sequence[bytes]) -> dict[str, Any]:
    schema = SCHEMAS[request.kind].model_json_schema()
    sampling = request.sampling
    return {
        "model": request.model,
        "messages": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": _content(request, images)},
        ],
        "max_tokens": request.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "response_format": {"type": "json_schema", "json_schema": {"name": request.kind, "schema": schema}},
        "extra_body": {
            "top_k": sampling.top_k,
            "repetition_penalty": sampling.repetition_penalty,
            "chat_template_kwargs": {"enable_thinking": request.thinking},
        },
    }


def _content(request: Request, images: Sequence[bytes]) -> list[ChatCompletionContentPartParam]:
    pixels = iter(images)
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, TextPart)
        else {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(next(pixels)).decode()}"}}
        for part in request.parts
    ]


def _piece(chunk: ChatCompletionChunk, reason: str) -> tuple[str, str]:
    if not chunk.choices:
        return "", reason
    choice = chunk.choices[0]
    return choice.delta.content or "", choice.finish_reason or reason


def _finish_reason(reason: str) -> FinishReason:
    match reason:
        case "stop" | "length" | "tool_calls" | "content_filter" | "repetition":
            return reason
        case _:
            return "abort"


def _usage(chunk: ChatCompletionChunk) -> Usage | None:
    if not chunk.usage:
        return None
    details = chunk.usage.prompt_tokens_details
    told = details.model_dump() if details else {}
    # vLLM says multimodal_tokens.image where SGLang and the embedded reader say image_tokens.
    images = told.get("image_tokens") or (told.get("multimodal_tokens") or {}).get("image")
    return Usage(
        prompt_tokens=chunk.usage.prompt_tokens,
        completion_tokens=chunk.usage.completion_tokens,
        image_tokens=images,
        cached_tokens=details.cached_tokens if details else None,
    )


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error.__cause__, "response", None) if error else None
    seconds = asked.headers.get("retry-after", "") if asked is not None else ""
    return min(60.0, float(seconds)) if seconds.isdigit() else wait_exponential_jitter(multiplier=0.5, max=30)(state)


def _translated(error: openai.OpenAIError | TransportError, url: str) -> BackendError:
    match error:
        case openai.APITimeoutError():
            return BackendTimeout(f"the server at {url} went silent: is it overloaded? LONGREAD_SILENCE_S sets how long to wait")
        case openai.APIConnectionError() | TransportError():
            return BackendUnavailable(f"no server answers at {url} ({error}): start it, or name another with --backend")
        case openai.APIStatusError():
            return _status_error(error, url)
        case _:
            return BackendUnavailable(f"the server at {url} answered with something that is not a chat completion: {error}")


def _status_error(error: openai.APIStatusError, url: str) -> BackendError:
    said = f"the server at {url} answered {error.status_code}: {error.message[:500]}"
    match error.status_code:
        case 400 if "context length" in error.message:
            return ContextExceeded(said)
        case 401 | 403:
            return BackendRejected(f"{said}. Set LONGREAD_API_KEY")
        case 408 | 429 | 503:
            return BackendOverloaded(said)
        case code if code >= 500:
            return BackendUnavailable(said)
        case _:
            return BackendRejected(said)
