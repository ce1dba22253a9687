"""SGLang counts as many tokens for an image as `pipeline.tokens` says, on both architectures."""

import pytest

from pipeline.tokens import image_tokens, page_grid
from schemas.preset import ImageLimits
from tests.server import chats
from tests.server.servers import Running

LIMITS = ImageLimits()
# Points; each page at resolutions that keep it within some hundred tokens, because a CPU encodes it twice.
PAGES = {
    "letter": (612, 792),
    "A4": (595.3, 841.9),
    "A3 across": (1190.6, 841.9),
    "slide 16:9": (960, 540),
    "slide 4:3": (720, 540),
    "legal": (612, 1008),
    "crop": (222.2, 97.3),
    "narrow column": (91, 640),
    "strip across": (1400, 21),
    "strip down": (13, 800),
}
ON_GRID = [
    pytest.param(*page_grid(*size, dpi, LIMITS)[:2], id=f"{name} at {dpi}") for name, size in PAGES.items() for dpi in (24, 36, 53, 72)
]
OFF_GRID = [
    *((28, 28), (29, 27), (14, 14), (13, 90), (1, 1), (3, 500), (41, 43), (42, 42), (70, 98), (97, 97), (100, 100), (111, 113), (126, 140)),
    *((333, 47), (47, 333), (615, 399), (850, 11), (1000, 5), (2000, 30), (30, 2000), (199, 1), (27, 5400)),
]


@pytest.fixture(params=["sglang_moe", "sglang_dense"])
def server(request) -> Running:
    return request.getfixturevalue(request.param)


@pytest.fixture
def limits(server: Running, checkpoints) -> ImageLimits:
    arch = "dense" if server.model.endswith("Flash") else "moe"
    return ImageLimits.of_checkpoint(checkpoints[arch] / "preprocessor_config.json")


@pytest.mark.parametrize(("width", "height"), [*ON_GRID, *OFF_GRID])
def test_an_image_costs_what_is_predicted(server: Running, limits: ImageLimits, width: int, height: int):
    completion = chats.ask(server, chats.page(width, height), max_tokens=1)
    assert chats.image_tokens(completion) == image_tokens(width, height, limits)


def test_images_of_many_sizes_add_up(server: Running, limits: ImageLimits):
    completion = chats.ask(server, *(chats.page(*size) for size in OFF_GRID), max_tokens=1)
    assert chats.image_tokens(completion) == sum(image_tokens(*size, limits) for size in OFF_GRID)
