"""`longread check` says what is wrong with a backend and what to change; its verdict is its exit code."""

import asyncio

import pytest
from typer.testing import CliRunner

from pipeline.check import Check, check, worst
from pipeline.cli import app
from schemas.settings import Job, Settings
from tests.doubles import novita
from tests.scripted import ScriptedServer


def found(url: str, model: str | None = None) -> dict[str, Check]:
    async def lines() -> list[Check]:
        return [line async for line in check(Job(sources=("-",), backend=url, model=model), Settings(attempts=1))]

    return {line.name: line for line in asyncio.run(lines())}


def test_all_is_well_with_a_server_that_sees_and_counts(scripted: ScriptedServer) -> None:
    scripted.script.cached = 1000
    lines = found(scripted.url)
    assert worst([*lines.values()]) == "ok", lines
    assert lines["sees"].told == "read 730,418"


def test_a_server_that_drops_images_is_told_from_one_that_cannot_read(scripted: ScriptedServer) -> None:
    scripted.script.blind = True
    assert "the image was dropped" in found(scripted.url)["sees"].told
    scripted.script.blind, scripted.script.reads = False, False
    assert "the model cannot read" in found(scripted.url)["sees"].told


def test_a_drift_of_tokens_is_a_failure(scripted: ScriptedServer) -> None:
    scripted.script.miscounts = 3
    line = found(scripted.url)["image tokens"]
    assert line.verdict == "failed"
    assert "--checkpoint" in line.told


def test_a_server_that_caches_nothing_is_a_warning(scripted: ScriptedServer) -> None:
    scripted.script.cached = None
    assert "--enable-cache-report" in found(scripted.url)["prefix cache"].told


def test_a_short_context_is_said_with_what_to_change(scripted: ScriptedServer) -> None:
    scripted.script.max_model_len = 4_000
    assert "--context-length" in found(scripted.url)["context"].told


def test_a_service_that_states_no_image_tokens_is_judged_by_how_the_prompt_grows() -> None:
    with novita() as double:
        lines = found(f"novita+{double.url}")
    assert lines["sees"].verdict == "ok"
    assert lines["image tokens"].verdict == "failed", "this double counts 900 whatever it is shown"


@pytest.mark.parametrize(("reads", "code"), [(True, 0), (False, 4)])
def test_the_exit_code_says_whether_it_can_be_used(scripted: ScriptedServer, *, reads: bool, code: int) -> None:
    scripted.script.cached, scripted.script.reads = 1000, reads
    done = CliRunner().invoke(app, ["check", "--backend", scripted.url])
    assert done.exit_code == code, done.output
