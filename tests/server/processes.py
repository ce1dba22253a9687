"""Server processes of our own: started as leaders of their group, found again by pid and birth, ended with all they started."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

HOST = "127.0.0.1"
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Running:
    """A server or router, leader of its process group."""

    name: str
    url: str
    pid: int
    born: str
    """When the process started, as the kernel counts: tells it from a later one of the same pid."""
    log: Path
    model: str

    def is_alive(self) -> bool:
        """Return whether it runs."""
        return _birth(self.pid) == self.born != ""

    def kill(self) -> None:
        """End it with all its processes at once, as a crash would."""
        self._signal(signal.SIGKILL)
        self._wait(STOP_TIMEOUT_S)

    def stop(self) -> None:
        """Ask it to end; end it if it does not."""
        self._signal(signal.SIGTERM)
        self._wait(STOP_TIMEOUT_S)
        self.kill()

    def tail(self, characters: int = 3000) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-characters:]

    def _signal(self, number: signal.Signals) -> None:
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < end:
            # A child of ours stays a zombie until it is waited for.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            time.sleep(0.05)


def launch(name: str, command: list[str], port: int, model: str, variables: dict[str, str], logs: Path | None) -> Running:
    """Start a server that will listen on `port`, and return at once. Its log is `NAME.log` in the folder `logs`."""
    folder = logs or Path(tempfile.mkdtemp(prefix="longread-server-"))
    log = folder / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=variables, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, cwd=folder)
    return Running(name, f"http://{HOST}:{port}", process.pid, _birth(process.pid), log, model)


def wait_until_ready(server: Running, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until a chat of one token is answered.

    Raises:
        RuntimeError: the process ended, or time is up; the message holds the end of its log.
    """
    body = {"model": server.model, "messages": [{"role": "user", "content": "Ready?"}], "max_tokens": 1}
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and server.is_alive():
        with contextlib.suppress(httpx.TransportError):
            if httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=timeout_s).is_success:
                return
        time.sleep(0.25)
    raise _not_ready(server)


def wait_for_workers(router: Running, count: int, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until a router has found its workers healthy: it answers as soon as it knows one, and would send everything there.

    Raises:
        RuntimeError: as `wait_until_ready`.
    """
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and router.is_alive():
        with contextlib.suppress(httpx.TransportError, KeyError, ValueError):
            if sum(worker["is_healthy"] for worker in httpx.get(f"{router.url}/workers").json()["workers"]) >= count:
                return
        time.sleep(0.25)
    raise _not_ready(router)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _not_ready(server: Running) -> RuntimeError:
    return RuntimeError(f"{server.name} at {server.url} is not ready; {server.log} ends so:\n{server.tail()}")


def _birth(pid: int) -> str:
    """Return the start time of a process, empty if there is none or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
