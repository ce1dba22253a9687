"""The main job against real SGLang. The model is random, so what it says is noise; what is held is everything around it."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from pipeline.check import check, worst
from pipeline.line import served_model
from schemas.settings import Job, Settings
from tests.server.processes import Running

LIMITS = {"LONGREAD_MAX_OUTPUT_TOKENS": "300", "LONGREAD_PATIENCE_S": "60"}
# What `longread serve sglang` starts a router with (pipeline/launch.py).
AS_LAUNCHED = {
    "health_check_endpoint": "/ready",
    "health_check_interval_secs": 2,
    "health_check_timeout_secs": 15,
    "health_failure_threshold": 2,
    "retry_max_retries": 3,
    "retry_initial_backoff_ms": 1500,
    "retry_backoff_multiplier": 3,
    "disable_circuit_breaker": True,
}


def rows(out: Path, table: str) -> list[dict[str, Any]]:
    return ds.dataset(out / table, partitioning="hive").to_table().to_pylist()


def started(url: str, out: Path, checkpoint: Path, *sources: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipeline", "run", *map(str, sources), "--out", str(out), "--backend", url]
    environment = {**os.environ, **LIMITS}
    return subprocess.Popen([*command, "--checkpoint", str(checkpoint)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def hold_the_laws(out: Path, n_pages: int) -> None:
    """Every page ended once, every request was counted to the token and stands once, and what is missing is named."""
    pages, requests, failures = rows(out, "pages"), rows(out, "requests"), rows(out, "failures")
    assert len({(page["doc_id"], page["page_no"]) for page in pages}) == len(pages) == n_pages
    assert len({request["request_id"] for request in requests}) == len(requests) > 0
    answered = [request for request in requests if request["finish_reason"] != "error"]
    assert answered
    assert all(request["expected_prompt_tokens"] == request["prompt_tokens"] for request in answered)
    failed = {page["page_no"] for page in pages if page["status"] == "failed"}
    assert failed <= {failure["page_no"] for failure in failures}
    assert all(failure["category"] and failure["message"] for failure in failures)


def test_a_run_ends_with_everything_accounted_for(sglang_moe: Running, checkpoints: dict[str, Path], samples: Path, tmp_path: Path) -> None:
    job = started(f"{sglang_moe.url}/v1", tmp_path / "out", checkpoints["moe"], samples / "price-list.png", samples / "inspection-scan.pdf")
    printed, _ = job.communicate(timeout=500)
    assert job.returncode in {0, 3}, printed.decode()
    assert "cannot read" in printed.decode(), "a random model is told from one that reads"
    hold_the_laws(tmp_path / "out", n_pages=4)


def test_a_worker_that_dies_in_the_middle_costs_nothing(
    sglang_pair: tuple[Running, Running], checkpoints: dict[str, Path], make_router: Any, samples: Path, tmp_path: Path
) -> None:
    router = make_router([*sglang_pair], **AS_LAUNCHED)
    job = started(router.url, tmp_path / "out", checkpoints["moe"], samples / "price-list.png", samples / "inspection-scan.pdf")
    store = tmp_path / "out" / ".store" / "completions"
    while job.poll() is None and len([*store.rglob("*.json")]) < 3:
        time.sleep(0.2)
    assert job.poll() is None, "the run ended before a worker could be killed"
    sglang_pair[1].kill()
    printed, _ = job.communicate(timeout=500)
    assert job.returncode in {0, 3}, printed.decode()
    hold_the_laws(tmp_path / "out", n_pages=4)
    lost = [row for row in rows(tmp_path / "out", "failures") if row["category"] in {"unavailable", "overloaded", "timeout"}]
    assert not lost, "what the dead worker had was asked for again, from the other one"


@pytest.mark.parametrize("server", ["sglang_moe", "sglang_dense"])
def test_the_check_finds_all_well_but_the_reading(server: str, checkpoints: dict[str, Path], request: pytest.FixtureRequest) -> None:
    folder = checkpoints["dense" if server == "sglang_dense" else "moe"]
    job = Job(sources=("-",), backend=request.getfixturevalue(server).url, **served_model(None, folder))

    async def found() -> dict[str, str]:
        lines = [line async for line in check(job, Settings())]
        assert worst(lines) == "failed"
        return {line.name: f"{line.verdict}: {line.told}" for line in lines}

    verdicts = asyncio.run(found())
    assert "model cannot read" in verdicts["sees"]
    for name in ("server", "vision", "image tokens", "text tokens", "prefix cache", "max_tokens", "schema, thinking off"):
        assert verdicts[name].startswith("ok"), f"{name}: {verdicts[name]}"
    assert "0.5.23" in verdicts["server"]
