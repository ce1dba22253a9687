"""A running `longread up`, spoken to through its API as the browser does."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2

START_S = 180
RUN_S = 240
STOP_S = 60
TRIES = 10
Json = dict[str, Any]


class Served:
    """`longread up` with data and a current directory of its own; leave it with `kill`."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self._log = folder / "log"
        (cwd := folder / "cwd").mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment = {**inherited, "PREFECT_HOME": str(folder), "PREFECT_SERVER_API_PORT": "4300"}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("longread"), "up"], env=environment, cwd=cwd, stdout=log, stderr=log
            )
        self.url, deployment_id = self._form()
        self.api = httpx2.Client(base_url=f"{self.url}/api/", timeout=60)
        self.deployment = self.api.get(f"deployments/{deployment_id}").json()

    def start(self, **request: object) -> httpx2.Response:
        """Send the form; again while the server answers 503, as it does when two of its own transactions meet in SQLite."""
        body = {"parameters": {"request": request}, "state": {"type": "SCHEDULED"}}
        for _ in range(TRIES):
            response = self.api.post(f"deployments/{self.deployment['id']}/create_flow_run", json=body)
            if response.status_code != 503:
                break
            time.sleep(0.5)
        return response

    def started(self, **request: object) -> str:
        """Return the id of a new flow run."""
        created = self.start(**request)
        assert created.status_code == 201, f"{created.text}\n{self.log()}"
        return created.json()["id"]

    def flow_run(self, flow_run_id: str, *states: str) -> Json:
        """Return a flow run once it is in one of the states."""
        deadline = time.monotonic() + RUN_S
        while (run := self.api.get(f"flow_runs/{flow_run_id}").json())["state"]["type"] not in states:
            assert time.monotonic() < deadline, f"{run['state']}\n{self.log()}"
            time.sleep(0.3)
        return run

    def reach(self, flow_run_id: str, stage: str) -> None:
        """Wait until a flow run says that it is in a stage."""
        deadline = time.monotonic() + RUN_S
        while stage not in self.artifacts(flow_run_id).get("longread-progress", {}).get("description", ""):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.3)

    def artifacts(self, flow_run_id: str) -> dict[str, Json]:
        """Return a flow run's artifacts by key."""
        body = {"artifacts": {"flow_run_id": {"any_": [flow_run_id]}}}
        return {artifact["key"]: artifact for artifact in self.api.post("artifacts/filter", json=body).json()}

    def stop(self) -> int:
        """Return the exit code after SIGTERM."""
        self.process.terminate()
        return self.process.wait(STOP_S)

    def processes(self) -> set[int]:
        """Return whatever was started by it and lives, orphans too: the environment of all of them names its home."""
        return {int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if self._is_named_in(path)}

    def kill(self) -> None:
        """Leave nothing, whatever happened."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_S)
        self.api.close()

    def log(self) -> str:
        return self._log.read_text()

    def _is_named_in(self, environ: Path) -> bool:
        try:
            return f"PREFECT_HOME={self.home}\0".encode() in environ.read_bytes()
        except OSError:  # it has just ended, or is not ours
            return False

    def _form(self) -> tuple[str, str]:
        deadline = time.monotonic() + START_S
        while not (found := re.search(r"form +(http://[^/]+)/deployments/deployment/([0-9a-f-]+)/run", self.log())):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.3)
        return found[1], found[2]
