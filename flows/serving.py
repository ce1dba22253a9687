"""The process behind `longread up`: it offers the deployments `extract` and `evaluate`, and runs what is asked of them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Any

from prefect import Flow
from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_PORT, temporary_settings
from prefect.types.entrypoint import EntrypointType
from prefect.utilities.urls import url_for
from rich.console import Console

from flows.evaluate import evaluate
from flows.extract import extract
from flows.server import ServerEndedError, is_living, local_server

DEPLOYMENT = "local"
POLL_S = 2.0


class _Runner(Runner):
    """Takes SIGTERM as Ctrl-C, so that its flow runs end as Cancelled; Prefect's own handler leaves them Running."""

    def handle_sigterm(self, *_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)


def main() -> None:
    """Serve until Ctrl-C, SIGTERM or the end of the terminal.

    Raises:
        SystemExit: the server ended by itself, or did not start.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it starts in the background
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(Console(highlight=False, soft_wrap=True)))
    except ServerEndedError as error:
        sys.exit(f"longread: {error}")


def _interrupt(_: int, __: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


async def _serve(console: Console) -> None:
    async with _api(console) as (api, ended):
        with temporary_settings({PREFECT_API_URL: api}):
            # Schedules that a user adds go on at the next start: a run that is late finds what it has read before.
            runner = _Runner(name="longread", query_seconds=POLL_S, pause_on_shutdown=False)
            form, evaluation = [await _added(runner, offered) for offered in (extract, evaluate)]
            console.print(f"longread is up; Ctrl-C stops it\nPrefect  {api.removesuffix('/api')}\nform     {form}\nevaluate {evaluation}")
            await _run(runner, ended)


async def _added(runner: Runner, offered: Flow[..., Any]) -> str:
    """Offer a flow, and return the URL of its form."""
    deployment = await offered.ato_deployment(DEPLOYMENT, entrypoint_type=EntrypointType.MODULE_PATH)
    return f"{url_for('deployment', await runner.aadd_deployment(deployment))}/run"


@asynccontextmanager
async def _api(console: Console) -> AsyncIterator[tuple[str, Coroutine[Any, Any, object]]]:
    """Yield the URL of an API that answers, and a coroutine that returns when its server has ended."""
    named = os.environ.get("PREFECT_API_URL")
    if named and await is_living(named):
        yield named, asyncio.Event().wait()
        return
    if named:
        console.print(f"no Prefect server answers at {named} (PREFECT_API_URL): starting one here")
    async with local_server(PREFECT_SERVER_API_PORT.value()) as (api, server):
        yield api, server.wait()


async def _run(runner: Runner, ended: Coroutine[Any, Any, object]) -> None:
    running, ending = asyncio.create_task(runner.start()), asyncio.create_task(ended)
    try:
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if runner.started and not ending.done():
            await runner.astop()  # flow runs end as Cancelled, which takes a server to be told
        running.cancel()
        ending.cancel()
        await asyncio.wait({running, ending})
    if not running.cancelled():
        running.result()
    msg = "the Prefect server ended by itself"
    raise ServerEndedError(msg)


if __name__ == "__main__":
    main()
