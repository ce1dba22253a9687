"""A page of which everything is known: a number drawn on white. A server that answers without seeing it is not used.

SGLang once answered image requests without the image because a processor was missing (issue 39831), and once with embeddings of another
one (20740): neither is an error to the client.
"""

import io
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from pipeline import prompt
from pipeline.prompt import Crop, Served
from pipeline.tokens import image_tokens
from schemas.batch import PageImage
from schemas.document import Box
from schemas.errors import CanaryFailed
from schemas.message import Completion, Request
from schemas.preset import ImageLimits

NUMBER = "730,418"
SIZE = (560, 784)
"""Pixels, on the model's grid: more image tokens than the text around has, so that an image that was dropped shows in the count."""


class Canary(NamedTuple):
    """The request and the PNG bytes of its page."""

    request: Request
    page: bytes


def canary(served: Served, limits: ImageLimits, size: tuple[int, int] = SIZE) -> Canary:
    """Return a request for the text of a page of `size` pixels with `NUMBER` on it."""
    width, height = size
    page = Image.new("L", size, 255)
    middle = (width / 2, height / 4)
    ImageDraw.Draw(page).text(middle, NUMBER, fill=0, font=ImageFont.load_default(width / 9), anchor="mm")
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    image = PageImage(doc_id="canary", page_no=1, width=width, height=height, tokens=image_tokens(width, height, limits), dpi=72)
    return Canary(prompt.verify(served, Crop(image, Box(x0=0.1, y0=0.15, x1=0.9, y1=0.35))), buffer.getvalue())


def was_counted(request: Request, completion: Completion) -> bool:
    """Tell whether the server counted the page: its image tokens exactly, or, if it states none, a prompt that has room for them."""
    usage = completion.usage
    return usage.image_tokens == request.image_tokens if usage.image_tokens is not None else usage.prompt_tokens >= request.image_tokens


def was_seen(request: Request, completion: Completion) -> bool:
    """Tell whether the page can have reached the model at all."""
    usage = completion.usage
    return usage.prompt_tokens >= request.image_tokens // 2 and usage.image_tokens != 0


def was_read(completion: Completion) -> bool:
    """Tell whether the reply holds the number."""
    digits = "".join(character for character in completion.text if character.isdigit())
    return NUMBER.replace(",", "") in digits


def insist(request: Request, completion: Completion) -> None:
    """Refuse a server that answers without having seen the page.

    Raises:
        CanaryFailed: it counted no image.
    """
    if not was_seen(request, completion):
        msg = (
            f"the server answered without seeing the page it was shown: it counted {completion.usage.prompt_tokens} prompt tokens where "
            f"the page alone has {request.image_tokens}. Is the model a vision model, and its image processor installed? See longread check"
        )
        raise CanaryFailed(msg)
