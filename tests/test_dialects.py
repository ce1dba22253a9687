"""The relatives of SGLang: each is spoken to as its documentation says, against a double that refuses anything else."""

from typing import Any

import pytest

from pipeline import parse
from pipeline.backend.chat import connect
from pipeline.canary import canary, was_read, was_seen
from pipeline.prompt import Served
from schemas.errors import BackendError, BackendOverloaded, BackendRejected, ContextExceeded, ReplyFiltered
from schemas.extraction import Transcript
from schemas.message import Completion, ModelCard
from schemas.preset import ImageLimits
from schemas.settings import Settings
from tests.doubles import DOUBLES, Double

pytestmark = pytest.mark.anyio
SETTINGS = Settings(attempts=2, patience_s=0)
CONTEXTS = {"router": 16_384, "vllm": 131_072, "llamacpp": 65_536, "zai": 131_072, "novita": 131_072}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def ask(double: Double, **changes: Any) -> tuple[ModelCard, Completion]:
    asked = canary(Served("glm-4.6v", "test", 1000), ImageLimits())
    # Services on the internet are known by their host; a double on this machine is named.
    named = f"{double.kind}+" if double.kind in {"zai", "novita"} else ""
    model = "glm-4.6v" if double.kind == "zai" else None
    async with connect(f"{named}{double.url}", SETTINGS, model) as backend:
        card = await backend.card()
        return card, await backend.complete(asked.request.model_copy(update=changes), [asked.page], lambda _: None)


@pytest.mark.parametrize("kind", DOUBLES)
@pytest.mark.parametrize("thinking", [False, True])
async def test_each_relative_takes_its_request_and_is_understood(kind: str, *, thinking: bool) -> None:
    with DOUBLES[kind]() as double:
        card, completion = await ask(double, thinking=thinking, thinking_budget=512 if thinking else None)
    assert (card.max_model_len, card.server.split()[0]) == (CONTEXTS[kind], double.kind)
    assert was_seen(canary(Served("m", "test", 1), ImageLimits()).request, completion)
    assert was_read(completion)
    assert parse.read(completion, Transcript).lines == ("730,418",)


async def test_vllm_guards_against_loops_itself_and_counts_images_in_its_own_words() -> None:
    with DOUBLES["vllm"]() as double:
        _, completion = await ask(double)
    assert double.bodies[0]["repetition_detection"]["min_count"] > 1
    assert completion.usage.image_tokens == 560


@pytest.mark.parametrize(
    ("kind", "max_tokens", "error"),
    [
        ("vllm", 200_000, ContextExceeded),
        ("llamacpp", 200_000, ContextExceeded),
        ("zai", 1113, BackendRejected),
        ("zai", 1302, BackendOverloaded),
        ("zai", 1301, ReplyFiltered),
        ("zai", 1261, ContextExceeded),
    ],
)
async def test_each_relative_refuses_in_its_own_words(kind: str, max_tokens: int, error: type[BackendError]) -> None:
    with DOUBLES[kind]() as double, pytest.raises(error):
        await ask(double, max_tokens=max_tokens)
    assert len(double.bodies) == (2 if error is BackendOverloaded else 1), "only what may pass is tried again"
