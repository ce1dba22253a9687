"""The settings of the embedded reader."""

import os

from pydantic import Field

from schemas.value import Value

MODEL_ID = "longread-embedded"
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP")


class EmbeddedConfig(Value):
    """What the embedded reader is allowed to use. The defaults suit the machine it runs on."""

    max_model_len: int = Field(default=131_072, gt=0)
    """Context in tokens: the served model's, so that batches fit both."""
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, gt=0)
    """Processes that read images: each takes a core and up to 1.5 GB of memory."""
    tasks_per_worker: int = Field(default=500, ge=0)
    """Tasks after which a process is replaced by a fresh one, should something in it grow after all; 0: never."""
    deadline_s: float = Field(default=120, gt=0)
    """Seconds that one image may take."""
    max_pixels: int = Field(default=40_000_000, gt=0)
    """Largest image that is decoded, six times what the served model looks at."""
    memo_bytes: int = Field(default=64 * 1024**2, gt=0)
    """Memory for what has been read; a page takes 4 to 9 KB."""
