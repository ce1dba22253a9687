"""The checkpoint in this process, by transformers: `--backend transformers:FOLDER`. Slow; no schema is enforced."""

import asyncio
import io
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.backend.repetition import repeats_itself
from schemas.errors import BackendUnavailable, SettingsError
from schemas.message import Completion, FinishReason, ModelCard, Request, RequestLimits, TextPart, Usage

TRANSFORMERS = "transformers:"


class TransformersBackend:
    """One checkpoint, loaded by its own class (`Glm4vMoeForConditionalGeneration`, `Glm4vForConditionalGeneration`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processor, self._model = _loaded(folder)
        self._one_at_a_time = asyncio.Lock()

    async def card(self) -> ModelCard:
        """Return the folder's name and the checkpoint's context."""
        config = self._model.config
        return ModelCard(
            model=self._folder.name,
            max_model_len=config.text_config.max_position_embeddings,
            server=f"transformers {type(self._model).__name__}",
            sees=True,
            limits=RequestLimits(most_requests=1),
        )

    async def complete(self, request: Request, images: Sequence[bytes], on_text: Callable[[str], None]) -> Completion:
        """Return the completion, generated in a thread; a cancelled request stops at the next token."""
        stop = threading.Event()
        loop = asyncio.get_running_loop()

        def heard(text: str) -> None:
            loop.call_soon_threadsafe(on_text, text)

        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(self._generate, request, images, heard, stop)
            except asyncio.CancelledError:
                stop.set()
                raise

    def _generate(self, request: Request, images: Sequence[bytes], heard: Callable[[str], None], stop: threading.Event) -> Completion:
        from transformers import StoppingCriteria, TextStreamer  # noqa: PLC0415 - an optional dependency

        class Written(TextStreamer):  # type: ignore[misc]
            text = ""

            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:  # noqa: ARG002, FBT001 - the library's signature
                self.text += text
                heard(text)

        class Ended(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, *_: object, **__: object) -> bool:
                return stop.is_set() or repeats_itself(written.text)

        written = Written(self._processor.tokenizer, skip_prompt=True, skip_special_tokens=True)
        inputs = self._inputs(request, images)
        started = time.monotonic()
        ids = self._model.generate(
            **inputs, **_decoding(request), max_new_tokens=request.max_tokens, streamer=written, stopping_criteria=[Ended()]
        )
        n_prompt = inputs["input_ids"].shape[1]
        new = ids[0, n_prompt:].tolist()
        return Completion(
            request_id=request.request_id,
            model=request.model,
            text=written.text,
            finish_reason=self._finish_reason(new, written.text),
            usage=Usage(
                prompt_tokens=n_prompt,
                completion_tokens=len(new),
                image_tokens=int((inputs["input_ids"] == self._model.config.image_token_id).sum()),
            ),
            latency_ms=round(1000 * (time.monotonic() - started), 1),
        )

    def _inputs(self, request: Request, images: Sequence[bytes]) -> Any:  # noqa: ANN401 - a BatchFeature of an optional dependency
        pixels = (Image.open(io.BytesIO(image)).convert("RGB") for image in images)
        content = [
            {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": "image", "image": next(pixels)}
            for part in request.parts
        ]
        messages = [{"role": "system", "content": [{"type": "text", "text": request.system}]}, {"role": "user", "content": content}]
        return self._processor.apply_chat_template(
            messages,
            tokenize=True,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
            enable_thinking=request.thinking,
        ).to(self._model.device)

    def _finish_reason(self, new: Sequence[int], text: str) -> FinishReason:
        ends = self._model.generation_config.eos_token_id
        if new and new[-1] in (ends if isinstance(ends, list) else [ends]):
            return "stop"
        return "repetition" if repeats_itself(text) else "length"


@asynccontextmanager
async def in_process(folder: str) -> AsyncIterator[TransformersBackend]:
    """Yield the checkpoint in `folder`, loaded.

    Raises:
        SettingsError: transformers is not installed.
        BackendUnavailable: the folder holds no checkpoint that it can load.
    """
    yield await asyncio.to_thread(TransformersBackend, Path(folder))


def _loaded(folder: Path) -> tuple[Any, Any]:
    try:
        import transformers  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        msg = "--backend transformers:… needs torch and transformers: pip install 'longread[transformers]'"
        raise SettingsError(msg) from error
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        model_class = getattr(transformers, config.architectures[0])
        processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = model_class.from_pretrained(folder, local_files_only=True, dtype="auto", device_map=_device())
    except (OSError, ValueError, AttributeError, ImportError) as error:
        msg = f"{folder} cannot be loaded by transformers ({error}): it has to be the folder of a GLM-4.6V checkpoint"
        raise BackendUnavailable(msg) from error
    return processor, model.eval()


def _device() -> str | None:
    import torch  # noqa: PLC0415 - an optional dependency

    return "auto" if torch.cuda.is_available() else None


def _decoding(request: Request) -> dict[str, Any]:
    sampling = request.sampling
    if sampling.temperature == 0:
        return {"do_sample": False, "repetition_penalty": sampling.repetition_penalty}
    return {
        "do_sample": True,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "repetition_penalty": sampling.repetition_penalty,
    }
