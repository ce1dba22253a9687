"""The body of a chat completion request, as far as the embedded reader looks at it.

Unknown fields are ignored, as SGLang ignores them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from pipeline.embedded.config import MODEL_ID


class Text(BaseModel):
    """A text part."""

    type: Literal["text"]
    text: str


class Url(BaseModel):
    """Where a picture comes from."""

    url: str


class Picture(BaseModel):
    """An image part."""

    type: Literal["image_url"]
    image_url: Url


Part = Annotated[Text | Picture, Field(discriminator="type")]


class Message(BaseModel):
    """One message."""

    role: Literal["system", "user"]
    content: str | tuple[Part, ...]

    @property
    def parts(self) -> tuple[Text | Picture, ...]:
        """The parts; a string is one text part."""
        return (Text(type="text", text=self.content),) if isinstance(self.content, str) else self.content


class JsonSchema(BaseModel):
    """The schema of the reply, of which only the name counts, except where a user's own fields are asked for."""

    name: str
    content: dict[str, Any] = Field(default_factory=dict, alias="schema")


class Asked(BaseModel):
    """A part of the schema of a user's fields: a value with its evidence, an object, or an array of either."""

    type: str | tuple[str, ...] = "object"
    description: str = ""
    format: str = ""
    enum: tuple[Any, ...] = ()
    properties: dict[str, "Asked"] = Field(default_factory=dict)
    items: "Asked | None" = None
    reference: str = Field(default="", alias="$ref")

    @property
    def is_value(self) -> bool:
        """Whether it is {value, evidence}."""
        cited = self.properties.get("evidence")
        return "value" in self.properties and bool(cited and cited.items and cited.items.reference)


class ResponseFormat(BaseModel):
    """The form of the reply."""

    type: str
    json_schema: JsonSchema | None = None


class StreamOptions(BaseModel):
    """What a stream holds beside the text."""

    include_usage: bool = False


class Body(BaseModel):
    """The request."""

    model: str = MODEL_ID
    messages: tuple[Message, ...]
    response_format: ResponseFormat | None = None
    max_tokens: int | None = Field(default=None, gt=0)
    max_completion_tokens: int | None = Field(default=None, gt=0)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
