"""What a server says of itself: its model, its context, its version, its load."""

import re
from typing import Any

import openai
from httpx2 import HTTPError
from openai.types import Model
from openai.types.chat import ChatCompletionChunk

from pipeline.backend.dialects import Dialect, by_owner
from schemas.errors import BackendRejected
from schemas.message import ModelCard
from schemas.preset import preset_of

_VERSIONED = re.compile(r"/v\d+$")
# SGLang's, vLLM's and llama.cpp's words before the number.
_CONTEXT = re.compile(r"(?:at most|context length(?: of| is)?|context size)\D{0,3}([\d,]+)")


class About:
    """Asks one server; what it does not say is found out, or known of the model."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client
        self._url = str(client.base_url).rstrip("/")

    async def card(self, dialect: Dialect | None, model: str | None) -> tuple[Dialect, ModelCard]:
        """Return how to speak to the server, and the card of `model`, or of the first one served.

        Raises:
            BackendRejected: it does not serve that model, or the model's context is not to be found out.
            openai.OpenAIError: it does not answer.
        """
        models = await self._models(model if dialect else None)
        if not models or (model and model not in models):
            msg = f"the server at {self._url} serves {', '.join(models) or 'no model'}: name one of them with --model"
            raise BackendRejected(msg)
        chosen = models[model] if model else next(iter(models.values()))
        dialect = dialect or by_owner(chosen.owned_by or "")
        told = await self._get(dialect.version_path) if dialect.version_path else {}
        info = await self._get("/model_info") if dialect.name == "sglang" else {}
        return dialect, ModelCard(
            model=chosen.id,
            max_model_len=await self._context(chosen, told, dialect),
            server=" ".join(filter(None, (dialect.name, str(told.get("version") or told.get("build_info") or "")))),
            sees=info.get("has_image_understanding"),
            limits=dialect.limits,
        )

    async def load(self) -> tuple[int, int] | None:
        """Return how many requests wait and run, None if the server does not say (only SGLang does)."""
        told = await self._get("/v1/loads?include=core,queues")
        loads = [load for load in told.get("loads", []) if isinstance(load, dict)]
        if not loads:
            return None
        return sum(load.get("num_waiting_reqs", 0) for load in loads), sum(load.get("num_running_reqs", 0) for load in loads)

    async def _models(self, known: str | None) -> dict[str, Model]:
        try:
            return {model.id: model async for model in self._client.models.list()}
        except openai.NotFoundError:
            if known is None:
                raise
            return {known: Model(id=known, created=0, object="model", owned_by="")}  # some services list no models

    async def _context(self, model: Model, told: dict[str, Any], dialect: Dialect) -> int:
        extra = model.model_extra or {}
        stated = extra.get("max_model_len") or extra.get("context_size") or told.get("default_generation_settings", {}).get("n_ctx")
        if isinstance(stated, int):
            return stated
        known = preset_of(model.id)
        if known and dialect.hosts:
            return known.context_tokens
        found = await self._refused_above(model.id) or (known.context_tokens if known else 0)
        if not found:
            msg = (
                f"the server at {self._url} does not state max_model_len in /v1/models, and {model.id} is no model that longread knows: "
                "serve it with SGLang or vLLM, which do, under its name on the hub"
            )
            raise BackendRejected(msg)
        return found

    async def _refused_above(self, model: str) -> int:
        """Return the context that a server names when it refuses a reply of a billion tokens; 0 if it names none.

        SGLang's router lists models without their context, and passes the refusal on.
        """
        asked = {"model": model, "messages": [{"role": "user", "content": "."}], "max_tokens": 10**9, "stream": True}
        try:
            stream = await self._client.post(
                "/chat/completions",
                cast_to=ChatCompletionChunk,
                body=asked,
                stream=True,
                stream_cls=openai.AsyncStream[ChatCompletionChunk],
            )
        except openai.BadRequestError as error:
            named = _CONTEXT.search(error.message)
            return int(named[1].replace(",", "")) if named else 0
        await stream.close()  # it took the number for whatever fits
        return 0

    async def _get(self, path: str) -> dict[str, Any]:
        """Return what a path beside /v1 answers; nothing if it does not exist."""
        try:
            told = await self._client.get(_VERSIONED.sub("", self._url) + path, cast_to=object)
        except (openai.OpenAIError, HTTPError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}
