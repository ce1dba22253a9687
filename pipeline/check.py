"""`longread check`: does this server do what a run relies on? Each line says what was seen and, if it is not well, what to change."""

from collections.abc import AsyncIterator
from typing import Literal, NamedTuple

from pipeline import parse
from pipeline.backend import Backend
from pipeline.canary import NUMBER, SIZE, Canary, canary, was_read, was_seen
from pipeline.checkpoint import Checkpoint
from pipeline.line import open_backend, price_of, served_by
from pipeline.prompt import SCHEMAS, Served, fixed_cost
from schemas.errors import CompletionError, LongreadError
from schemas.message import Completion, ModelCard
from schemas.preset import ImageLimits, preset_of
from schemas.settings import Job, Settings

Verdict = Literal["ok", "warning", "failed"]
SIZES = (SIZE, (616, 784), (588, 840), (1092, 616), (1204, 140), (140, 868))
"""Pixels of the pages whose tokens are compared: Letter, A4, a slide, a strip, a column."""
SHORT_REPLY = 8
CACHED = 0.95


class Check(NamedTuple):
    """One line: what was looked at, how it is, and what that means."""

    name: str
    verdict: Verdict
    told: str


async def check(job: Job, settings: Settings) -> AsyncIterator[Check]:
    """Yield what is found out about the job's backend, one line after the other.

    Raises:
        BackendError: it does not answer at all, or serves no such model.
    """
    async with open_backend(job, settings) as backend:
        card = await backend.card()
        checkpoint = Checkpoint(job.checkpoint) if job.checkpoint else None
        context = min(settings.context_tokens, card.max_model_len)
        served = served_by(job, settings, card, context, checkpoint)._replace(max_tokens=min(1024, context // 4))
        yield Check("server", "ok", f"{card.server} serves {card.model}")
        yield _context(card, served)
        yield _vision(card)
        first = canary(served, job.image_limits)
        try:
            async for found in _asked(backend, served, job.image_limits, first, checkpoint):
                yield found
        except LongreadError as error:
            yield Check("requests", "failed", str(error))


async def _asked(
    backend: Backend, served: Served, limits: ImageLimits, first: Canary, checkpoint: Checkpoint | None
) -> AsyncIterator[Check]:
    completion = await _ask(backend, first)
    yield _sees(first, completion)
    yield _obeys(completion, "thinking off")
    yield await _counts_images(backend, served, limits)
    yield _counts_text(first, completion, checkpoint)
    again = await _ask(backend, first)
    yield _caches(again)
    short = Canary(first.request.model_copy(update={"max_tokens": SHORT_REPLY}), first.page)
    yield _stops(await _ask(backend, short))
    thinking = first.request.model_copy(
        update={"thinking": True, "sampling": served.thinking, "thinking_budget": min(served.thinking_budget or 512, 512)}
    )
    yield _obeys(await _ask(backend, Canary(thinking, first.page)), "thinking on")


async def _ask(backend: Backend, asked: Canary) -> Completion:
    return await backend.complete(asked.request, [asked.page], lambda _: None)


def _context(card: ModelCard, served: Served) -> Check:
    room = card.max_model_len - served.max_tokens - fixed_cost(served.count) - sum(price_of(served.count))
    known = preset_of(card.model)
    if room < max(width * height for width, height in SIZES) // 28**2:
        return Check("context", "failed", f"{card.max_model_len:,} tokens hold no page: serve it with a longer --context-length")
    if known and card.max_model_len < known.context_tokens:
        told = (
            f"{card.max_model_len:,} tokens where {known.model} has {known.context_tokens:,}: --context-length lets a batch hold more pages"
        )
        return Check("context", "warning", told)
    return Check("context", "ok", f"{card.max_model_len:,} tokens")


def _vision(card: ModelCard) -> Check:
    if card.sees is None:
        return Check("vision", "ok", "not stated; the next lines show it")
    if not card.sees:
        return Check("vision", "failed", "the server says that this model takes no images: serve GLM-4.6V, with --enable-multimodal")
    return Check("vision", "ok", "enabled")


def _sees(asked: Canary, completion: Completion) -> Check:
    if not was_seen(asked.request, completion):
        told = f"{completion.usage.prompt_tokens} prompt tokens for a page of {asked.request.image_tokens}: the image was dropped"
        return Check("sees", "failed", f"{told}. Install the model's image processor where the server runs (torchvision, transformers)")
    if not was_read(completion):
        told = f"the model cannot read: it was shown {NUMBER} and wrote {completion.text[:60]!r}. Is it the right checkpoint and version?"
        return Check("sees", "failed", told)
    return Check("sees", "ok", f"read {NUMBER}")


async def _counts_images(backend: Backend, served: Served, limits: ImageLimits) -> Check:
    """Compare the image tokens, or where none are stated, how the prompt grows from one size to another."""
    short = served._replace(max_tokens=1)
    predicted, counted, offset = [], [], 0
    for size in SIZES:
        asked = canary(short, limits, size)
        usage = (await _ask(backend, asked)).usage
        predicted.append(asked.request.image_tokens)
        counted.append(usage.image_tokens if usage.image_tokens is not None else usage.prompt_tokens)
        if usage.image_tokens is None:
            offset = counted[0] - predicted[0]
    drift = [count - offset - expected for count, expected in zip(counted, predicted, strict=True)]
    if any(drift):
        told = f"{sum(map(bool, drift))} of {len(drift)} sizes differ, by up to {max(drift, key=abs):+} tokens"
        return Check("image tokens", "failed", f"{told}: give the served checkpoint's folder with --checkpoint")
    return Check("image tokens", "ok", f"{len(SIZES)} page sizes, equal to the token")


def _counts_text(asked: Canary, completion: Completion, checkpoint: Checkpoint | None) -> Check:
    counted = completion.usage.prompt_tokens
    if checkpoint is None:
        bound = asked.request.expected_prompt_tokens
        if counted > bound:
            return Check("text tokens", "failed", f"{counted:,} prompt tokens where at most {bound:,} were expected: use --checkpoint")
        return Check("text tokens", "ok", f"{counted:,} of at most {bound:,}; --checkpoint FOLDER makes it exact, and batches larger")
    expected = checkpoint.prompt_tokens(asked.request)
    if counted != expected:
        told = f"{counted:,} prompt tokens where {expected:,} were expected: is {checkpoint.folder} what is served, with its chat template?"
        return Check("text tokens", "failed", told)
    return Check("text tokens", "ok", f"{counted:,} prompt tokens, equal to the token")


def _caches(again: Completion) -> Check:
    usage = again.usage
    if usage.cached_tokens is None:
        return Check("prefix cache", "warning", "cached tokens are not reported: start SGLang with --enable-cache-report")
    share = usage.cached_tokens / max(1, usage.prompt_tokens)
    told = f"{share:.0%} of a repeated prompt was cached"
    if share < CACHED:
        return Check("prefix cache", "warning", f"{told}: every question will pay its pages again. Is the radix cache on?")
    return Check("prefix cache", "ok", told)


def _stops(short: Completion) -> Check:
    written = short.usage.completion_tokens
    if written > SHORT_REPLY:
        return Check("max_tokens", "failed", f"{written} tokens where {SHORT_REPLY} were allowed: replies cannot be bounded")
    return Check("max_tokens", "ok", f"{written} of {SHORT_REPLY}, ended by {short.finish_reason}")


def _obeys(completion: Completion, mode: str) -> Check:
    name = f"schema, {mode}"
    try:
        parse.read(completion, SCHEMAS["verify"])
    except CompletionError as error:
        advice = (
            "start SGLang with --reasoning-parser glm45 and --enable-strict-thinking; only --profile thorough needs this"
            if mode == "thinking on"
            else "start SGLang with --constrained-json-disable-any-whitespace, vLLM with its disable_any_whitespace"
        )
        return Check(name, "failed", f"{error}: {advice}")
    return Check(name, "ok", "the reply follows it")


def worst(found: list[Check]) -> Verdict:
    """Return the worst verdict among the lines."""
    verdicts = {check.verdict for check in found}
    return "failed" if "failed" in verdicts else "warning" if "warning" in verdicts else "ok"
