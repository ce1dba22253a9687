"""One clear sentence and the right exit code for whatever is asked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]


def longread(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env={**os.environ, "COLUMNS": "200"})


def test_a_clean_run_exits_0_and_says_where_the_dataset_is(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    done = longread("run", make_pdf(), "--out", tmp_path / "out", "--backend", scripted.url)
    assert done.returncode == 0, done.stderr
    assert f"the dataset is in {tmp_path / 'out'}" in done.stdout
    assert "sample.pdf" in done.stdout


def test_failures_exit_3_and_are_named(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    (tmp_path / "notes.pdf").write_text("plain text")
    done = longread("run", make_pdf(), tmp_path / "notes.pdf", tmp_path / "nope", "--out", tmp_path / "out", "--backend", scripted.url)
    assert done.returncode == 3
    assert "notes.pdf is neither a PDF nor" in done.stdout
    assert "no file, folder or match at" in done.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("- {id: a, question: What, page: 3}", "unknown column page; known are id, question, docs, answer_kind"),
        ("- {id: a, question: What}\n- {id: a, question: Why}", "the id a stands for more than one question"),
        ("- {id: a}", "question 1: question: Field required"),
        ("just text", "holds no list of questions"),
        ("[1, 2", "cannot be read"),
    ],
)
def test_a_bad_question_file_exits_2(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "questions.yaml"
    path.write_text(content)
    done = longread("run", tmp_path, "--questions", path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_schema_that_cannot_be_read_exits_2_and_names_the_field(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"type": "object", "properties": {"prices": {"type": "object", "additionalProperties": {"type": "number"}}}}')
    done = longread("run", tmp_path, "--schema", path)
    assert done.returncode == 2
    assert "mine.json: the field prices has no fixed properties" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "options",
    [("--profile", "turbo"), ("--tasks", "tables,poems"), ("--questions", "questions.yaml"), ("--unknown",), ("--schema-scope", "page")],
)
def test_wrong_options_exit_2(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = longread("run", tmp_path, *options)
    assert done.returncode == 2
    assert options[0].strip("-") in done.stderr


def test_an_unreachable_backend_exits_4(make_pdf: MakePdf, tmp_path: Path) -> None:
    done = longread("run", make_pdf(), "--out", tmp_path / "out", "--backend", "http://127.0.0.1:9")
    assert done.returncode == 4
    assert "no server answers at http://127.0.0.1:9" in done.stderr


def test_an_interrupted_run_exits_130_and_says_it_resumes(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.delay_s = 20
    command = [sys.executable, "-m", "pipeline", "run", str(make_pdf()), "--out", str(tmp_path / "out"), "--backend", scripted.url]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while not scripted.bodies:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "goes on from here" in said


def test_plan_tells_tokens_and_cost_without_a_backend(make_pdf: MakePdf, tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text("- {id: a, question: What}")
    done = longread("plan", make_pdf(), "--questions", tmp_path / "q.yaml")
    assert done.returncode == 0, done.stderr
    assert "batches 1 (no packing takes fewer than 1), requests 2" in done.stdout
    assert "USD" in done.stdout
    assert "assumed: rates and prices: cookbook" in done.stdout


def test_plan_as_json_has_stable_keys_on_stdout_and_the_rest_on_stderr(make_pdf: MakePdf, tmp_path: Path) -> None:
    done = longread("plan", make_pdf(), tmp_path / "nope", "--json", "--gpu", "h100-fp8", "--replicas", 3)
    assert done.returncode == 3
    assert "no file, folder or match at" in done.stderr
    planned = json.loads(done.stdout)
    assert (planned["documents"], planned["pages"], planned["batches"], planned["lower_bound_batches"], planned["requests"]) == (
        1,
        3,
        1,
        1,
        1,
    )
    assert planned["prompt_tokens"] > planned["image_tokens"] > 3 * 500
    assert planned["estimated_gpu_seconds"] == pytest.approx(3 * 4 * planned["estimated_wall_seconds"], abs=1)
    assert planned["throughput"]["name"] == "h100-fp8"
    assert [document["filename"] for document in planned["per_document"]] == ["sample.pdf"]


def test_plan_with_an_unknown_gpu_exits_2_and_prints_no_json(make_pdf: MakePdf) -> None:
    done = longread("plan", make_pdf(), "--json", "--gpu", "h101")
    assert (done.returncode, done.stdout) == (2, "")
    assert "profiles are cookbook, h100" in done.stderr


def test_a_run_shows_what_was_planned_beside_what_was_done(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    done = longread("run", make_pdf(), "--out", tmp_path / "out", "--backend", scripted.url)
    assert "planned and done" in done.stdout
    shown = [[cell.strip() for cell in line.split("│")[1:4]] for line in done.stdout.splitlines()]
    assert ["pages", "3", "3"] in shown
    assert ["batches", "1", "1"] in shown
