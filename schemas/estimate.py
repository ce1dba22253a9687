"""What a job is estimated to take. The JSON of `longread plan --json` is `Estimate`: its fields keep their names."""

from schemas.throughput import Throughput
from schemas.value import Value


class Amounts(Value):
    """What is counted before a run as planned, and after it as it was."""

    pages: int = 0
    batches: int = 0
    """Of the survey."""
    requests: int = 0
    image_tokens: int = 0
    prompt_tokens: int = 0
    """Image tokens included."""
    cached_tokens: int = 0
    """Of the prompts, those that a prefix cache that forgets nothing saves, because an earlier request begins with them."""
    output_tokens: int = 0


class DocumentEstimate(Value):
    """One document. Of a request that shows several, each has its part by image tokens; the requests count for each that they show."""

    filename: str
    doc_id: str
    pages: int
    blank_pages: int
    batches: int
    requests: int
    tables_and_charts: int
    survey_tokens: int
    read_tokens: int
    answer_tokens: int
    image_tokens: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    image_bytes: int
    estimated_gpu_seconds: float
    estimated_usd: float


class Estimate(Value):
    """All documents of a job."""

    documents: int
    pages: int
    blank_pages: int
    batches: int
    """Requests of the survey."""
    lower_bound_batches: int
    """No packing takes fewer."""
    requests: int
    requests_by_kind: dict[str, int]
    tables_and_charts: int
    """Estimated from the text layer: they are located by the survey only."""
    survey_tokens: int
    """Prompt tokens of the survey."""
    read_tokens: int
    """Prompt tokens of reading tables and charts, and of second looks at crops; estimated."""
    answer_tokens: int
    """Prompt tokens of the questions."""
    image_tokens: int
    prompt_tokens: int
    """All prompt tokens, image tokens included."""
    cached_tokens: int
    """Of the prompt tokens, those that a prefix cache that forgets nothing saves."""
    output_tokens: int
    image_bytes: int
    """Encoded images sent, before base64; those of repeated pages each time."""
    replicas: int
    estimated_gpu_seconds: float
    estimated_wall_seconds: float
    """With all replicas busy all the time."""
    estimated_usd: float
    """Of rented GPUs."""
    estimated_hosted_usd: float | None
    """Of the service whose prices the throughput profile has."""
    throughput: Throughput
    assumptions: tuple[str, ...]
    """What the estimate rests on."""
    per_document: tuple[DocumentEstimate, ...]
