"""An OpenAI-compatible server over real HTTP that answers by script, for the laws of the line and for named faults.

It sees a document whose page n holds `tables_on(n)` tables of `rows` rows; every third page's table continues the one before. Faults are
served once each, in order, before the healthy answer.
"""

import base64
import email.utils
import io
import json
import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.listening import listening

DOCUMENT = re.compile(r"^\[doc (\d+): (.+)\]$")
PAGE = re.compile(r"^\[doc (\d+) · page (\d+)\]$")
CROP = re.compile(r"^\[image (\d+) · doc \d+ · page (\d+) · \w+ at ")
QUESTION = re.compile(r"^Question (\d+): ", re.MULTILINE)
CONTINUE = re.compile(r"Continue from row (\d+)\.")
BOX = [100, 100, 900, 400]


@dataclass
class Script:
    """What the pages hold and which faults come first."""

    tables_on: Callable[[int], int] = lambda _: 1
    continues: Callable[[int], bool] = lambda _: False
    numbers: Callable[[int, int], tuple[str, ...]] = lambda _page, _tokens: ()
    """What is read of the page's numbers on an image of so many tokens."""
    leaves_out: int = 0
    """Tables that a common reply to several forgets."""
    unanswered: int = 0
    """Questions that a common reply to several forgets."""
    rows: int = 4
    rows_per_reply: int = 1000
    faults: list[str] = field(default_factory=list)
    poison: str = ""
    answer: dict[str, Any] = field(default_factory=lambda: {"is_answerable": False})
    helps: Callable[[str, int], dict[str, Any] | None] | None = None
    """What a page, by its file name and number, contributes to a finding; by default the first page of each batch does."""
    fields: Callable[[list[int]], dict[str, Any]] = lambda _: {}
    """What the pages of these numbers say of a user's schema."""
    delay_s: float = 0.0
    max_model_len: int = 131_072
    miscounts: int = 0
    blind: bool = False
    reads: bool = True
    cached: int | None = 7
    queue: tuple[int, int] | None = None
    """Requests that wait and that run, as SGLang's /v1/loads says."""


@dataclass
class ScriptedServer:
    """Runs in a thread on a free port while its context lasts."""

    script: Script = field(default_factory=Script)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        routes = [
            Route("/v1/models", self._models),
            Route("/v1/loads", self._loads),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
        ]
        self._listening = listening(Starlette(routes=routes))
        self.url = self._listening.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.__exit__(*error)

    @property
    def kinds(self) -> list[str]:
        """The kind of each request, in order."""
        return [body["response_format"]["json_schema"]["name"] for body in self.bodies]

    async def _models(self, _: Request) -> Response:
        return JSONResponse(
            {
                "object": "list",
                "data": [
                    {"id": "scripted", "object": "model", "created": 0, "owned_by": "tests", "max_model_len": self.script.max_model_len}
                ],
            }
        )

    async def _loads(self, _: Request) -> Response:
        if self.script.queue is None:
            return JSONResponse({}, 404)
        waiting, running = self.script.queue
        return JSONResponse({"loads": [{"dp_rank": 0, "num_waiting_reqs": waiting, "num_running_reqs": running}]})

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        if _is_canary(body):  # it can read, and faults come after it
            return StreamingResponse(
                self._stream(json.dumps({"lines": ["730,418" if self.script.reads else "lorem"]}), "", image_tokens(body)),
                media_type="text/event-stream",
            )
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        fault = self.script.faults.pop(0) if self.script.faults else ""  # an empty one is a healthy answer
        if fault.isdigit():
            error = {"object": "error", "message": f"scripted {fault}", "type": "Error", "param": None, "code": int(fault)}
            return JSONResponse(error, int(fault), headers={"retry-after": "0"})
        if fault == "429 date":
            later = email.utils.format_datetime(datetime.now(UTC) - timedelta(seconds=5), usegmt=True)
            return JSONResponse({"object": "error", "message": "later", "code": 429}, 429, headers={"retry-after": later})
        if fault == "html":
            return Response("<html><body>502 Bad Gateway</body></html>", 502, media_type="text/html")
        if fault == "html with 200":
            return Response("<html><body>Please log in</body></html>", media_type="text/html")
        if fault == "key":
            told = f"Incorrect API key provided: {request.headers['authorization'].removeprefix('Bearer ')}"
            return JSONResponse({"object": "error", "message": told, "code": 401}, 401)
        if fault == "context":
            return JSONResponse(
                {"object": "error", "message": "The input (9 tokens) is longer than the model's context length (8 tokens).", "code": 400},
                400,
            )
        if self.script.poison and self.script.poison in json.dumps(body, ensure_ascii=False):
            error = {"object": "error", "message": "the page is poison", "type": "Error", "param": None, "code": 500}
            return JSONResponse(error, 500)
        text = json.dumps(self._reply(body))
        return StreamingResponse(self._stream(text, fault, image_tokens(body)), media_type="text/event-stream")

    def _stream(self, text: str, fault: str, seen: int) -> Iterator[str]:
        time.sleep(self.script.delay_s)
        reason, thought = "stop", ""
        match fault:
            case "abort" | "content_filter" | "sensitive" | "network_error":
                text, reason = text[:10], fault
            case "empty":
                text = ""
            case "blank":
                text = text[:1] + " \n" * 5000
            case "thinks":
                thought = "Wait, let me look at the page once more. " * 5000
            case "leaks":
                text = f'The page shows {{"lines": 3}} or so.\n</think>\n{text}'
            case "leaks open":
                text = f'<think>A draft: {{"pages": "none"}} no. Better:\n{text}'
            case "restated":
                text = f"{text}\n\nSo the answer is:\n{text}"
            case "error event":
                yield _event({"choices": [{"index": 0, "delta": {"content": text[:10]}}]})
                yield 'data: {"error": {"object": "error", "message": "out of memory", "type": "InternalServerError", "code": 500}}\n\n'
                return
            case "stall":
                yield _event({"choices": [{"index": 0, "delta": {"content": text[:10]}}]})
                time.sleep(3)
                return
            case "cut":
                text, reason = text[: len(text) * 2 // 3], "length"
            case "garbage":
                text = "I am sorry, I cannot see any pages."
            case "wrapped":
                text = f"<think>Let me see.</think>Here it is:\n```json\n<|begin_of_box|>{text}<|end_of_box|>\n```"
            case "loop":
                text = text[:50] + '{"text": "0.00"}, ' * 5000
            case "reset":
                yield _event({"choices": [{"index": 0, "delta": {"content": text[:10]}}]})
                return
            case "wrong page":
                text = text.replace('"page": 1', '"page": 977')
        for start in range(0, len(thought), 2000):
            yield _event({"choices": [{"index": 0, "delta": {"reasoning_content": thought[start : start + 2000]}}]})
        for start in range(0, len(text), 2000):
            yield _event({"choices": [{"index": 0, "delta": {"content": text[start : start + 2000]}}]})
        yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        usage = {
            "prompt_tokens": 100 + (0 if self.script.blind else seen),
            "completion_tokens": len(text) // 4,
            "total_tokens": 100 + seen + len(text) // 4,
            "prompt_tokens_details": {
                "image_tokens": 0 if self.script.blind else seen + self.script.miscounts,
                "cached_tokens": self.script.cached,
            },
        }
        yield _event({"choices": [], "usage": usage})
        yield "data: [DONE]\n\n"

    def _reply(self, body: dict[str, Any]) -> dict[str, Any]:
        texts = [part["text"] for part in body["messages"][1]["content"] if part["type"] == "text"]
        match body["response_format"]["json_schema"]["name"]:
            case "survey":
                pages = [match for text in texts if (match := PAGE.match(text))]
                shown = zip(pages, image_sizes(body), lower_halves(body), strict=True)
                return {"pages": [self._survey_page(int(match[1]), int(match[2]), *how) for match, *how in shown]}
            case "table":
                return self._table([int(match[2]) for text in texts if (match := CROP.match(text))], texts[-1])
            case "tables":
                crops = [int(match[2]) for text in texts if (match := CROP.match(text))]
                tables = [{"image": image, "table": self._table([page], "")} for image, page in enumerate(crops, 1)]
                return {"tables": tables[self.script.leaves_out :]}
            case "answer":
                return self.script.answer
            case "fields":
                return self.script.fields([int(match[2]) for text in texts if (match := PAGE.match(text))])
            case "finding":
                asked = [int(number) for number in QUESTION.findall(texts[-1])]
                told = asked[: len(asked) - self.script.unanswered] or asked
                return {"questions": [{"question": number, "evidence": self._findings(texts)} for number in told]}
            case _:
                return {"lines": ["one"]}

    def _findings(self, texts: list[str]) -> list[dict[str, Any]]:
        names = {match[1]: match[2] for text in texts if (match := DOCUMENT.match(text))}
        pages = [match for text in texts if (match := PAGE.match(text))]
        if self.script.helps is None:
            return [{"doc": int(pages[0][1]), "page": int(pages[0][2]), "quote": "one"}]
        told = [(match, self.script.helps(names[match[1]], int(match[2]))) for match in pages]
        return [{"doc": int(match[1]), "page": int(match[2]), "quote": "one", **more} for match, more in told if more is not None]

    def _survey_page(self, doc: int, page: int, tokens: int, is_lower_half: bool) -> dict[str, Any]:  # noqa: FBT001 - one row of what is shown
        tables = [
            {"box": BOX, "title": None, "continues": number == 0 and self.script.continues(page)}
            for number in range(0 if is_lower_half else self.script.tables_on(page))
        ]
        return {
            "doc": doc,
            "page": page,
            "kind": "text",
            "tables": tables,
            "charts": [],
            "numbers": self.script.numbers(page, tokens),
        }

    def _table(self, pages: list[int], instruction: str) -> dict[str, Any]:
        rows = []
        for image, page in enumerate(pages, start=1):
            kind = "header" if image == 1 else "repeated_header"
            rows.append({"image": image, "kind": kind, "cells": [{"text": "item"}, {"text": "value"}]})
            rows += [
                {"image": image, "kind": "data", "cells": [{"text": f"p{page} r{row}"}, {"text": str(100 * page + row)}]}
                for row in range(self.script.rows)
            ]
        start = int(match[1]) if (match := CONTINUE.search(instruction)) else 0
        return {"n_cols": 2, "n_rows": len(rows), "first_row": start, "rows": rows[start : start + self.script.rows_per_reply]}


def _is_canary(body: dict[str, Any]) -> bool:
    return any("text at 100,150,900,350]" in part.get("text", "") for part in body["messages"][1]["content"])


def image_tokens(body: dict[str, Any]) -> int:
    """Tokens of the images of a request."""
    return sum(image_sizes(body))


def image_sizes(body: dict[str, Any]) -> list[int]:
    """Tokens of each image of a request, whose PNGs are on the model's grid; one that is no PNG counts one."""
    urls = [part["image_url"]["url"] for part in body["messages"][1]["content"] if part["type"] == "image_url"]
    heads = [base64.b64decode(url.rpartition(",")[2][:32]) for url in urls]
    sizes = [struct.unpack(">II", head[16:24]) if head[1:4] == b"PNG" and len(head) == 24 else (28, 28) for head in heads]
    return [width // 28 * (height // 28) for width, height in sizes]


def lower_halves(body: dict[str, Any]) -> list[bool]:
    """Whether each image shows the lower half of an upright page that has text at its head only, where no table is."""
    urls = [part["image_url"]["url"] for part in body["messages"][1]["content"] if part["type"] == "image_url"]
    return [_is_lower_half(base64.b64decode(url.rpartition(",")[2])) for url in urls]


def _is_lower_half(encoded: bytes) -> bool:
    with Image.open(io.BytesIO(encoded)) as image:
        darkest, _ = image.convert("L").getextrema()
        return image.width > image.height and darkest == 255


def _event(chunk: dict[str, Any]) -> str:
    return "data: " + json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", **chunk}) + "\n\n"
