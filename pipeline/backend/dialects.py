"""How each server differs from the others: one entry a server, one line a difference. Nothing else in longread knows which one it is.

Sources, read in November 2026: the code of SGLang 0.5.23 and vLLM 0.33.0, llama.cpp's server README and its issue 22537, the API
reference of Z.ai (api-code, chat-completion) and zai-sdk 0.2.3, Novita's API reference.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pipeline.prompt import schema_of
from schemas.message import Request, RequestLimits, TextPart

Fields = dict[str, Any]
Name = Literal["sglang", "vllm", "llamacpp", "zai", "novita", "embedded"]


class Dialect(NamedTuple):
    """One kind of server."""

    name: Name
    owned_by: tuple[str, ...]
    """What its model list says in `owned_by`."""
    hosts: tuple[str, ...]
    """Its hosts on the internet, if it is a service."""
    version_path: str
    """Where it tells its version; empty if nowhere."""
    own_fields: Callable[[Request], Fields]
    """What its requests have beyond those that all share; None takes a shared one out."""
    limits: RequestLimits = RequestLimits()
    image_prefix: str = "data:image/png;base64,"


def fields(dialect: Dialect, request: Request, mark: str) -> Fields:
    """Return the body of a request as JSON fields, with `mark` where the base64 of each image belongs."""
    shared: Fields = {
        "model": request.model,
        "messages": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": _content(request, dialect.image_prefix + mark)},
        ],
        "max_tokens": request.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.sampling.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": request.kind, "schema": schema_of(request)},
        },
    }
    return {name: value for name, value in (shared | dialect.own_fields(request)).items() if value is not None}


def _content(request: Request, image_url: str) -> list[Fields]:
    return [
        {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": "image_url", "image_url": {"url": image_url}}
        for part in request.parts
    ]


def _sglang(request: Request) -> Fields:
    return {
        "top_k": request.sampling.top_k,
        "repetition_penalty": request.sampling.repetition_penalty,
        "chat_template_kwargs": {"enable_thinking": request.thinking},
        # Kept only by a server started with --enable-strict-thinking.
        "custom_params": {"thinking_budget": request.thinking_budget} if request.thinking and request.thinking_budget else None,
    }


def _vllm(request: Request) -> Fields:
    return {
        "top_k": request.sampling.top_k,
        "repetition_penalty": request.sampling.repetition_penalty,
        "chat_template_kwargs": {"enable_thinking": request.thinking},
        "thinking_token_budget": request.thinking_budget if request.thinking else None,
        "repetition_detection": {"max_pattern_size": 500, "min_pattern_size": 1, "min_count": 20},
    }


def _llamacpp(request: Request) -> Fields:
    # Its grammar does not hold once thinking is on (issue 22537, won't fix): then the prompt alone asks for JSON.
    free = {"response_format": None} if request.thinking else {}
    return free | {
        "top_k": request.sampling.top_k,
        "repeat_penalty": request.sampling.repetition_penalty,
        "chat_template_kwargs": {"enable_thinking": request.thinking},
        "cache_prompt": True,
    }


def _zai(request: Request) -> Fields:
    greedy = request.sampling.temperature == 0
    return {
        "thinking": {"type": "enabled" if request.thinking else "disabled"},
        "response_format": {"type": "json_object"},
        "do_sample": not greedy,
        # Both end at 0.01, greedy or not; without do_sample they mean nothing.
        "temperature": None if greedy else min(1.0, max(0.01, request.sampling.temperature)),
        "top_p": None if greedy else max(0.01, request.sampling.top_p),
        "seed": None,
        "stream_options": None,  # usage comes with the last piece unasked
    }


def _novita(request: Request) -> Fields:
    return {
        "top_k": request.sampling.top_k,
        "repetition_penalty": request.sampling.repetition_penalty,
        "enable_thinking": request.thinking,
        "separate_reasoning": True,
    }


def _embedded(request: Request) -> Fields:
    return _sglang(request)


SGLANG = Dialect("sglang", ("sglang",), (), "/server_info", _sglang)
VLLM = Dialect("vllm", ("vllm",), (), "/version", _vllm, RequestLimits(most_image_tokens=6_000))  # its encoder cache (vllm 34040)
LLAMACPP = Dialect("llamacpp", ("llamacpp",), (), "/props", _llamacpp)
ZAI = Dialect(
    "zai",
    ("z-ai", "zhipu"),
    ("api.z.ai", "open.bigmodel.cn"),
    "",
    _zai,
    RequestLimits(most_images=50, most_image_bytes=5 * 1024**2, most_image_side=6_000, most_output_tokens=32_768, most_requests=4),
    image_prefix="",  # bare base64, as the vendor's SDK sends it
)
NOVITA = Dialect("novita", (), ("api.novita.ai",), "", _novita, RequestLimits(most_output_tokens=32_768))
EMBEDDED_READER = Dialect("embedded", ("longread",), (), "", _embedded)
DIALECTS = (SGLANG, VLLM, LLAMACPP, ZAI, NOVITA, EMBEDDED_READER)


def by_name(name: str) -> Dialect | None:
    """Return the dialect of that name, if there is one."""
    return next((dialect for dialect in DIALECTS if dialect.name == name), None)


def by_host(host: str) -> Dialect | None:
    """Return the dialect of a service on the internet, if `host` is one."""
    return next((dialect for dialect in DIALECTS if host in dialect.hosts), None)


def by_owner(owned_by: str) -> Dialect:
    """Return the dialect whose servers call themselves so in their model list; SGLang's for a server that is not known."""
    return next((dialect for dialect in DIALECTS if owned_by in dialect.owned_by), SGLANG)
