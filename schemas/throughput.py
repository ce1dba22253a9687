"""How fast and how dear a replica of the model is assumed to be; every figure says where it comes from."""

from typing import Literal

from pydantic import Field

from schemas.value import Value


class Figure(Value):
    """One number and its origin."""

    value: float = Field(gt=0)
    basis: Literal["measured", "published", "calculated", "assumed"]
    source: str
    """Who measured or published it, or how it was calculated."""


class HostedPrice(Value):
    """What a service asks for a million tokens, in USD."""

    prompt: Figure
    cached: Figure
    output: Figure


class Throughput(Value):
    """One kind of replica: a server of the model on its GPUs.

    A prompt token behind `p` others takes (1 + p / prefill_half_context) / prefill_tokens_per_s seconds: attention looks at all of them.
    A step of decoding B requests takes a fixed time, the time to read the experts that they touch (of 128, a token takes 8), and the time
    to read their KV cache; the first two follow from the rates of one request and of eight.
    """

    name: str
    gpu: str
    model: str
    gpus_per_replica: Figure
    prefill_tokens_per_s: Figure
    """Of a replica, at the beginning of a prompt."""
    prefill_half_context: Figure | None = None
    """Tokens behind which a token takes twice as long; without it, all take the same."""
    decode_alone_tokens_per_s: Figure
    """Of one request that has a replica to itself."""
    decode_tokens_per_s: Figure
    """Of eight requests together."""
    kv_read_tokens_per_s: Figure | None = None
    """Cached tokens that a decoding step reads in a second; without it, reading them takes no time."""
    kv_tokens: Figure
    """Tokens that a replica's KV cache holds."""
    usd_per_gpu_hour: Figure
    hosted_usd_per_million: HostedPrice | None = None

    def prefill_seconds(self, prompt_tokens: int, cached_tokens: int = 0) -> float:
        """Return the seconds that a replica takes for a prompt of which the first tokens are cached."""
        new = float(prompt_tokens - cached_tokens)
        if self.prefill_half_context:
            new += (prompt_tokens**2 - cached_tokens**2) / (2 * self.prefill_half_context.value)
        return new / self.prefill_tokens_per_s.value

    def decode_step_seconds(self, running: int, kv_tokens: int) -> float:
        """Return the seconds in which a replica writes a token of each running request; `kv_tokens` are those of all of them."""
        alone = 1 / self.decode_alone_tokens_per_s.value
        together = DECODE_REQUESTS / self.decode_tokens_per_s.value
        share = (experts_touched(running) - experts_touched(1)) / (experts_touched(DECODE_REQUESTS) - experts_touched(1))
        step = alone + share * (together - alone)
        return step + (kv_tokens / self.kv_read_tokens_per_s.value if self.kv_read_tokens_per_s else 0)

    def decode_seconds(self, output_tokens: int, context_tokens: int) -> float:
        """Return a request's part of the time of a replica that decodes eight like it together."""
        step = self.decode_step_seconds(DECODE_REQUESTS, DECODE_REQUESTS * context_tokens)
        return output_tokens * step / DECODE_REQUESTS

    @property
    def told(self) -> str:
        """What the figures are, in a line."""
        kinds = {figure.basis for figure in (self.prefill_tokens_per_s, self.decode_tokens_per_s)}
        return (
            f"{self.name}: {self.gpus_per_replica.value:.0f} {self.gpu} a replica, {self.prefill_tokens_per_s.value:,.0f} prompt and "
            f"{self.decode_tokens_per_s.value:,.0f} output tokens/s ({' and '.join(sorted(kinds))}), "
            f"USD {self.usd_per_gpu_hour.value:.2f} a GPU-hour ({self.usd_per_gpu_hour.basis})"
        )


DECODE_REQUESTS = 8
"""The requests at a time that `decode_tokens_per_s` is stated for: those of the published figure."""


def experts_touched(requests: int) -> float:
    """Return the part of the experts that a step of so many requests reads, if tokens choose them at random."""
    return float(1 - (1 - 8 / 128) ** requests)
