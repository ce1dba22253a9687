"""What a job will take, before any page is rasterized or any backend opened: the planned requests at a throughput profile's rates, pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from pipeline.forecast import (
    BYTES_PER_TOKEN,
    CITED_PAGES_PER_FINDING,
    PRINT_BYTES_PER_PIXEL,
    REPLY_TOKENS_PER_ANSWER,
    REPLY_TOKENS_PER_CELL,
    REPLY_TOKENS_PER_PAGE,
    SCAN_BYTES_PER_PIXEL,
    Forecast,
    PlannedRequest,
)
from schemas.document import Document
from schemas.estimate import Amounts, DocumentEstimate, Estimate
from schemas.message import RequestKind
from schemas.throughput import DECODE_REQUESTS, Throughput

STAGE: dict[RequestKind, str] = {
    "survey": "survey_tokens",
    "table": "read_tokens",
    "tables": "read_tokens",
    "chart": "read_tokens",
    "verify": "read_tokens",
    "finding": "answer_tokens",
    "answer": "answer_tokens",
    "fields": "answer_tokens",
}
SECONDS_PER_HOUR = 3_600
COUNTED = (
    *("batches", "requests", "survey_tokens", "read_tokens", "answer_tokens", "image_tokens"),
    *("prompt_tokens", "cached_tokens", "output_tokens", "image_bytes"),
)


def estimate(
    documents: Sequence[Document], planned: Forecast, throughput: Throughput, replicas: int = 1, *, counted: bool = False
) -> Estimate:
    """Return what the planned requests take on so many replicas; `counted` tells that a tokenizer counted the text."""
    requests, totals = planned.requests, amounts(documents, planned)
    kinds = Counter(request.kind for request in requests)
    seconds = sum(replica_seconds(request, throughput) for request in requests)
    gpu_seconds = seconds * throughput.gpus_per_replica.value
    stages = Counter[str]()
    for request in requests:
        stages[STAGE[request.kind]] += request.prompt_tokens
    return Estimate(
        **totals.model_dump(),
        documents=len(documents),
        blank_pages=sum(page.is_blank for document in documents for page in document.pages),
        lower_bound_batches=planned.lower_bound,
        requests_by_kind=dict(sorted(kinds.items())),
        tables_and_charts=sum(planned.sites.values()),
        survey_tokens=stages["survey_tokens"],
        read_tokens=stages["read_tokens"],
        answer_tokens=stages["answer_tokens"],
        image_bytes=sum(request.image_bytes for request in requests),
        replicas=replicas,
        estimated_gpu_seconds=round(gpu_seconds, 1),
        estimated_wall_seconds=round(seconds / replicas, 1),
        estimated_usd=_usd(gpu_seconds, throughput),
        estimated_hosted_usd=_hosted_usd(totals, throughput),
        throughput=throughput,
        assumptions=tuple(_assumptions(throughput, counted=counted)),
        per_document=tuple(_per_document(documents, planned, throughput)),
    )


def replica_seconds(request: PlannedRequest, throughput: Throughput) -> float:
    """Return the time of a replica that the request takes: its new tokens, and its part of decoding eight at a time."""
    prefill = throughput.prefill_seconds(request.prompt_tokens, request.cached_tokens)
    return prefill + throughput.decode_seconds(request.output_tokens, request.prompt_tokens)


def amounts(documents: Sequence[Document], planned: Forecast) -> Amounts:
    """Return what can be compared with a run."""
    requests = planned.requests
    return Amounts(
        pages=sum(len(document.pages) for document in documents),
        batches=len(planned.batches),
        requests=len(requests),
        image_tokens=sum(request.image_tokens for request in requests),
        prompt_tokens=sum(request.prompt_tokens for request in requests),
        cached_tokens=sum(request.cached_tokens for request in requests),
        output_tokens=sum(request.output_tokens for request in requests),
    )


def _usd(gpu_seconds: float, throughput: Throughput) -> float:
    return round(gpu_seconds / SECONDS_PER_HOUR * throughput.usd_per_gpu_hour.value, 4)


def _hosted_usd(totals: Amounts, throughput: Throughput) -> float | None:
    price = throughput.hosted_usd_per_million
    if price is None:
        return None
    new = totals.prompt_tokens - totals.cached_tokens
    paid = new * price.prompt.value + totals.cached_tokens * price.cached.value + totals.output_tokens * price.output.value
    return round(paid / 1e6, 4)


def _per_document(documents: Sequence[Document], planned: Forecast, throughput: Throughput) -> Iterable[DocumentEstimate]:
    shares: defaultdict[str, Counter[str]] = defaultdict(Counter)
    seconds: defaultdict[str, float] = defaultdict(float)
    for request in planned.requests:
        time, total = replica_seconds(request, throughput), request.image_tokens
        for doc_id, tokens in request.shown.items():
            shares[doc_id].update({"requests": 1, "image_tokens": tokens, "batches": request.kind == "survey"})
            shares[doc_id].update(_shared(request, tokens / total))
            seconds[doc_id] += time * tokens / total
    for document in documents:
        gpu_seconds = seconds[document.doc_id] * throughput.gpus_per_replica.value
        own = dict.fromkeys(COUNTED, 0) | shares[document.doc_id]
        yield DocumentEstimate(
            filename=document.filename,
            doc_id=document.doc_id,
            pages=len(document.pages),
            blank_pages=sum(page.is_blank for page in document.pages),
            tables_and_charts=planned.sites.get(document.doc_id, 0),
            estimated_gpu_seconds=round(gpu_seconds, 1),
            estimated_usd=_usd(gpu_seconds, throughput),
            **own,
        )


def _shared(request: PlannedRequest, share: float) -> dict[str, int]:
    """Return a document's part of what belongs to the whole request."""
    whole = {
        STAGE[request.kind]: request.prompt_tokens,
        "prompt_tokens": request.prompt_tokens,
        "cached_tokens": request.cached_tokens,
        "output_tokens": request.output_tokens,
        "image_bytes": request.image_bytes,
    }
    return {name: round(share * amount) for name, amount in whole.items()}


def _assumptions(throughput: Throughput, *, counted: bool) -> Iterable[str]:
    yield f"rates and prices: {throughput.told}; {throughput.prefill_tokens_per_s.source}"
    yield "tables and charts: every run of 3 rows with numbers in the text layer is one, and every page without a text layer has one"
    yield (
        f"replies: {REPLY_TOKENS_PER_PAGE} tokens a surveyed page, {REPLY_TOKENS_PER_CELL} a table cell, {REPLY_TOKENS_PER_ANSWER} an "
        f"answer; a finding cites {CITED_PAGES_PER_FINDING} pages"
    )
    yield f"images: {PRINT_BYTES_PER_PIXEL} bytes a pixel with a text layer, {SCAN_BYTES_PER_PIXEL} without"
    yield f"decoding: {DECODE_REQUESTS} requests at a time on each replica; more take less time each"
    yield "prefix cache: it forgets nothing, and requests of the same pages reach the same replica"
    if not counted:
        yield f"text: {BYTES_PER_TOKEN} bytes a token; --checkpoint counts it"
