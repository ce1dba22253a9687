"""A request body is the JSON that the fields say, with every image in its place, whatever the texts hold."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backend.body import body

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@given(st.lists(st.tuples(st.text(), st.binary(max_size=50)), max_size=6))
async def test_the_body_is_the_json_of_its_fields(parts: list[tuple[str, bytes]]) -> None:
    def fields(mark: str) -> dict[str, Any]:
        return {"parts": [[text, f"data:{mark}"] for text, _ in parts], "stream": True}

    made = body(fields, [image for _, image in parts])
    sent = b"".join([piece async for piece in made])
    assert len(sent) == len(made)
    expected = [[text, f"data:{base64.b64encode(image).decode()}"] for text, image in parts]
    assert json.loads(sent) == {"parts": expected, "stream": True}
    assert b"".join([piece async for piece in made]) == sent, "it can be sent again"
