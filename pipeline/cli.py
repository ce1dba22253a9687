"""The command line: every verb is a thin call into the pipeline. Exit codes are in `Exit`."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from enum import IntEnum
from functools import wraps
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from pipeline import display, fields
from pipeline.check import Check, check, worst
from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.serve import run_server
from pipeline.estimate import estimate
from pipeline.forecast import forecast, scopes, terms_of_job
from pipeline.ledger import Ledger, silent
from pipeline.line import served_model
from pipeline.opening import open_sources
from pipeline.query import commands
from pipeline.questions import load_questions
from pipeline.run import run
from pipeline.schema_files import load_schemas
from pipeline.serving import Format, ServeRequest, execute, files, what_next, written
from pipeline.throughputs import DEFAULT, load_throughput
from pipeline.workers import Workers
from schemas.errors import BackendError, BudgetError, LongreadError
from schemas.estimate import Estimate
from schemas.failure import Failure
from schemas.fields import Scope
from schemas.outcome import Report
from schemas.settings import EMBEDDED, Job, Settings

P = ParamSpec("P")
T = TypeVar("T")
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Read piles of long PDFs into typed Parquet."
)
serve_app = typer.Typer(no_args_is_help=True, help="Start a server that reads.")
app.add_typer(serve_app, name="serve")


class Exit(IntEnum):
    """What the process exits with; a bug exits with 1, and wrong options with 2."""

    OK = 0
    USAGE = 2
    FAILURES = 3
    BACKEND = 4
    INTERRUPTED = 130


Sources = Annotated[list[str], typer.Argument(metavar="SOURCE...", help="PDFs, images, folders, globs or manifests; paths or fsspec URLs.")]
Questions = Annotated[Path | None, typer.Option(help="YAML, JSONL or CSV with id, question and optionally docs and answer_kind.")]
Schemas = Annotated[
    list[str] | None,
    typer.Option("--schema", metavar="FILE", help="Your own fields: a JSON Schema (.json, .yaml), package.module:Class or file.py:Class."),
]
SchemaScope = Annotated[str, typer.Option(help="document: fields of each document; collection: of all documents of a collection jointly.")]
Tasks = Annotated[str, typer.Option(help="What to extract, separated by commas.")]
CheckpointFolder = Annotated[
    Path | None, typer.Option(help="A copy of the served checkpoint's small files: prompts are then counted to the token.")
]
PresetName = Annotated[str | None, typer.Option(help="A model's preset, or a YAML file that changes one; by the served model's name.")]
BackendName = Annotated[str, typer.Option(help="'embedded', the URL of an OpenAI-compatible server, or transformers:FOLDER.")]
ModelName = Annotated[str | None, typer.Option(help="The served model; the server's first one by default.")]
ProfileName = Annotated[str, typer.Option(help="fast, balanced or thorough.")]


@app.command(name="run")
def run_command(
    sources: Sources,
    questions: Questions = None,
    schema: Schemas = None,
    schema_scope: SchemaScope = "document",
    tasks: Tasks = "tables,charts,answers",
    profile: ProfileName = "balanced",
    out: Annotated[Path, typer.Option(help="The folder of the output dataset.")] = Path("out"),
    backend: BackendName = EMBEDDED,
    model: ModelName = None,
    preset: PresetName = None,
    checkpoint: CheckpointFolder = None,
    force: Annotated[bool, typer.Option("--force", help="Read documents again that are committed already.")] = False,
) -> None:
    """Read documents into tables, charts, answers and your own fields; add one committed run to the dataset."""
    job = _job(
        sources=sources,
        questions=questions,
        schemas=schema or (),
        schema_scope=schema_scope,
        tasks=tasks,
        profile=profile,
        out=out,
        backend=backend,
        model=model,
        force=force,
        preset=preset,
        checkpoint=checkpoint,
    )
    console = Console()
    with display.progress(console) as observe:
        report = _or_exit(run(job, Settings(), observe))
    display.summary(console, report, job.out)
    raise typer.Exit(_exit_code(report))


@app.command(name="plan")
def plan_command(
    sources: Sources,
    questions: Questions = None,
    tasks: Tasks = "tables,charts,answers",
    profile: ProfileName = "balanced",
    checkpoint: CheckpointFolder = None,
    schema: Schemas = None,
    schema_scope: SchemaScope = "document",
    gpu: Annotated[str, typer.Option(help="A throughput profile, or a YAML file that changes one.")] = DEFAULT,
    replicas: Annotated[int, typer.Option(min=1, help="Servers of the model that share the work.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, keys as in docs/scale.md; the rest on stderr.")] = False,
) -> None:
    """Say what a run would take: pages, tokens, batches, requests, time and cost. No backend is opened."""
    job = _job(
        sources=sources,
        questions=questions,
        schemas=schema or (),
        schema_scope=schema_scope,
        tasks=tasks,
        profile=profile,
        checkpoint=checkpoint,
    )
    estimated, failures = _or_exit(_estimated(job, Settings(), gpu, replicas))
    console = Console(stderr=as_json)
    if as_json:
        sys.stdout.write(estimated.model_dump_json(indent=2) + "\n")
    else:
        display.plan(console, estimated)
    display.failures(console, failures)
    raise typer.Exit(Exit.FAILURES if failures else Exit.OK)


@app.command(name="check")
def check_command(
    backend: BackendName = EMBEDDED, model: ModelName = None, preset: PresetName = None, checkpoint: CheckpointFolder = None
) -> None:
    """Find out whether a backend sees, counts, obeys schemas and caches as a run relies on; each line says what to change."""
    job = _job(sources=["-"], backend=backend, model=model, preset=preset, checkpoint=checkpoint)
    found = _or_exit(_checked(job))
    display.checks(Console(), backend, found)
    raise typer.Exit(Exit.BACKEND if worst(found) == "failed" else Exit.OK)


async def _checked(job: Job) -> list[Check]:
    return [line async for line in check(job, Settings())]


@app.command(name="evaluate")
def evaluate_command(
    truth: Annotated[Path | None, typer.Argument(help="Ground truth: a folder or a file; docs/evaluate.md lists the formats.")] = None,
    compare_runs: Annotated[
        tuple[Path, Path] | None, typer.Option("--compare", metavar="OUT_A OUT_B", help="Compare two evaluated datasets instead.")
    ] = None,
    tasks: Annotated[str, typer.Option(help="What to evaluate, separated by commas.")] = "tables,charts,answers",
    sources: Annotated[str, typer.Option(help="Only the items of these sources, separated by commas.")] = "",
    sample: Annotated[int | None, typer.Option(min=1, help="About so many items, of whole documents from every source.")] = None,
    seed: Annotated[int, typer.Option(help="What the sample is drawn with.")] = 0,
    profile: ProfileName = "balanced",
    out: Annotated[Path, typer.Option(help="The folder of the dataset; what these settings have read there is not read again.")] = Path(
        "out"
    ),
    as_is: Annotated[bool, typer.Option("--as-is", help="Read nothing: score what is in the dataset, whatever made it.")] = False,
    backend: BackendName = EMBEDDED,
    model: ModelName = None,
    preset: PresetName = None,
    checkpoint: CheckpointFolder = None,
    force: Annotated[bool, typer.Option("--force", help="Read the documents again.")] = False,
) -> None:
    """Read the documents of a ground truth as any others, and say how good the outcome is."""
    from pipeline.evaluate import command  # noqa: PLC0415 - takes a second to load, for this verb alone

    console = Console()
    if compare_runs:
        _or_stop(command.print_comparison, console, *compare_runs)
        return
    if truth is None:
        _stop(Exit.USAGE, "name a ground truth, or two datasets with --compare")
    job = _job(
        sources=["-"],
        tasks=tasks,
        profile=profile,
        out=out,
        backend=backend,
        model=model,
        preset=preset,
        checkpoint=checkpoint,
        force=force,
    )
    wanted = command.Wanted(truth, [name.strip() for name in sources.split(",") if name.strip()], sample, seed, as_is)
    done = _or_exit(command.evaluate(console, wanted, job, display.progress))
    if done.report:
        display.failures(console, done.report.outcome.failures)
        raise typer.Exit(_exit_code(done.report))


@serve_app.command(name="embedded")
def serve_embedded(
    port: Annotated[int, typer.Option(help="The TCP port.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the embedded reader over HTTP, as an OpenAI-compatible server."""
    run_server(EmbeddedConfig(), host, port)


@serve_app.command(name="sglang")
def serve_sglang(
    model: Annotated[str, typer.Option(help="A GLM-4.6V model; with --preset, the folder of its checkpoint.")],
    gpus: Annotated[int, typer.Option(min=1, help="GPUs of each node.")],
    nodes: Annotated[str, typer.Option(help="How many nodes, or their names separated by commas.")] = "1",
    gpus_per_server: Annotated[int | None, typer.Option(help="GPUs of each server: 1, 2, 4 or 8; as the model needs by default.")] = None,
    preset: Annotated[str | None, typer.Option(help="The preset for --model: a name, or a file.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on; of several nodes, all addresses by default.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65_000, help="The TCP port; servers behind a router take the ports after it.")] = 30_000,
    output: Annotated[Format, typer.Option("--format", help="What to write the commands for.")] = "shell",
    out: Annotated[Path | None, typer.Option(help="A folder to write files to, instead of printing.")] = None,
    start: Annotated[bool, typer.Option("--exec", help="Start the servers of this node instead of printing their commands.")] = False,
    extra: Annotated[list[str] | None, typer.Argument(metavar="[-- SGLANG OPTIONS]", help="Further options of each server.")] = None,
) -> None:
    """Say how to serve a model with SGLang on your GPUs: its servers, and a router where there are several."""
    asked = ServeRequest(
        model=model,
        preset=preset,
        gpus=gpus,
        nodes=nodes,
        gpus_per_server=gpus_per_server,
        host=host,
        port=port,
        extra=tuple(extra or ()),
    )
    try:
        if start:
            sys.stderr.write(what_next(asked.deployment))
            raise typer.Exit(execute(asked.deployment))
        sys.stdout.write(written(files(asked, output), out))
    except LongreadError as error:
        _stop(Exit.USAGE, str(error))


def _job(
    *,
    questions: Path | None = None,
    schemas: Sequence[str] = (),
    schema_scope: str = "document",
    checkpoint: Path | None = None,
    preset: str | None = None,
    tasks: str = "tables,charts,answers",
    **options: object,
) -> Job:
    try:
        options["questions"] = load_questions(questions) if questions else ()
        options["user_schemas"] = load_schemas(schemas, TypeAdapter(Scope).validate_python(schema_scope))
        options["tasks"] = [task.strip() for task in tasks.split(",")]
        options |= served_model(preset, checkpoint)
        return Job.model_validate(options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        _stop(Exit.USAGE, f"--{first['loc'][0] if first['loc'] else 'schema-scope'}: {first['msg']}")
    except LongreadError as error:
        _stop(Exit.USAGE, str(error))


async def _estimated(job: Job, settings: Settings, gpu: str, replicas: int) -> tuple[Estimate, tuple[Failure, ...]]:
    throughput, ledger = load_throughput(gpu), Ledger(silent)
    async with Workers(settings) as workers:
        documents, _ = await open_sources(workers, job, settings, ledger)
    asked = scopes(job.questions if "answers" in job.tasks else (), documents)
    unread = [one for schema in job.user_schemas for one in fields.scopes(schema, documents)]
    planned = forecast(documents, asked, documents, terms_of_job(job, settings), unread)
    return estimate(documents, planned, throughput, replicas, counted=bool(job.checkpoint)), ledger.failures


def _or_exit(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        _stop(Exit.INTERRUPTED, "interrupted; the same command goes on from here")
    except (BackendError, BudgetError) as error:
        _stop(Exit.BACKEND, str(error))
    except LongreadError as error:
        _stop(Exit.USAGE, str(error))


def _or_stop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    except LongreadError as error:
        _stop(Exit.USAGE, str(error))


def _exit_code(report: Report) -> Exit:
    return Exit.FAILURES if report.outcome.failures else Exit.OK


def _stop(code: Exit, message: str) -> NoReturn:
    sys.stderr.write(f"longread: {' '.join(message.split())}\n")
    raise typer.Exit(code)


def _telling(verb: Callable[..., None]) -> Callable[..., None]:
    """Return the verb with its errors told as all verbs tell them."""

    @wraps(verb)
    def told(*arguments: object, **options: object) -> None:
        try:
            verb(*arguments, **options)
        except LongreadError as error:
            _stop(Exit.USAGE, str(error))

    return told


def _add_verbs() -> None:
    """Verbs of other packages, such as `up` of the flows: loaded when they are called."""
    for entry in entry_points(group="longread.verbs"):
        app.command(name=entry.name, help="Start a Prefect server with longread's deployments.")(_loaded(entry.load))


def _loaded(load: Callable[[], Callable[[], None]]) -> Callable[[], None]:
    def verb() -> None:
        load()()

    return verb


app.command(name="query")(_telling(commands.query_command))
app.command(name="export")(_telling(commands.export_command))
app.command(name="compact")(_telling(commands.compact_command))
app.command(name="forget")(_telling(commands.forget_command))
_add_verbs()
