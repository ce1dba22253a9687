"""What the form of the `extract` deployment asks for, and the job it stands for."""

import tempfile
from pathlib import Path

from pydantic import Field

from pipeline.line import served_model
from pipeline.questions import load_questions
from pipeline.schema_files import load_schema_file
from schemas.errors import SettingsError
from schemas.fields import Scope
from schemas.settings import EMBEDDED, Job, Profile, Task
from schemas.value import Value


class ExtractRequest(Value):
    """What to read and how. Relative paths count from the folder that `longread up` was started in."""

    sources: tuple[str, ...] = Field(min_length=1, title="Sources")
    """PDFs, images, folders, globs or manifests; paths on the machine that runs the flow, or fsspec URLs."""
    questions_file: Path | None = Field(None, title="Question file")
    """YAML, JSONL or CSV with id, question and optionally docs and answer_kind."""
    schema_file: Path | None = Field(None, title="Schema of your own fields")
    """A JSON Schema as .json or .yaml: its fields are read into tables of their own. No code is imported here."""
    schema_scope: Scope = Field("document", title="Scope of your own fields")
    """document: the fields of each document; collection: of all documents of a collection jointly."""
    tasks: tuple[Task, ...] = Field(("tables", "charts", "answers"), min_length=1, title="Tasks")
    """What to extract; answers need a question file."""
    profile: Profile = Field("balanced", title="Profile")
    """fast: everything at survey resolution; balanced: tables and charts read finer; thorough: numbers read twice."""
    out: Path = Field(Path("out"), title="Output folder")
    """The folder of the dataset; the run is added to what is there."""
    backend: str = Field(EMBEDDED, title="Backend")
    """'embedded' for the CPU reader, or the base URL of an OpenAI-compatible server such as SGLang's.

    Its API key is not asked for here: it is the variable LONGREAD_API_KEY in the environment of the flow's process, or a Secret block.
    """
    secret_block: str | None = Field(None, title="Secret block with the API key")
    """The name of a Prefect Secret block; the key itself never becomes a parameter."""
    model: str | None = Field(None, title="Model")
    """The served model's name; the server's first model if empty."""
    preset: str | None = Field(None, title="Preset")
    """A model's preset, or a YAML file that changes one; by the served model's name if empty."""
    checkpoint: Path | None = Field(None, title="Checkpoint folder")
    """A copy of the served checkpoint's small files: prompts are then counted to the token."""
    force: bool = Field(False, title="Read again")
    """Read documents again that an earlier run with the same settings has committed."""

    def job(self) -> Job:
        """Return the job, its paths absolute.

        Raises:
            SettingsError: the question or the schema file cannot be read, or a path is relative to a folder that will vanish.
        """
        return Job(
            sources=tuple(source if "://" in source else str(located(Path(source))) for source in self.sources),
            questions=load_questions(located(self.questions_file)) if self.questions_file else (),
            user_schemas=(load_schema_file(located(self.schema_file), self.schema_scope),) if self.schema_file else (),
            tasks=self.tasks,
            profile=self.profile,
            out=located(self.out),
            backend=self.backend,
            model=self.model,
            force=self.force,
            **served_model(self.preset, located(self.checkpoint) if self.checkpoint else None),
        )

    @property
    def name(self) -> str:
        """What runs, in a line: `price-list.png: tables, charts`."""
        first = self.sources[0].rstrip("/").rpartition("/")[2] or self.sources[0]
        more = f" and {len(self.sources) - 1} more" if len(self.sources) > 1 else ""
        tasks = [task for task in self.tasks if task != "answers" or self.questions_file]
        own = ["fields"] if self.schema_file else []
        return f"{first}{more}: {', '.join([*tasks, *own] or self.tasks)}"


def located(path: Path) -> Path:
    """Return the path as it counts from the current folder.

    Raises:
        SettingsError: it is relative, and the folder is one that vanishes with the flow run.
    """
    path, here = path.expanduser(), Path.cwd()
    if not path.is_absolute() and here.parent.samefile(tempfile.gettempdir()) and here.name.endswith("prefect"):
        # So prefect.workers.process names the folder of a flow run; a dataset written there would be lost.
        msg = f"{path} counts from a folder that vanishes with this flow run: a worker needs absolute paths"
        raise SettingsError(msg)
    return here / path
