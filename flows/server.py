"""A Prefect server of our own, for as long as it is needed."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from prefect.client.orchestration import PrefectClient

HOST = "127.0.0.1"
PORTS = 100
START_S = 240
"""The first start creates the database; on a busy laptop that has taken 40 s."""
GRACE_S = 20
POLL_S = 0.5


class ServerEndedError(Exception):
    """The Prefect server ended by itself, or never answered."""


@asynccontextmanager
async def local_server(first_port: int) -> AsyncIterator[tuple[str, Process]]:
    """Yield the API's URL and the process of a server on the first free port; its data is in PREFECT_HOME (~/.prefect).

    Raises:
        ServerEndedError: it did not start.
    """
    port = free_port(first_port)
    api = f"http://{HOST}:{port}/api"
    command = (sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port))
    # A session of its own: Ctrl-C on the terminal is not for it, because the runs that end need it to say so.
    server = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "PREFECT_API_URL": api}, stdin=DEVNULL, stdout=DEVNULL, start_new_session=True
    )
    try:
        await _answering(server, api)
        yield api, server
    finally:
        await _stop(server)


async def is_living(api: str) -> bool:
    """Return whether a Prefect server answers at the URL of its API."""
    async with PrefectClient(api) as client:
        return await client.api_healthcheck() is None


def free_port(first: int) -> int:
    """Return the first port from `first` on that nobody listens on.

    Raises:
        ServerEndedError: there is none among the next hundred.
    """
    for port in range(first, first + PORTS):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    msg = f"no port from {first} to {first + PORTS - 1} is free: set PREFECT_SERVER_API_PORT to another start"
    raise ServerEndedError(msg)


async def _answering(server: Process, api: str) -> None:
    try:
        async with asyncio.timeout(START_S):
            while not await is_living(api):
                if server.returncode is not None:
                    msg = "the Prefect server ended while it started: `prefect server start` shows why"
                    raise ServerEndedError(msg)
                await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        msg = f"the Prefect server did not answer within {START_S} s: is the machine overloaded?"
        raise ServerEndedError(msg) from error


async def _stop(server: Process) -> None:
    """End the server and whatever it started."""
    with suppress(ProcessLookupError):
        server.terminate()
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait(), GRACE_S)
    finally:  # also at a second Ctrl-C
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        await server.wait()
