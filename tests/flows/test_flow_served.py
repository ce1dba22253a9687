"""What people do with `longread up`: fill in the form, look at the run, stop it all. One server for the whole file."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pytest
from prefect import flow
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.extract import as_tasks
from pipeline.run import run
from schemas.errors import BackendUnavailable
from schemas.rows import TABLES
from schemas.settings import Job, Settings
from tests.flows.served import Json, Served

OF_THE_RUN = {"run_id", "run_date"}
TIMED = {"runs", "requests"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    up = Served(tmp_path_factory.mktemp("prefect"))
    yield up
    up.kill()


@pytest.fixture(scope="module")
def price_list(samples: Path) -> str:
    return str(samples / "price-list.png")


@pytest.fixture(scope="module")
def finished(served: Served, price_list: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Path]:
    """The flow run of a request as the form sends it, and its dataset."""
    out = tmp_path_factory.mktemp("flow")
    flow_run_id = served.started(sources=[price_list], out=str(out), tasks=["tables", "charts"], profile="fast")
    flow_run = served.flow_run(flow_run_id, "COMPLETED", "FAILED", "CRASHED")
    assert flow_run["state"]["type"] == "COMPLETED", served.log()
    return flow_run, out


def rows(root: Path, table: str) -> list[Json]:
    found = ds.dataset(sorted(root.glob(f"{table}/*/*/*.parquet")), schema=TABLES[table]).to_table().to_pylist()
    return [{column: value for column, value in row.items() if column not in OF_THE_RUN} for row in found]


def test_the_form_explains_each_of_its_fields_and_asks_for_no_secret(served: Served):
    form = served.deployment["parameter_openapi_schema"]["definitions"]["ExtractRequest"]
    assert form["required"] == ["sources"]
    assert all(field["description"] and field["title"] for field in form["properties"].values())
    assert form["properties"]["tasks"]["items"]["enum"] == ["tables", "charts", "answers"]
    assert form["properties"]["profile"]["enum"] == ["fast", "balanced", "thorough"]
    assert not any("key" in name or "password" in name for name in form["properties"])


def test_the_form_refuses_what_no_run_could_do(served: Served):
    refused = [
        served.start(sources=[]),
        served.start(sources=["a.pdf"], profile="slow"),
        served.start(sources=["a.pdf"], dpi=3),
    ]
    assert [response.status_code for response in refused] == [409] * 3


def test_an_evaluation_is_offered_beside_the_extraction(served: Served):
    offered = served.api.get("deployments/name/evaluate/local").json()
    assert offered["parameter_openapi_schema"]["definitions"]["EvaluateRequest"]["required"] == ["truth"]


def test_a_run_from_the_form_writes_the_rows_of_a_direct_run(finished: tuple[Json, Path], price_list: str, tmp_path: Path):
    flow_run, out = finished
    assert flow_run["state"]["message"] == "1 document read"
    job = Job(sources=(price_list,), out=tmp_path, tasks=("tables", "charts"), profile="fast")
    report = asyncio.run(run(job, Settings()))
    assert len(report.outcome.tables) == 1
    assert {name: rows(out, name) for name in TABLES if name not in TIMED} == {
        name: rows(tmp_path, name) for name in TABLES if name not in TIMED
    }


def test_the_committed_run_names_the_flow_run_and_its_deployment(finished: tuple[Json, Path]):
    flow_run, out = finished
    [committed] = rows(out, "runs")
    assert (committed["flow_run_id"], committed["deployment"]) == (flow_run["id"], "local")
    assert flow_run["name"] == "price-list.png: tables, charts"


def test_a_finished_run_shows_its_documents_and_all_of_its_progress(served: Served, finished: tuple[Json, Path]):
    artifacts = served.artifacts(finished[0]["id"])
    expected = [{"file": "price-list.png", "pages": 1, "tables": 1, "charts": 0, "status": "ok"}]
    assert json.loads(artifacts["longread-documents"]["data"]) == expected
    assert artifacts["longread-progress"]["data"] == 100
    assert "1 of 1 pages" in artifacts["longread-progress"]["description"]


def test_the_query_in_the_summary_reads_the_dataset(served: Served, finished: tuple[Json, Path]):
    summary = served.artifacts(finished[0]["id"])["longread-summary"]["data"]
    query = summary.partition("```sql\n")[2].partition("```")[0]
    assert len(duckdb.sql(query).fetchall()) == len(rows(finished[1], "table_cells")) > 0


def test_each_unit_of_work_is_a_task_that_depends_on_no_other(served: Served, finished: tuple[Json, Path]):
    body = {"flow_runs": {"id": {"any_": [finished[0]["id"]]}}}
    tasks = served.api.post("task_runs/filter", json=body).json()
    assert {task["name"] for task in tasks} == {"survey batch 1 of 1", "read price-list.png"}
    assert all(not parents for task in tasks for parents in task["task_inputs"].values())


def test_a_backend_that_is_not_there_fails_the_run_and_says_what_to_do(served: Served, price_list: str, tmp_path: Path):
    flow_run_id = served.started(sources=[price_list], out=str(tmp_path), backend="http://127.0.0.1:9")
    flow_run = served.flow_run(flow_run_id, "COMPLETED", "FAILED", "CRASHED")
    assert flow_run["state"]["type"] == "FAILED"
    assert "no server answers at http://127.0.0.1:9" in flow_run["state"]["message"]
    assert "start it" in flow_run["state"]["message"]


def test_tasks_hand_on_results_and_errors_as_they_are_and_keep_the_limit(served: Served):
    result = object()
    under_way, most = [], []

    async def unit() -> object:
        under_way.append(1)
        most.append(len(under_way))
        await asyncio.sleep(0.1)
        under_way.pop()
        return result

    async def broken() -> object:
        msg = "gone"
        raise BackendUnavailable(msg)

    @flow(persist_result=False)
    async def probe() -> None:
        spawn = as_tasks(2)
        assert all(done is result for done in await asyncio.gather(*(spawn(f"unit {n}", unit) for n in range(5))))
        with pytest.raises(BackendUnavailable, match="gone"):
            await spawn("broken", broken)

    with temporary_settings({PREFECT_API_URL: f"{served.url}/api"}):
        asyncio.run(probe())
    assert max(most) == 2


def test_stopping_cancels_what_runs_and_leaves_no_process(served: Served, samples: Path, tmp_path: Path):
    """The last test: it stops the server of all."""
    flow_run_id = served.started(sources=[str(samples / "northwind-annual-report-2023.pdf")], out=str(tmp_path))
    served.reach(flow_run_id, "survey")
    assert len(served.processes()) > len({"up", "server", "flow run"})
    assert served.stop() == 0, served.log()
    assert not served.processes()
    with sqlite3.connect(served.home / "prefect.db") as database:
        assert database.execute("SELECT state_type FROM flow_run WHERE id = ?", [flow_run_id]).fetchone() == ("CANCELLED",)
