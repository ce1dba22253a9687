"""Servers that differ from SGLang in what their documentation says, and refuse what it says they refuse. Real HTTP, no model."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.listening import listening

REPLY = json.dumps({"lines": ["730,418"]})
Json = dict[str, Any]


@dataclass
class Double:
    """One kind of server on a free port while its context lasts."""

    kind: str
    prefix: str
    models: list[Json]
    chat: Callable[[Json], Response]
    props: Json = field(default_factory=dict)
    bodies: list[Json] = field(default_factory=list)

    def __enter__(self) -> Self:
        routes = [
            Route(f"{self.prefix}/models", self._models),
            Route(f"{self.prefix}/chat/completions", self._chat, methods=["POST"]),
            Route("/props", lambda _: JSONResponse(self.props)),
            Route("/version", lambda _: JSONResponse({"version": "0.33.0"})),
        ]
        self._listening = listening(Starlette(routes=routes))
        self.url = self._listening.__enter__() + self.prefix
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.__exit__(*error)

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": self.models}) if self.models else JSONResponse({"error": {}}, 404)

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        return self.chat(body)


def router() -> Double:
    """SGLang's router 0.3.2: it lists the model without its context, and passes SGLang's refusals on."""

    def chat(body: Json) -> Response:
        if body["max_tokens"] > 16_384:
            told = f"max_completion_tokens is too large: {body['max_tokens']}.This model supports at most 16384 completion tokens"
            return JSONResponse({"object": "error", "message": told, "type": "BadRequestError", "code": 400}, 400)
        return _stream([{"content": REPLY}], "stop", {"prompt_tokens": 900, "completion_tokens": 9, "total_tokens": 909})

    return Double("sglang", "/v1", [_model("zai-org/GLM-4.6V", "local")], chat)


def vllm() -> Double:
    """vLLM 0.33.0: the thinking is in `reasoning`, image tokens in `multimodal_tokens`, errors are nested."""

    def chat(body: Json) -> Response:
        if body["max_tokens"] > 100_000:
            told = "This model's maximum context length is 131072 tokens."
            return JSONResponse({"error": {"message": told, "type": "BadRequestError", "code": 400}}, 400)
        usage = {"prompt_tokens": 900, "completion_tokens": 9, "total_tokens": 909}
        usage["prompt_tokens_details"] = {"cached_tokens": 0, "multimodal_tokens": {"image": 560}}  # type: ignore[assignment]
        return _stream([{"reasoning": "Let me see."}, {"content": REPLY}], "stop", usage)

    return Double("vllm", "/v1", [_model("zai-org/GLM-4.6V", "vllm", max_model_len=131_072)], chat)


def llamacpp() -> Double:
    """llama.cpp's server: the context is in /props; no grammar with thinking on (issue 22537)."""

    def chat(body: Json) -> Response:
        thinking = body["chat_template_kwargs"]["enable_thinking"]
        if thinking and "response_format" in body:
            return JSONResponse({"error": {"code": 400, "message": "grammar with thinking", "type": "invalid_request_error"}}, 400)
        if "repetition_penalty" in body:
            return JSONResponse({"error": {"code": 400, "message": "it is called repeat_penalty", "type": "invalid_request_error"}}, 400)
        if body["max_tokens"] > 100_000:
            told = "request (140000 tokens) exceeds the available context size (65536 tokens), try increasing it"
            return JSONResponse({"error": {"code": 400, "message": told, "type": "exceed_context_size_error"}}, 400)
        return _stream([{"content": REPLY}], "stop", {"prompt_tokens": 900, "completion_tokens": 9, "total_tokens": 909})

    props = {"default_generation_settings": {"n_ctx": 65_536}, "build_info": "b8681", "modalities": {"vision": True}}
    return Double("llamacpp", "/v1", [_model("glm-4.6v", "llamacpp", meta={"n_ctx_train": 131_072})], chat, props)


def zai() -> Double:
    """Z.ai's API: its own thinking switch, json_object only, limits on images, inner error codes; it lists no models."""
    allowed = {"model", "messages", "max_tokens", "temperature", "top_p", "stream", "thinking", "response_format", "do_sample"}

    def chat(body: Json) -> Response:
        images = [part["image_url"]["url"] for part in body["messages"][1]["content"] if part["type"] == "image_url"]
        match body:
            case _ if unknown := set(body) - allowed:
                return _refused(400, "1210", f"Incorrect API call parameters: {unknown}")
            case _ if body["response_format"] != {"type": "json_object"} or body["thinking"]["type"] not in {"enabled", "disabled"}:
                return _refused(400, "1214", "Invalid response_format or thinking parameter")
            case _ if len(images) > 50 or any(image.startswith("data:") for image in images):
                return _refused(400, "1214", "Invalid image parameter")
            case {"max_tokens": 1113}:
                return _refused(429, "1113", "Your account is in arrears, please recharge and try again")
            case {"max_tokens": 1302}:
                return _refused(429, "1302", "High concurrency usage of this API")
            case {"max_tokens": 1301}:
                return _refused(400, "1301", "System detected potentially unsafe or sensitive content")
            case {"max_tokens": 1261}:
                return _refused(400, "1261", "Prompt exceeds max length")
        thought = [{"reasoning_content": "Hm."}] if body["thinking"]["type"] == "enabled" else []
        return _stream([*thought, {"content": REPLY}], "stop", {"prompt_tokens": 900, "completion_tokens": 9, "total_tokens": 909})

    return Double("zai", "/api/paas/v4", [], chat)


def novita() -> Double:
    """Novita's API: the context is `context_size`, thinking is `enable_thinking`."""

    def chat(body: Json) -> Response:
        if not isinstance(body.get("enable_thinking"), bool):
            return JSONResponse({"code": 400, "reason": "INVALID_REQUEST", "message": "enable_thinking"}, 400)
        return _stream([{"content": REPLY}], "stop", {"prompt_tokens": 900, "completion_tokens": 9, "total_tokens": 909})

    return Double("novita", "/openai/v1", [_model("zai-org/glm-4.6v", "unknown", context_size=131_072)], chat)


DOUBLES = {"router": router, "vllm": vllm, "llamacpp": llamacpp, "zai": zai, "novita": novita}


def _model(name: str, owner: str, **more: object) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner, **more}


def _refused(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers={"retry-after": "0"})


def _stream(deltas: list[Json], reason: str, usage: Json) -> Response:
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "double"}
    events = [{**chunk, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    events += [{**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage}]
    return StreamingResponse((f"data: {json.dumps(event)}\n\n" for event in [*events]), media_type="text/event-stream")
