"""The checkpoint in longread's own process, by its own class: the same seam, the same counts."""

import asyncio
import sys
from pathlib import Path

import pytest

from pipeline.backend.transformers import in_process
from pipeline.canary import canary, was_counted
from pipeline.checkpoint import Checkpoint
from pipeline.prompt import Served

CLASSES = {"moe": "Glm4vMoeForConditionalGeneration", "dense": "Glm4vForConditionalGeneration"}


@pytest.fixture
def _transformers(sglang_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SGLang's torch and transformers, behind our own packages: a second copy of torch would take a gigabyte."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = sglang_python.parents[1] / "lib" / version / "site-packages"
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    __import__("torchvision_schemas")


@pytest.mark.usefixtures("_transformers")
@pytest.mark.parametrize("arch", CLASSES)
def test_a_checkpoint_answers_in_process(arch: str, checkpoints: dict[str, Path]) -> None:
    async def asked() -> None:
        async with in_process(str(checkpoints[arch])) as backend:
            card = await backend.card()
            assert CLASSES[arch] in card.server
            checkpoint = Checkpoint(checkpoints[arch])
            request, page = canary(Served(card.model, "test", 20), checkpoint.image_limits)
            pieces: list[str] = []
            completion = await backend.complete(request, [page], pieces.append)
            assert was_counted(request, completion)
            assert completion.usage.prompt_tokens == checkpoint.prompt_tokens(request)
            assert completion.finish_reason in {"stop", "length"}
            await asyncio.sleep(0)
            assert "".join(pieces) == completion.text

    asyncio.run(asked())
