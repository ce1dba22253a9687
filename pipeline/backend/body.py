"""A request body that holds every image once, as PNG: it becomes base64 while it is sent, and again if it is sent again.

The JSON around the images is made by the standard library from the fields with a mark in each image's place; a hundred page images in
one dict would be copied four times on their way (base64, string, JSON string, bytes).
"""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pybase64

Fields = dict[str, Any]


class Body:
    """JSON bytes, in pieces: iterate to send it, `len` for its Content-Length."""

    def __init__(self, texts: Sequence[bytes], images: Sequence[bytes]) -> None:
        self._texts = texts
        self._images = images

    def __len__(self) -> int:
        return sum(map(len, self._texts)) + sum((len(image) + 2) // 3 * 4 for image in self._images)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._texts[0]
        for image, text in zip(self._images, self._texts[1:], strict=True):
            yield pybase64.b64encode(image)
            yield text


def body(fields: Callable[[str], Fields], images: Sequence[bytes]) -> Body:
    """Return the body of `fields(mark)`, which puts `mark` where the base64 of the next image belongs, once an image in order."""
    mark = uuid.uuid4().hex  # no document can contain it
    text = json.dumps(fields(mark), ensure_ascii=False, separators=(",", ":"))
    return Body([piece.encode() for piece in text.split(mark)], images)
