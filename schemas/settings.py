"""Everything that can be set, in one place: what a run is asked to do, and the limits it keeps."""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.extraction import AnswerKind
from schemas.fields import UserSchema
from schemas.preset import ImageLimits, Preset
from schemas.value import Value

SCHEMA_VERSION = 2
Task = Literal["tables", "charts", "answers"]
Profile = Literal["fast", "balanced", "thorough"]
EMBEDDED = "embedded"


class Question(Value):
    """One question of the question file."""

    id: str
    question: str
    docs: tuple[str, ...] = ()
    """File names or globs; several are one joint question; none asks all documents jointly."""
    answer_kind: AnswerKind | None = None


class Job(Value):
    """What one run is asked to do. The same job, model and documents give the same rows."""

    sources: tuple[str, ...] = Field(min_length=1)
    """PDFs, images, folders, globs or manifests (CSV, Parquet, JSONL with a `uri` column)."""
    questions: tuple[Question, ...] = ()
    user_schemas: tuple[UserSchema, ...] = ()
    """The schemas whose fields are read, whatever the tasks."""
    tasks: tuple[Task, ...] = ("tables", "charts", "answers")
    """What to extract."""
    profile: Profile = "balanced"
    """fast: everything at survey resolution; balanced: tables and charts read finer; thorough: numbers read twice."""
    out: Path = Path("out")
    """The folder of the output dataset."""
    backend: str = EMBEDDED
    """`embedded`, or the base URL of an OpenAI-compatible server such as SGLang's."""
    model: str | None = None
    """The served model's name; the server's first model if absent."""
    force: bool = False
    """Read documents again that an earlier run of the same configuration has committed."""
    image_limits: ImageLimits = ImageLimits()
    preset: Preset | None = None
    """How the model decodes and what it needs; the preset of the served model's name if absent."""
    checkpoint: Path | None = None
    """A local copy of the served checkpoint's small files: with its tokenizer, prompts are counted to the token."""
    tokenizer_digest: str | None = None
    """Hash of that tokenizer and chat template: they decide how many pages go into a batch."""

    @property
    def config_json(self) -> str:
        """What the output depends on, as JSON; where it comes from and where it goes is left out."""
        return self.model_dump_json(exclude={"sources", "questions", "user_schemas", "out", "force", "backend", "checkpoint"})

    @property
    def config_digest(self) -> str:
        """Hash of `config_json`: 32 hex digits."""
        return hashlib.sha256(self.config_json.encode()).hexdigest()[:32]


class Settings(BaseSettings):
    """Limits and addresses of this machine, from environment variables `LONGREAD_…`; none changes what a page says."""

    model_config = SettingsConfigDict(env_prefix="LONGREAD_", frozen=True)

    api_key: SecretStr = SecretStr("none")
    """The backend's API key."""
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Processes that open and rasterize."""
    concurrency: int = Field(32, ge=1)
    """Most requests in flight; a run starts with two and grows while the server keeps up."""
    bytes_in_flight: int = Field(512 * 1024**2, ge=1024**2)
    """Encoded images of the requests in flight."""
    attempts: int = Field(3, ge=1)
    """Tries of one request before it becomes a failure."""
    patience_s: float = 600
    """How long a server may say that it is overloaded before a request becomes a failure."""
    deadline_s: float = 3_600
    """Longest time of one try, however much it streams."""
    context_tokens: int = 131_072
    """Upper limit of one request, if the server allows as many."""
    max_output_tokens: int = 16_384
    """Of which are kept for the reply."""
    silence_s: float = 900
    """Longest pause in a reply; the first token of a full batch takes minutes."""
    open_deadline_s: float = 120
    page_deadline_s: float = 60
    max_bytes: int = 2 * 1024**3
    max_pages: int = 20_000
    worker_memory_bytes: int = 6 * 1024**3
    """Address space of one worker process."""
    image_memory_bytes: int = Field(256 * 1024**2, ge=64 * 1024**2)
    """Encoded page images kept for the next request that shows them."""
    worker_tasks: int = 500
    """Tasks after which a worker process is replaced."""

    @cached_property
    def parallel_pages(self) -> int:
        """Pages rasterized or waiting to be: the bound on page images in memory beyond those of the requests in flight."""
        return 2 * self.workers
