"""One progress artifact for a whole run. It follows at a distance: a run says more than a server should be told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.client.orchestration import PrefectClient, get_client
from prefect.logging import get_run_logger

from flows.publish import counted
from pipeline.ledger import Observe
from schemas.outcome import Progress

INTERVAL_S = 1.0
KEY = "longread-progress"
SURVEY_SHARE = 50
"""Percent of a run that is the survey; how much there is to read is known only after it."""


@asynccontextmanager
async def progress_artifact() -> AsyncIterator[Observe]:
    """Yield an observer of the flow run's progress; the artifact is updated once a second at most, and at the end."""
    artifact_id = await acreate_progress_artifact(0.0, key=KEY, description=description(Progress()))
    async with get_client() as client:
        teller = _Teller(client, artifact_id)
        telling = asyncio.create_task(teller.tell_on())
        try:
            yield teller.observe
        finally:
            telling.cancel()
            await asyncio.wait([telling])
        await teller.tell()


def percent(progress: Progress) -> float:
    """Return how much is done, 0 to 100: one half is the pages surveyed, the other what they hold."""
    surveyed = progress.pages_done / progress.pages_total if progress.pages_total else 0.0
    read = progress.reads_done / progress.reads_total if progress.reads_total else 0.0
    if progress.stage == "write":
        return 100.0
    return min(SURVEY_SHARE * surveyed + (100 - SURVEY_SHARE) * read, 100.0)


def description(progress: Progress) -> str:
    """Return the counts in a line: `read: 12 of 12 pages, 3 of 9 tables, charts and questions, 48,112 tokens`."""
    parts = [f"{progress.pages_done:,} of {progress.pages_total:,} pages"]
    if progress.reads_total:
        parts.append(f"{progress.reads_done:,} of {progress.reads_total:,} tables, charts and questions")
    parts.append(counted(progress.prompt_tokens + progress.completion_tokens, "token"))
    if progress.failures:
        parts.append(counted(progress.failures, "failure"))
    return f"{progress.stage}: {', '.join(parts)}"


class _Teller:
    """Holds the last thing that a run said, and says it on if it is news."""

    def __init__(self, client: PrefectClient, artifact_id: UUID) -> None:
        self._client = client
        self._artifact_id = artifact_id
        self._progress = Progress()
        self._percent = 0.0
        self._told = Progress()

    def observe(self, progress: Progress) -> None:
        """Take a value; called often and from the run's event loop, so it does nothing else."""
        self._progress = progress
        self._percent = max(self._percent, percent(progress))  # the questions come on top when the documents are read

    async def tell(self) -> None:
        """Update the artifact. A server that does not answer is no reason to stop reading."""
        progress = self._progress
        if progress == self._told:
            return
        try:
            await aupdate_progress_artifact(self._artifact_id, self._percent, description(progress), self._client)
        except httpx.HTTPError as error:
            get_run_logger().warning("the progress artifact was not updated: %s", error)
            return
        if progress.stage != self._told.stage:
            get_run_logger().info(description(progress))
        self._told = progress

    async def tell_on(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.tell()
            await asyncio.sleep(INTERVAL_S)
