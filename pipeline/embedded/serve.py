"""The embedded reader over HTTP: as a server of its own, or inside the running event loop on a private socket."""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import NamedTuple

import uvicorn

from pipeline.embedded.app import create_app
from pipeline.embedded.config import EmbeddedConfig

GRACE_S = 1


class EmbeddedEndpoint(NamedTuple):
    """Where the reader listens: a Unix socket that only this user can reach.

    The host in `base_url` is a placeholder; a client connects through the socket:

        transport = httpx2.AsyncHTTPTransport(uds=str(endpoint.uds))
        httpx2.AsyncClient(base_url=endpoint.base_url, transport=transport)

    and through `openai`:

        client = openai.DefaultAsyncHttpx2Client(transport=transport)
        openai.AsyncOpenAI(base_url=endpoint.base_url, api_key="none", http_client=client)
    """

    uds: Path
    base_url: str = "http://embedded/v1"


class _GuestServer(uvicorn.Server):
    """A server inside somebody else's process, whose signals it leaves alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_server(config: EmbeddedConfig, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until interrupted.

    Raises:
        SystemExit: the port is taken.
    """
    uvicorn.run(create_app(config), host=host, port=port, access_log=False, timeout_graceful_shutdown=GRACE_S)


@contextlib.asynccontextmanager
async def embedded_server(config: EmbeddedConfig) -> AsyncGenerator[EmbeddedEndpoint]:
    """Serve in the running event loop while the context lasts; then fail what is under way and stop all processes.

    Raises:
        OSError: the socket cannot be made: the path of the folder for temporary files is longer than some 80 bytes.
    """
    with tempfile.TemporaryDirectory(prefix="longread-") as folder:
        uds = Path(folder) / "reader.sock"
        app = create_app(config)
        server = _GuestServer(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(uds))
            listener.listen()  # clients may connect from here on: they wait until the server accepts them
            serving = asyncio.create_task(server.serve([listener]))
            try:
                # The lifespan ends before the server does, so that open requests are answered with an error.
                async with app.router.lifespan_context(app):
                    yield EmbeddedEndpoint(uds)
            finally:
                server.should_exit = True
                await serving
