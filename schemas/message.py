"""Requests to the model and its completions."""

import hashlib
from typing import Literal

from schemas.batch import PageImage
from schemas.value import Value

RequestKind = Literal["survey", "table", "tables", "chart", "answer", "finding", "fields", "verify"]
"""`table`: one, of one part or several; `tables`: several small ones."""
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "abort", "repetition", "error"]
"""`repetition`: we cut a loop; `error`: no completion came."""


class TextPart(Value):
    """Text in a message."""

    text: str


class ImagePart(Value):
    """A page image in a message; its pixels are made when the request is sent."""

    image: PageImage


class Sampling(Value):
    """Decoding settings. All are sent, because a server fills the missing ones from the checkpoint."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 1
    repetition_penalty: float = 1.0
    seed: int = 0


# What the vendor publishes for its evaluations, with thinking on (model launch article of GLM-4.6V).
THINKING = Sampling(temperature=0.8, top_p=0.6, top_k=2, repetition_penalty=1.1)


class Request(Value):
    """One chat completion to ask for."""

    kind: RequestKind
    model: str
    prompt_version: str
    rasterizer: str
    """Engine and version: other pixels are another request."""
    system: str
    parts: tuple[TextPart | ImagePart, ...]
    max_tokens: int
    sampling: Sampling = Sampling()
    thinking: bool = False
    thinking_budget: int | None = None
    """Tokens of thinking before the answer has to begin, where the server can be told."""
    reply_schema: str | None = None
    """JSON text of the schema of the reply, where a user's own schema makes it; else the kind says it."""
    expected_prompt_tokens: int
    """Image tokens, exact, plus an upper bound of the text tokens."""
    batch_id: str | None = None

    @property
    def request_id(self) -> str:
        """Hash of everything that the completion depends on: 32 hex digits."""
        content = self.model_dump_json(exclude={"batch_id", "expected_prompt_tokens"})
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    @property
    def images(self) -> tuple[PageImage, ...]:
        """The page images in order."""
        return tuple(part.image for part in self.parts if isinstance(part, ImagePart))

    @property
    def image_tokens(self) -> int:
        """Image tokens of all images."""
        return sum(image.tokens for image in self.images)

    @property
    def page_set(self) -> str:
        """Hash of the images in order: requests of the same page set share a prefix, and should meet on one server."""
        content = "|".join(image.model_dump_json() for image in self.images)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def doc_ids(self) -> tuple[str, ...]:
        """The documents shown, each once, in order."""
        return tuple(dict.fromkeys(image.doc_id for image in self.images))


class Usage(Value):
    """Tokens as the server counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    image_tokens: int | None = None
    cached_tokens: int | None = None


class Completion(Value):
    """What the server wrote, raw."""

    request_id: str
    model: str
    text: str
    finish_reason: FinishReason
    usage: Usage
    latency_ms: float
    attempt: int = 1
    second_engine: tuple[tuple[str, int], ...] = ()
    """The pages (doc_id, page_no) shown that the second engine drew, because the first could not."""
    from_store: bool = False


class RequestLimits(Value):
    """What a server takes in one request, beyond its context. Planning keeps to it."""

    most_images: int | None = None
    most_image_bytes: int | None = None
    most_image_side: int | None = None
    """Pixels."""
    most_image_tokens: int | None = None
    most_output_tokens: int | None = None
    most_requests: int | None = None
    """At a time."""


class ModelCard(Value):
    """What the server says of the model it serves."""

    model: str
    max_model_len: int
    server: str = "unknown"
    """Its kind and version."""
    sees: bool | None = None
    """Whether it says that the model takes images."""
    limits: RequestLimits = RequestLimits()
