"""OpenAI chat completions, streamed. SGLang, its router, its relatives and the embedded reader speak it.

The openai client does the protocol (types, SSE, errors); tenacity does the retries, because the client retries only until a stream
begins, and streams are what breaks. They are the only retries: the router is started without its own.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import openai
from httpx2 import AsyncClient, AsyncHTTPTransport, Timeout, TransportError
from openai.types.chat import ChatCompletionChunk
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from pipeline.backend.about import About
from pipeline.backend.body import Body, body
from pipeline.backend.dialects import DIALECTS, Dialect, by_host, by_name, fields
from pipeline.backend.faults import retry_after_s, translated
from pipeline.backend.repetition import repeats_itself
from pipeline.pace import Pace
from schemas.errors import BackendError, BackendOverloaded, BackendTimeout, BackendUnavailable, SettingsError
from schemas.message import Completion, FinishReason, ModelCard, Request, Usage
from schemas.settings import Settings

log = logging.getLogger(__name__)

_VERSIONED = re.compile(r"/v\d+$")
_POLL_S = 1.0


class ChatBackend:
    """Any server that speaks OpenAI chat completions."""

    def __init__(self, client: openai.AsyncOpenAI, settings: Settings, pace: Pace, model: str | None, dialect: Dialect | None) -> None:
        self._client = client
        self._settings = settings
        self._pace = pace
        self._model = model
        self._dialect = dialect
        self._url = str(client.base_url).rstrip("/")
        self._about = About(client)

    async def card(self) -> ModelCard:
        """Return the card of the model asked for, or of the first one served.

        Raises:
            BackendError: the server does not answer, or does not serve that model.
        """
        try:
            self._dialect, card = await self._about.card(self._dialect, self._model)
        except openai.OpenAIError as error:
            raise self._translated(error) from error
        return card

    async def complete(self, request: Request, images: Sequence[bytes], on_text: Callable[[str], None]) -> Completion:
        """Return the completion; transient errors are tried again, as long as a server's `Retry-After` asks or ever longer."""
        if not self._dialect:
            await self.card()
        dialect = self._dialect or DIALECTS[0]
        sent = body(partial(fields, dialect, request), images)
        retrying = AsyncRetrying(
            stop=self._gives_up,
            retry=retry_if_exception(lambda error: isinstance(error, BackendError) and error.retryable),
            wait=_wait,
            before_sleep=self._note_overload,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                number = attempt.retry_state.attempt_number
                if number > 1:
                    log.info("attempt %d of %s request %s", number, request.kind, request.request_id)
                return await self._attempt(request, sent, on_text, number)
        raise AssertionError  # AsyncRetrying returns or raises

    async def watch_load(self) -> None:
        """Tell the pace once a second how many requests wait in the server's queue, for as long as the server says so."""
        while load := await self._about.load():
            self._pace.queued(*load)
            await asyncio.sleep(_POLL_S)

    async def _attempt(self, request: Request, sent: Body, on_text: Callable[[str], None], attempt: int) -> Completion:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                text, reason, usage = await self._stream(request, sent, on_text)
        except TimeoutError as error:
            msg = f"the server at {self._url} was not done after {self._settings.deadline_s:g} s (LONGREAD_DEADLINE_S)"
            raise BackendTimeout(msg) from error
        seconds = time.monotonic() - started
        self._pace.succeeded(usage.prompt_tokens + usage.completion_tokens, seconds)
        return Completion(
            request_id=request.request_id,
            model=request.model,
            text=text,
            finish_reason=reason,
            usage=usage,
            latency_ms=round(1000 * seconds, 1),
            attempt=attempt,
        )

    async def _stream(self, request: Request, sent: Body, on_text: Callable[[str], None]) -> tuple[str, FinishReason, Usage]:
        text, thought, reason, usage = "", "", "", Usage()
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(sent)),
            # The router's policies `manual` and `consistent_hashing` send equal keys to one worker, whose cache holds the pages.
            "X-SMG-Routing-Key": request.page_set,
        }
        try:
            stream = await self._client.post(
                "/chat/completions",
                cast_to=ChatCompletionChunk,
                content=sent,
                options={"headers": headers},
                stream=True,
                stream_cls=openai.AsyncStream[ChatCompletionChunk],
            )
            async with stream:
                async for chunk in stream:
                    usage = _usage(chunk) or usage
                    piece, thinking, reason = _piece(chunk, reason)
                    text, thought = text + piece, thought + thinking
                    on_text(piece)
                    if (piece and repeats_itself(text)) or (thinking and repeats_itself(thought)):
                        return text, "repetition", usage
        except (openai.OpenAIError, TransportError) as error:
            raise self._translated(error) from error
        return text, self._finish_reason(reason), usage

    def _finish_reason(self, reason: str) -> FinishReason:
        match reason:
            case "stop" | "length" | "tool_calls" | "content_filter":
                return reason
            case "sensitive":  # Z.ai's word
                return "content_filter"
            case "model_context_window_exceeded":  # Z.ai again
                return "length"
            case "repetition" | "repetition_detected":  # vLLM's own guard
                return "repetition"
            case _:
                told = f"with {reason}" if reason else "without a finish reason"
                msg = f"the stream of the server at {self._url} ended {told}: the server or the router gave up in the middle"
                raise BackendUnavailable(msg)

    def _gives_up(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        patient = isinstance(error, BackendOverloaded) and (state.seconds_since_start or 0) < self._settings.patience_s
        return state.attempt_number >= self._settings.attempts and not patient

    def _note_overload(self, state: RetryCallState) -> None:
        if state.outcome and isinstance(state.outcome.exception(), BackendOverloaded):
            self._pace.overloaded()

    def _translated(self, error: openai.OpenAIError | TransportError) -> BackendError:
        return translated(error, self._url, self._settings.api_key.get_secret_value())


@asynccontextmanager
async def connect(
    url: str, settings: Settings, model: str | None = None, uds: Path | None = None, pace: Pace | None = None
) -> AsyncIterator[ChatBackend]:
    """Yield a backend on the server at `url`, or on the one behind a Unix socket.

    `url` may name its kind, as in `vllm+http://host:8000`; else it is known by its host or by what its model list says.

    Raises:
        SettingsError: the URL holds a password, or a kind that is not known.
    """
    dialect, base_url = _address(url)
    timeout = Timeout(settings.silence_s, connect=10.0)
    transport = AsyncHTTPTransport(uds=str(uds) if uds else None)
    pace = pace or Pace(settings.concurrency, settings.bytes_in_flight)
    async with AsyncClient(transport=transport, timeout=timeout) as http:
        client = openai.AsyncOpenAI(
            base_url=base_url, api_key=settings.api_key.get_secret_value(), http_client=http, max_retries=0, timeout=timeout
        )
        backend = ChatBackend(client, settings, pace, model, dialect)
        watch = asyncio.create_task(backend.watch_load())
        try:
            yield backend
        finally:
            watch.cancel()


def _address(url: str) -> tuple[Dialect | None, str]:
    kind, plus, rest = url.partition("+")
    named = by_name(kind) if plus else None
    if plus and "://" not in kind and not named:
        msg = f"--backend {kind}+…: no such kind of server; known are {', '.join(dialect.name for dialect in DIALECTS)}"
        raise SettingsError(msg)
    base = (rest if named else url).rstrip("/")
    parts = urlsplit(base)
    if parts.username or parts.password or parts.query:
        msg = "--backend holds a password or a query, which would be written into the dataset: put the key into LONGREAD_API_KEY"
        raise SettingsError(msg)
    return named or by_host(parts.hostname or ""), base if _VERSIONED.search(parts.path) else f"{base}/v1"


def _piece(chunk: ChatCompletionChunk, reason: str) -> tuple[str, str, str]:
    """Return the text, the thinking and the finish reason so far."""
    if not chunk.choices:
        return "", "", reason
    choice = chunk.choices[0]
    extra = choice.delta.model_extra or {}
    # SGLang, llama.cpp and Z.ai say reasoning_content, vLLM reasoning.
    thinking = extra.get("reasoning_content") or extra.get("reasoning") or ""
    return choice.delta.content or "", thinking, choice.finish_reason or reason


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
    response = getattr(error.__cause__, "response", None) if error else None
    asked = retry_after_s(response.headers) if response is not None else None
    return wait_exponential_jitter(multiplier=0.5, max=30)(state) if asked is None else asked
