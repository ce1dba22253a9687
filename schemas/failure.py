"""The side exit of every stage."""

import hashlib
from typing import Literal

from schemas.value import Value

Stage = Literal["open", "plan", "rasterize", "complete", "parse", "merge", "verify", "write", "check"]


class Failure(Value):
    """Something that was asked for and is not in the output, and why."""

    stage: Stage
    category: str
    message: str
    doc_id: str | None = None
    page_no: int | None = None
    batch_id: str | None = None
    finish_reason: str | None = None
    attempts: int = 1
    retryable: bool = False
    resolved: bool = False

    @property
    def failure_id(self) -> str:
        """Hash of what failed and how: 32 hex digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]
