"""The command line: every verb is a thin call into the pipeline. Exit codes are in `Exit`."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from enum import IntEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from pipeline import display
from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.serve import run_server
from pipeline.estimate import estimate
from pipeline.ledger import Ledger, silent
from pipeline.questions import load_questions
from pipeline.run import open_sources, run
from pipeline.workers import Workers
from schemas.document import Document
from schemas.errors import BackendError, BudgetError, LongreadError
from schemas.failure import Failure
from schemas.outcome import Report
from schemas.preset import ImageLimits
from schemas.settings import EMBEDDED, Job, Settings

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
Tasks = Annotated[str, typer.Option(help="What to extract, separated by commas.")]
Checkpoint = Annotated[Path | None, typer.Option(help="The served checkpoint's preprocessor_config.json: how it counts image tokens.")]
ProfileName = Annotated[str, typer.Option(help="fast, balanced or thorough.")]


@app.command(name="run")
def run_command(
    sources: Sources,
    questions: Questions = None,
    tasks: Tasks = "tables,charts,answers",
    profile: ProfileName = "balanced",
    out: Annotated[Path, typer.Option(help="The folder of the output dataset.")] = Path("out"),
    backend: Annotated[str, typer.Option(help="'embedded', or the URL of an OpenAI-compatible server.")] = EMBEDDED,
    model: Annotated[str | None, typer.Option(help="The served model; the server's first one by default.")] = None,
    preprocessor_config: Checkpoint = None,
    force: Annotated[bool, typer.Option("--force", help="Read documents again that are committed already.")] = False,
) -> None:
    """Read documents into tables, charts and answers; add one committed run to the dataset."""
    job = _job(
        sources=sources,
        questions=questions,
        tasks=tasks,
        profile=profile,
        out=out,
        backend=backend,
        model=model,
        force=force,
        preprocessor_config=preprocessor_config,
    )
    console = Console()
    with display.progress(console) as observe:
        report = _or_exit(run(job, Settings(), observe))
    display.summary(console, report, job.out)
    raise typer.Exit(_exit_code(report))


@app.command(name="plan")
def plan_command(
    sources: Sources, questions: Questions = None, profile: ProfileName = "balanced", preprocessor_config: Checkpoint = None
) -> None:
    """Say what a run would take: pages, tokens, batches, requests, time and cost. No backend is opened."""
    job = _job(sources=sources, questions=questions, profile=profile, preprocessor_config=preprocessor_config)
    settings = Settings()
    documents, failures = _or_exit(_opened(job, settings))
    console = Console()
    display.plan(console, estimate(documents, job, settings))
    display.failures(console, failures)
    raise typer.Exit(Exit.FAILURES if failures else Exit.OK)


@serve_app.command(name="embedded")
def serve_embedded(
    port: Annotated[int, typer.Option(help="The TCP port.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the embedded reader over HTTP, as an OpenAI-compatible server."""
    run_server(EmbeddedConfig(), host, port)


def _job(*, questions: Path | None, preprocessor_config: Path | None, tasks: str = "tables,charts,answers", **options: object) -> Job:
    try:
        options["questions"] = load_questions(questions) if questions else ()
        options["tasks"] = [task.strip() for task in tasks.split(",")]
        if preprocessor_config:
            options["image_limits"] = ImageLimits.of_checkpoint(preprocessor_config)
        return Job.model_validate(options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        _stop(Exit.USAGE, f"--{first['loc'][0]}: {first['msg']}")
    except LongreadError as error:
        _stop(Exit.USAGE, str(error))


async def _opened(job: Job, settings: Settings) -> tuple[list[Document], tuple[Failure, ...]]:
    ledger = Ledger(silent)
    async with Workers(settings) as workers:
        documents, _ = await open_sources(workers, job, settings, ledger)
    return documents, ledger.failures


def _or_exit(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        _stop(Exit.INTERRUPTED, "interrupted; the same command goes on from here")
    except (BackendError, BudgetError) as error:
        _stop(Exit.BACKEND, str(error))
    except LongreadError as error:
        _stop(Exit.USAGE, str(error))


def _exit_code(report: Report) -> Exit:
    return Exit.FAILURES if report.outcome.failures else Exit.OK


def _stop(code: Exit, message: str) -> NoReturn:
    sys.stderr.write(f"longread: {' '.join(message.split())}\n")
    raise typer.Exit(code)


def _add_verbs() -> None:
    """Verbs of other packages, such as `up` of the flows: loaded when they are called."""
    for entry in entry_points(group="longread.verbs"):
        app.command(name=entry.name, help="Start a Prefect server with longread's deployments.")(_loaded(entry.load))


def _loaded(load: Callable[[], Callable[[], None]]) -> Callable[[], None]:
    def verb() -> None:
        load()()

    return verb


_add_verbs()
