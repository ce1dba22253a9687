"""What the tests below this folder send, and how they read what comes back."""

import base64
import io
from typing import Any

import httpx
from PIL import Image

from tests.server.servers import Running

TIMEOUT_S = 300.0


def page(width: int = 588, height: int = 840, shade: int = 200) -> dict[str, Any]:
    """Return a message part with a blank image."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (shade, shade, 255 - shade)).save(buffer, "PNG", compress_level=1)
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"}}


def text(content: str) -> dict[str, Any]:
    """Return a message part with text."""
    return {"type": "text", "text": content}


def body(server: Running, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a greedy request without thinking; `more` overrides."""
    return {
        "model": server.model,
        "messages": [{"role": "user", "content": list(parts)}],
        "temperature": 0.0,
        "max_tokens": 500,
        "chat_template_kwargs": {"enable_thinking": False},
        **more,
    }


def ask(server: Running, *parts: dict[str, Any], headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """Send the request and return the completion."""
    response = httpx.post(f"{server.url}/v1/chat/completions", json=body(server, *parts, **more), headers=headers, timeout=TIMEOUT_S)
    assert response.status_code == 200, response.text
    return response.json()


def shaped(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the response format of a schema."""
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


def image_tokens(completion: dict[str, Any]) -> int:
    """Return how many tokens the server counted for images."""
    return completion["usage"]["prompt_tokens_details"]["image_tokens"]


def running_and_waiting(server: Running) -> tuple[int, int]:
    """Return how many requests the server computes and how many wait."""
    loads = httpx.get(f"{server.url}/v1/loads", params={"include": "core,queues"}, timeout=TIMEOUT_S).json()["loads"]
    return sum(load["num_running_reqs"] for load in loads), sum(load["num_waiting_reqs"] for load in loads)
