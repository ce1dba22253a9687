"""The `extract` flow: the line of `pipeline.run`, each unit of its work a task, its report as artifacts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from prefect import flow, runtime, task
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed
from pydantic import SecretStr

from flows.progress import progress_artifact
from flows.publish import counted, publish
from flows.request import ExtractRequest
from pipeline.run import Origin, Spawn, run
from schemas.errors import LongreadError, SettingsError
from schemas.outcome import Report
from schemas.settings import Settings

T = TypeVar("T")
UNITS_PER_REQUEST = 2
"""Units of work under way for each request in flight: while one packs or parses, another one asks."""


def _run_name() -> str:
    return ExtractRequest.model_validate(runtime.flow_run.parameters["request"]).name


@flow(name="extract", flow_run_name=_run_name, persist_result=False)
async def extract(request: ExtractRequest) -> State[None]:
    """Read long PDFs and images into tables, charts and answers, and add one committed run to the Parquet dataset.

    Starting the same request again goes on where the last run stopped: what was read and committed is not read again.
    """
    origin = Origin(flow_run_id=runtime.flow_run.id, deployment=runtime.deployment.name)
    try:
        job, settings = request.job(), await settings_with(request.secret_block)
        async with progress_artifact() as observe:
            report = await run(job, settings, observe, as_tasks(UNITS_PER_REQUEST * settings.concurrency), origin)
    except LongreadError as error:
        get_run_logger().error("%s", error)  # the message says what to do; a traceback would hide it
        return Failed(message=str(error))
    await publish(report, job.out)
    return final_state(report)


async def settings_with(secret_block: str | None) -> Settings:
    """Return the settings of this machine, with the API key of a Secret block if one is named.

    Raises:
        SettingsError: there is no such block.
    """
    if not secret_block:
        return Settings()
    try:
        block: Secret[str] = await Secret.aload(secret_block)
    except ValueError as error:
        msg = f"there is no Secret block {secret_block}: make one in Prefect under Blocks, or leave the field empty"
        raise SettingsError(msg) from error
    return Settings(api_key=SecretStr(block.get()))


def as_tasks(limit: int) -> Spawn:
    """Return a spawn that runs each unit of work as a Prefect task of its name, at most `limit` at a time.

    Arguments and results stay in this process: Prefect would look through them for dependencies, and guess wrongly.
    """
    slots = asyncio.Semaphore(limit)

    async def spawn(name: str, work: Callable[[], Awaitable[T]], /) -> T:
        results: list[T] = []

        async def keep_result() -> None:
            results.append(await work())

        async with slots:
            await _step(name, keep_result)
        return results[0]

    return spawn


@task(name="step", task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
async def _step(name: str, work: Callable[[], Awaitable[None]]) -> None:  # noqa: ARG001 - the name is the task run's
    await work()


def final_state(report: Report) -> State[None]:
    """Return Completed with the counts, or Failed if no document could be read; failures alone fail no run."""
    failures, documents = report.outcome.failures, report.outcome.documents
    if failures and not report.recognised and all(done.status == "failed" for done in documents):
        return Failed(message=f"nothing could be read: {failures[0].message}")
    known = f", {len(report.recognised):,} committed before" if report.recognised else ""
    failed = f"; {counted(len(failures), 'failure')} recorded: see the summary artifact" if failures else ""
    return Completed(message=f"{counted(len(documents), 'document')} read{known}{failed}")
