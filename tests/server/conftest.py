"""Real SGLang servers for the tests below this folder, started when the first test asks for them.

They run with `pytest -m server`, on an environment that `python -m tests.server.servers build` makes, or that the tests make themselves
where LONGREAD_SERVER_TESTS=build is set.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server import environment
from tests.server.processes import Running
from tests.server.servers import launch_server, router, wait_until_ready

HERE = Path(__file__).parent

# Which servers a fixture stands for: arch, name, core.
MOE, DENSE, SECOND = ("moe", "moe", 0), ("dense", "dense", 1), ("moe", "moe-second", 1)
NEEDED = {"sglang_moe": (MOE,), "sglang_dense": (DENSE,), "sglang_pair": (MOE, SECOND), "server": (MOE, DENSE)}
_logs = pytest.StashKey[Path]()


class Fleet:
    """The servers of a session. All that its tests will need start with the first: they take as long as one, and use every core."""

    def __init__(self, needed: set[tuple[str, str, int]], logs: Path) -> None:
        self._needed, self._logs = needed, logs
        self._launched: dict[str, Running] = {}
        self._ready: set[int] = set()

    def get(self, spec: tuple[str, str, int]) -> Running:
        """Return the running server, started again if a test has killed it."""
        for each in sorted({spec, *self._needed}):
            if each[1] not in self._launched:
                self._launch(*each)
        if not self._launched[spec[1]].is_alive() and self._launched[spec[1]].pid in self._ready:
            self._launch(*spec)
        server = self._launched[spec[1]]
        if server.pid not in self._ready:
            wait_until_ready(server)
            self._ready.add(server.pid)
        return server

    def stop(self) -> None:
        """End them all; they have nothing to save."""
        for server in self._launched.values():
            server.kill()

    def _launch(self, arch: str, name: str, core: int) -> None:
        self._launched[name] = launch_server(arch, name=name, core=core, logs=self._logs)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies below this folder; skip it unless the command line chooses by this mark."""
    skip = pytest.mark.skip(reason="run `pytest -m server`: it starts real SGLang servers, which takes minutes")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("server")
            if "server" not in config.option.markexpr:
                item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Name the folder with the servers' logs where a test fails."""
    report = yield
    if report.failed and (folder := item.session.stash.get(_logs, None)):
        report.sections.append(("server logs", str(folder)))
    return report


@pytest.fixture(scope="session")
def sglang_python() -> Path:
    """The Python that SGLang is installed for."""
    if os.environ.get("LONGREAD_SERVER_TESTS") == "build":
        environment.build()
    if not environment.is_built():
        pytest.skip(f"SGLang is not installed: run `{environment.BUILD_COMMAND}`, or set LONGREAD_SERVER_TESTS=build")
    return environment.python()


@pytest.fixture(scope="session")
def checkpoints(sglang_python: Path) -> dict[str, Path]:
    """The tiny checkpoint of each architecture."""
    assert sglang_python.exists()
    return environment.checkpoints()


@pytest.fixture(scope="session")
def server_logs(request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the servers' logs."""
    return request.session.stash.setdefault(_logs, tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="session")
def fleet(request, checkpoints: dict[str, Path], server_logs: Path) -> Iterator[Fleet]:
    """All servers of these tests."""
    assert checkpoints
    names = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    fleet = Fleet({spec for name in names & set(NEEDED) for spec in NEEDED[name]}, server_logs)
    try:
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture(scope="session")
def sglang_moe(fleet: Fleet) -> Running:
    """A server of the mixture of experts."""
    return fleet.get(MOE)


@pytest.fixture(scope="session")
def sglang_dense(fleet: Fleet) -> Running:
    """A server of the dense model."""
    return fleet.get(DENSE)


@pytest.fixture(scope="session", params=[MOE, DENSE], ids=["moe", "dense"])
def server(request, fleet: Fleet) -> Running:
    """Each architecture in turn."""
    return fleet.get(request.param)


@pytest.fixture
def sglang_pair(fleet: Fleet) -> tuple[Running, Running]:
    """Two servers of the mixture of experts, the first of them `sglang_moe`. A test may kill the second."""
    return fleet.get(MOE), fleet.get(SECOND)


@pytest.fixture
def make_router(request, server_logs: Path) -> Iterator[Callable[..., Running]]:
    """Return a starter of routers: `make_router(workers, policy="manual", cb_failure_threshold=2, …)`. The default is `sglang_pair`."""
    with ExitStack() as stack:

        def make(workers: list[Running] | None = None, policy: str = "manual", **options: object) -> Running:
            behind = workers or request.getfixturevalue("sglang_pair")
            name = f"router-{len(list(server_logs.glob('router-*'))) + 1}"
            return stack.enter_context(router(behind, policy, name=name, logs=server_logs, **options))

        yield make
