"""The `evaluate` flow: read a ground truth's documents as `extract` does, score the outcome, show the scores as artifacts."""

from collections.abc import Sequence
from pathlib import Path

from prefect import flow, runtime
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed
from pydantic import Field

from flows.extract import UNITS_PER_REQUEST, as_tasks, settings_with
from flows.progress import progress_artifact
from flows.publish import counted, plain
from flows.request import located
from pipeline.evaluate.bootstrap import told
from pipeline.evaluate.claims import Calibration
from pipeline.evaluate.harness import Evaluated, read_and_score
from pipeline.evaluate.sample import chosen
from pipeline.evaluate.shown import HEADLINES
from pipeline.evaluate.summary import ALL, Summary
from pipeline.evaluate.truths.formats import load_truth
from pipeline.line import served_model
from pipeline.run import Origin
from schemas.errors import LongreadError
from schemas.settings import EMBEDDED, Job, Profile, Task
from schemas.value import Value

SCORES_KEY = "longread-scores"
REPORT_KEY = "longread-evaluation"

Row = dict[str, str | int]


class EvaluateRequest(Value):
    """What to evaluate, and with what. Relative paths count from the folder that `longread up` was started in."""

    truth: Path = Field(title="Ground truth")
    """A folder or a file in one of the formats of docs/evaluate.md; its documents lie beside it."""
    tasks: tuple[Task, ...] = Field(("tables", "charts", "answers"), min_length=1, title="Tasks")
    """What to evaluate."""
    sources: tuple[str, ...] = Field((), title="Sources")
    """Only the items of these sources; all if empty."""
    sample: int | None = Field(None, ge=1, title="Sample")
    """About so many items, of whole documents from every source; all if empty."""
    seed: int = Field(0, title="Seed")
    """What the sample is drawn with."""
    profile: Profile = Field("balanced", title="Profile")
    """fast: everything at survey resolution; balanced: tables and charts read finer; thorough: numbers read twice."""
    out: Path = Field(Path("out"), title="Output folder")
    """The folder of the dataset; what these settings have read there is not read again."""
    as_is: bool = Field(False, title="As it is")
    """Read nothing: score what is in the dataset, whatever made it."""
    backend: str = Field(EMBEDDED, title="Backend")
    """'embedded' for the CPU reader, or the base URL of an OpenAI-compatible server such as SGLang's."""
    secret_block: str | None = Field(None, title="Secret block with the API key")
    """The name of a Prefect Secret block; the key itself never becomes a parameter."""
    model: str | None = Field(None, title="Model")
    """The served model's name; the server's first model if empty."""
    preset: str | None = Field(None, title="Preset")
    """A model's preset, or a YAML file that changes one; by the served model's name if empty."""
    checkpoint: Path | None = Field(None, title="Checkpoint folder")
    """A copy of the served checkpoint's small files: prompts are then counted to the token."""
    force: bool = Field(False, title="Read again")
    """Read the documents again."""

    def job(self) -> Job:
        """Return the job whose documents and questions the ground truth gives.

        Raises:
            SettingsError: a path is relative to a folder that will vanish, or a preset or checkpoint cannot be read.
        """
        return Job(
            sources=(str(located(self.truth)),),
            tasks=self.tasks,
            profile=self.profile,
            out=located(self.out),
            backend=self.backend,
            model=self.model,
            force=self.force,
            **served_model(self.preset, located(self.checkpoint) if self.checkpoint else None),
        )


def _run_name() -> str:
    request = EvaluateRequest.model_validate(runtime.flow_run.parameters["request"])
    return f"{request.truth.name}: {', '.join(request.tasks)}"


@flow(name="evaluate", flow_run_name=_run_name, persist_result=False)
async def evaluate(request: EvaluateRequest) -> State[None]:
    """Read the documents of a ground truth as any others, and say how good the outcome is.

    What is read and committed already is only scored.
    """
    origin = Origin(flow_run_id=runtime.flow_run.id, deployment=runtime.deployment.name)
    try:
        job, settings = request.job(), await settings_with(request.secret_block)
        truth = chosen(load_truth(located(request.truth)).truth, request.tasks, request.sources, request.sample, request.seed)
        async with progress_artifact() as observe:
            spawn = as_tasks(UNITS_PER_REQUEST * settings.concurrency)
            done = await read_and_score(truth, job, settings, observe, spawn, origin, as_is=request.as_is)
    except LongreadError as error:
        get_run_logger().error("%s", error)
        return Failed(message=str(error))
    summaries = done.evaluation.summaries
    await acreate_table_artifact(score_rows(summaries), key=SCORES_KEY, description="value and 95 % interval of the leading metrics")
    await acreate_markdown_artifact(report(done), key=REPORT_KEY, description="all metrics, and what the output says of itself")
    return Completed(message=f"{counted(len(truth.items), 'item')} of {counted(len(truth.docs), 'document')} scored")


def score_rows(summaries: Sequence[Summary]) -> list[Row]:
    """Return the leading metrics of each task: over all items first, then of each source and kind."""
    return [
        {
            "task": one.task,
            "items of": one.group,
            "metric": one.metric,
            "value": f"{one.value:.3f}",
            "interval": told(one.low, one.high),
            "items": one.n_items,
        }
        for one in summaries
        if one.metric in HEADLINES[one.task]
    ]


def report(done: Evaluated) -> str:
    """Return every metric over all items and the calibration in Markdown, and where the worst cases are shown."""
    scores = [one for one in done.evaluation.summaries if one.group == ALL]
    lines = [f"| {one.task} | {plain(one.metric)} | {one.n_items:,} | {one.value:.3f} | {told(one.low, one.high)} |" for one in scores]
    sections = [
        "# Scores",
        "; ".join(plain(f"run {maker.run_id} of {maker.model} at {maker.backend}") for maker in done.evaluation.makers),
        "\n".join(["| task | metric | items | value | 95 % interval |", "|---|---|---:|---:|---:|", *lines]),
        *_honesty(done.evaluation.calibrations),
        f"Every item's scores and a page of the worst cases with pictures are in {plain(str(done.page.parent))}.",
    ]
    return "\n\n".join(sections)


def _honesty(levels: Sequence[Calibration]) -> list[str]:
    lines = [f"| {plain(one.signal)} | {plain(one.level)} | {one.n:,} | {one.share:.3f} |" for one in levels]
    table = "\n".join(["| what the output says | level | claims | right |", "|---|---|---:|---:|", *lines])
    return ["# Honesty", table] if levels else []
