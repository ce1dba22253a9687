"""What the embedded reader takes from a chat completion request, and what it refuses.

Only the parts' order and a few fixed lines count: the marker right before an image, and the instruction, which is the
last part. Everything else, above all what an image or a file name says, is data.
"""

import base64
import binascii
import hashlib
import io
import math
import re
import struct
from collections.abc import Sequence
from typing import NamedTuple, get_args

from PIL import Image
from pydantic import ValidationError

from pipeline.embedded.body import Asked, Body, Message, Picture, ResponseFormat, Text
from pipeline.embedded.config import IMAGE_FORMATS, EmbeddedConfig
from pipeline.tokens import image_tokens
from schemas.extraction import AnswerKind
from schemas.message import RequestKind

BYTES_PER_TOKEN = 4
MARKERS_PER_IMAGE = 2
BOX_UNITS = 1000
WHOLE_IMAGE = (0, 0, BOX_UNITS, BOX_UNITS)
PAGE_KINDS: tuple[RequestKind, ...] = ("survey", "answer", "finding", "fields")
QUESTION_KINDS: tuple[RequestKind, ...] = ("answer", "finding")

_DOCUMENT = re.compile(r"\[doc (\d+): (.+)\]")
_PAGE = re.compile(r"\[doc (\d+) · page (\d+)\]")
_CROP = re.compile(r"\[image \d+ · doc (\d+) · page (\d+) · (?:table|chart|text) at (\d+),(\d+),(\d+),(\d+)\]")
_QUESTION = re.compile(r"^Question(?: \d+)?: +(\S.*)$", re.MULTILINE)
_ANSWER_KIND = re.compile(rf"^Answer kind: ({'|'.join(get_args(AnswerKind))})\.?[ \t]*$", re.MULTILINE)
_FIRST_ROW = re.compile(r"^Continue from row (\d{1,9})\.[ \t]*$", re.MULTILINE)
_DATA_URI = re.compile(r"data:image/[a-z+.-]+;base64,")


class BadRequest(Exception):
    """The request is refused (HTTP 400); the message says why and is shown to the client."""


class _Marker(NamedTuple):
    doc: int
    page: int
    box: tuple[int, ...]


class SeenImage(NamedTuple):
    """One image of a request, still encoded, and what the marker before it says.

    `position` is its place among the images, from 0; `box` is where in it to look, from 0 to 1000, origin top left.
    """

    position: int
    doc: int
    page: int
    filename: str
    box: tuple[int, ...]
    data: bytes
    digest: str
    tokens: int

    @property
    def label(self) -> str:
        """The page as the request names it."""
        return f"doc {self.doc} · page {self.page}"


class Instruction(NamedTuple):
    """The lines of the instruction that the reader understands."""

    questions: tuple[str, ...] = ()
    """One, or for findings several, numbered from 1 in this order."""
    answer_kind: AnswerKind | None = None
    first_row: int = 0


class ChatRequest(NamedTuple):
    """A request that can be answered."""

    kind: RequestKind
    model: str
    images: tuple[SeenImage, ...]
    instruction: Instruction
    prompt_tokens: int
    max_tokens: int
    stream: bool
    include_usage: bool
    asked: Asked | None = None
    """The fields to fill in, if they are what is asked for."""

    @property
    def image_tokens(self) -> int:
        """Tokens of all images, their begin and end markers left out."""
        return sum(image.tokens for image in self.images)


def text_tokens(size: int) -> int:
    """Return the tokens that stand for `size` bytes of UTF-8: a quarter, rounded up.

    There is no tokenizer here; four bytes a token is what byte-pair encodings come to on English text.
    """
    return math.ceil(size / BYTES_PER_TOKEN)


def parse(body: bytes, config: EmbeddedConfig) -> ChatRequest:
    """Return the request in the JSON text `body`.

    Raises:
        BadRequest: the reader cannot answer it.
    """
    try:
        chat = Body.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        msg = f"{'.'.join(str(key) for key in first['loc']) or 'body'}: {first['msg']}"
        raise BadRequest(msg) from error
    kind = _kind(chat.response_format)
    parts = _user_parts(chat.messages)
    images = _images(parts, kind, config.max_pixels)
    prompt_tokens = _prompt_tokens(chat.messages, images)
    return ChatRequest(
        kind=kind,
        model=chat.model,
        images=images,
        instruction=_instruction(parts, kind),
        prompt_tokens=prompt_tokens,
        max_tokens=_max_tokens(chat.max_completion_tokens or chat.max_tokens, prompt_tokens, config.max_model_len),
        stream=chat.stream,
        include_usage=chat.stream_options.include_usage,
        asked=_asked(chat.response_format) if kind == "fields" else None,
    )


def _kind(wanted: ResponseFormat | None) -> RequestKind:
    kinds: tuple[RequestKind, ...] = get_args(RequestKind)
    known = ", ".join(kinds)
    if wanted is None or wanted.type != "json_schema" or wanted.json_schema is None:
        msg = f"The embedded reader does not chat: ask with a response_format of type json_schema named one of {known}."
        raise BadRequest(msg)
    for kind in kinds:
        if wanted.json_schema.name == kind:
            return kind
    msg = f"Unknown kind of request {wanted.json_schema.name!r}: response_format.json_schema.name is one of {known}."
    raise BadRequest(msg)


def _asked(wanted: ResponseFormat | None) -> Asked:
    content = wanted.json_schema.content if wanted and wanted.json_schema else {}
    try:
        asked = Asked.model_validate(content)
    except (ValidationError, RecursionError) as error:
        msg = "response_format.json_schema.schema is no schema of fields: objects, arrays, and values as {value, evidence}."
        raise BadRequest(msg) from error
    if not asked.properties:
        msg = "response_format.json_schema.schema asks for no fields: give it properties."
        raise BadRequest(msg)
    return asked


def _user_parts(messages: Sequence[Message]) -> tuple[Text | Picture, ...]:
    users = [message for message in messages if message.role == "user"]
    if len(users) != 1:
        msg = f"Expected exactly one user message, got {len(users)}."
        raise BadRequest(msg)
    return users[0].parts


def _images(parts: Sequence[Text | Picture], kind: RequestKind, max_pixels: int) -> tuple[SeenImage, ...]:
    names: dict[int, str] = {}
    images: list[SeenImage] = []
    before = ""
    for part in parts:
        if isinstance(part, Picture):
            marker = _marker(before, len(images), kind)
            images.append(_image(part.image_url.url, len(images), marker, names.get(marker.doc, ""), max_pixels))
        before = part.text.strip() if isinstance(part, Text) else ""
        if named := _DOCUMENT.fullmatch(before):
            names[int(named[1])] = named[2]
    if not images:
        msg = "The request holds no images: there is nothing to read."
        raise BadRequest(msg)
    if kind == "chart" and len(images) != 1:
        msg = f"A chart is read from exactly one image, got {len(images)}."
        raise BadRequest(msg)
    return tuple(images)


def _marker(text: str, index: int, kind: RequestKind) -> _Marker:
    found = (_PAGE if kind in PAGE_KINDS else _CROP).fullmatch(text)
    if found is None:
        form = "[doc 1 · page 2]" if kind in PAGE_KINDS else "[image 1 · doc 1 · page 2 · table at 0,0,1000,1000]"
        msg = f"The image at index {index} has no marker such as {form} in the text part right before it."
        raise BadRequest(msg)
    doc, page, *corners = (int(number) for number in found.groups())
    x0, y0, x1, y1 = box = tuple(corners) or WHOLE_IMAGE
    if not (x0 < x1 <= BOX_UNITS and y0 < y1 <= BOX_UNITS):
        msg = f"The marker of the image at index {index} names no region of it: {text}"
        raise BadRequest(msg)
    return _Marker(doc, page, box)


def _image(url: str, index: int, marker: _Marker, filename: str, max_pixels: int) -> SeenImage:
    data = _decoded(url, index)
    digest = hashlib.sha256(data).hexdigest()
    return SeenImage(index, marker.doc, marker.page, filename, marker.box, data, digest, _tokens(data, index, max_pixels))


def _decoded(url: str, index: int) -> bytes:
    head = _DATA_URI.match(url)
    if head is None:
        msg = f"The image at index {index} is not a data: URI. The embedded reader opens no addresses and no files."
        raise BadRequest(msg)
    try:
        return base64.b64decode(url[head.end() :], validate=True)
    except binascii.Error as error:
        raise unreadable(index, str(error)) from error


def _tokens(data: bytes, index: int, max_pixels: int) -> int:
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            width, height = image.size
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        raise unreadable(index, f"cannot identify image file ({type(error).__name__})") from error
    if width * height > max_pixels:
        raise unreadable(index, f"{width} x {height} pixels are more than the {max_pixels} that are decoded")
    try:
        return image_tokens(width, height)
    except ValueError as error:
        raise unreadable(index, str(error)) from error


def unreadable(index: int, reason: str) -> BadRequest:
    """Return the refusal of the image at `index` (0-based), in SGLang's words."""
    return BadRequest(f"An exception occurred while loading IMAGE data at index {index}: {reason}")


def _instruction(parts: Sequence[Text | Picture], kind: RequestKind) -> Instruction:
    last = parts[-1]
    text = last.text if isinstance(last, Text) else ""
    questions, answer_kind, first_row = _QUESTION.findall(text), _ANSWER_KIND.search(text), _FIRST_ROW.search(text)
    if not questions and kind in QUESTION_KINDS:
        msg = "The last text part holds no line 'Question: …', so there is nothing to answer."
        raise BadRequest(msg)
    return Instruction(
        questions=tuple(question.strip() for question in questions),
        answer_kind=_answer_kind(answer_kind[1]) if answer_kind else None,
        first_row=int(first_row[1]) if first_row else 0,
    )


def _answer_kind(name: str) -> AnswerKind:
    kinds: tuple[AnswerKind, ...] = get_args(AnswerKind)
    return next(kind for kind in kinds if kind == name)


def _prompt_tokens(messages: Sequence[Message], images: Sequence[SeenImage]) -> int:
    texts = (part.text for message in messages for part in message.parts if isinstance(part, Text))
    words = text_tokens(sum(len(text.encode()) for text in texts))
    return words + sum(image.tokens + MARKERS_PER_IMAGE for image in images)


def _max_tokens(wanted: int | None, prompt_tokens: int, context: int) -> int:
    if prompt_tokens >= context:
        msg = f"The input ({prompt_tokens} tokens) is longer than the model's context length ({context} tokens)."
        raise BadRequest(msg)
    total = prompt_tokens + (wanted or 0)
    if total > context:
        msg = (
            f"Requested token count exceeds the model's maximum context length of {context} tokens. "
            f"You requested a total of {total} tokens: {prompt_tokens} tokens from the input messages and {wanted} "
            f"tokens for the completion."
        )
        raise BadRequest(msg)
    return wanted or context - prompt_tokens
