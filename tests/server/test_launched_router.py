"""The real router, started as `longread serve sglang` starts it, before servers that only pretend: what its options are chosen for."""

import json
import os
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from pipeline.launch import router_launch

pytestmark = pytest.mark.server
ADDRESS = "127.0.0.1"


class Pretender:
    """Answers like SGLang, with its own name, or with a status."""

    def __init__(self, name: str, port: int = 0) -> None:
        self.name, self.status, self.ready_after_s, self.asked = name, 200, 0.0, 0
        self._server = ThreadingHTTPServer((ADDRESS, port), type("Handler", (_Handler,), {"pretender": self}))
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    def die(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    pretender: Pretender

    def do_GET(self) -> None:
        if self.path == "/ready":
            time.sleep(self.pretender.ready_after_s)
        model = {"id": "m", "model_path": "m", "served_model_name": "m", "is_generation": True}
        self._reply(200, {"object": "list", "data": [model], **model})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.pretender.asked += 1
        message = {"role": "assistant", "content": self.pretender.name}
        self._reply(self.pretender.status, {"id": "x", "model": "m", "choices": [{"index": 0, "message": message}]})

    def _reply(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Routed:
    """The router and the servers behind it."""

    def __init__(self, url: str, servers: list[Pretender]) -> None:
        self.url = url
        self.servers = {server.name: server for server in servers}

    def ask(self, key: str) -> httpx.Response:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, headers={"X-SMG-Routing-Key": key}, timeout=60)

    def answered_by(self, key: str) -> str:
        return self.ask(key).json()["choices"][0]["message"]["content"]

    def healthy(self) -> int:
        return sum(worker["is_healthy"] for worker in httpx.get(f"{self.url}/workers").json()["workers"])


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def routed(sglang_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    servers = [Pretender(name) for name in "ABC"]
    port = free_port()
    launch = router_launch(ADDRESS, port, ("--prometheus-port", str(free_port()), "--worker-urls", *(server.url for server in servers)))
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with (tmp_path_factory.mktemp("router") / "router.log").open("w") as log:
        command = [sglang_python.parent / launch.argv[0], *launch.argv[1:]]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
    try:
        made = Routed(f"http://{ADDRESS}:{port}", servers)
        wait_until(lambda: made.healthy() == 3, seconds=180)
        yield made
    finally:
        process.kill()
        process.wait()


def wait_until(holds, seconds: float = 60) -> float:
    """Return after how many seconds it held."""
    began = time.monotonic()
    while True:
        try:
            if holds():
                return time.monotonic() - began
        except httpx.TransportError:
            pass
        assert time.monotonic() - began < seconds
        time.sleep(0.1)


def test_requests_of_one_key_meet_on_one_server_and_keys_spread(routed: Routed) -> None:
    homes = {f"pages-{number}": routed.answered_by(f"pages-{number}") for number in range(30)}
    assert {key: routed.answered_by(key) for key in homes} == homes
    assert len(Counter(homes.values())) == 3


def test_refusals_take_no_server_out(routed: Routed) -> None:
    home = routed.servers[routed.answered_by("pages")]
    home.status = 400
    assert [routed.ask("pages").status_code for _ in range(12)] == [400] * 12
    home.status = 200
    assert routed.answered_by("pages") == home.name


def test_a_failing_request_is_tried_three_times(routed: Routed) -> None:
    home = routed.servers[routed.answered_by("pages")]
    home.status, home.asked = 500, 0
    assert routed.ask("pages").status_code == 500
    assert home.asked == 3
    home.status = 200


def test_one_request_outlives_the_death_of_its_server_and_comes_home_when_it_is_back(routed: Routed) -> None:
    home = routed.servers[routed.answered_by("pages")]
    home.die()
    began = time.monotonic()
    assert routed.answered_by("pages") != home.name
    assert time.monotonic() - began < 15
    assert routed.healthy() == 2
    routed.servers["back"] = Pretender("back", home.port)
    wait_until(lambda: routed.healthy() == 3)
    assert routed.answered_by("pages") == "back"


def test_a_server_that_answers_slowly_stays(routed: Routed) -> None:
    home = routed.servers[routed.answered_by("pages")]
    home.ready_after_s = 8
    time.sleep(15)
    assert routed.healthy() == 3
    assert routed.answered_by("pages") == home.name
