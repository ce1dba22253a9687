"""The laws of the whole line, against a real HTTP server: everything is accounted for, nothing is done twice, nothing is lost."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pymupdf
import pytest

from pipeline.run import run
from schemas.outcome import Progress, Report
from schemas.settings import Job, Question, Settings
from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]
SETTINGS = Settings(attempts=2)


def read(server: ScriptedServer, out: Path, *sources: Path, settings: Settings = SETTINGS, **options: Any) -> Report:
    job = Job(sources=tuple(map(str, sources)), out=out, backend=server.url, **options)
    return asyncio.run(run(job, settings))


def rows(out: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table over all runs, without what differs from run to run."""
    found = ds.dataset(out / table, partitioning="hive").to_table().to_pylist()
    return [{key: value for key, value in row.items() if key not in {"run_id", "run_date"}} for row in found]


def data(out: Path) -> dict[str, list[dict[str, Any]]]:
    tables = ("documents", "pages", "tables", "table_fragments", "table_cells", "charts", "chart_points", "answers", "evidence")
    return {table: sorted(rows(out, table), key=lambda row: json.dumps(row, default=str)) for table in tables}


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.parquet")}


def pages_of(number: int) -> tuple[str, ...]:
    return tuple(f"page {page}" for page in range(1, number + 1))


def test_every_page_and_every_located_table_is_accounted_for(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    report = read(scripted, tmp_path / "out", make_pdf(texts=(*pages_of(4), "")))
    assert report.record.status == "ok"
    assert [row["status"] for row in rows(tmp_path / "out", "pages")] == ["read"] * 4 + ["skipped"]
    assert len(report.outcome.tables) == 4
    assert {row["finish_reason"] for row in rows(tmp_path / "out", "requests")} == {"stop"}


def test_a_table_over_three_pages_is_one_row_of_tables(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.continues = lambda page: page in {2, 3}
    read(scripted, tmp_path / "out", make_pdf(texts=pages_of(4)))
    first, second = rows(tmp_path / "out", "tables")
    assert (first["page_first"], first["page_last"], first["n_fragments"], first["n_rows"]) == (1, 3, 3, 13)
    assert second["page_first"] == 4


def test_a_window_overlap_gives_nothing_twice(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.max_model_len = 14_000
    report = read(scripted, tmp_path / "out", make_pdf(texts=pages_of(30)))
    assert scripted.kinds.count("survey") > 2
    assert len(report.outcome.tables) == 30
    assert len(rows(tmp_path / "out", "pages")) == 30


def test_a_second_run_does_no_work_and_changes_no_file(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    source, out = make_pdf(), tmp_path / "out"
    questions = (Question(id="q", question="What?"),)
    read(scripted, out, source, questions=questions)
    before, asked = files(out), len(scripted.bodies)
    report = read(scripted, out, source, questions=questions)
    assert len(scripted.bodies) == asked
    assert len(report.recognised) == 1
    after = files(out)
    assert {name: after[name] for name in before} == before
    assert [name.split("/")[0] for name in after if name not in before] == ["runs"]


def test_force_reads_again_and_finds_the_completions_in_the_store(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    source, out = make_pdf(), tmp_path / "out"
    read(scripted, out, source)
    asked = len(scripted.bodies)
    report = read(scripted, out, source, force=True)
    assert len(scripted.bodies) == asked
    assert len(report.outcome.tables) == 3
    assert all(record.completion.from_store for record in report.outcome.requests)


def test_a_new_document_and_a_new_question_are_all_that_is_read(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    first, out = make_pdf("a/first.pdf"), tmp_path / "out"
    read(scripted, out, first.parent)
    second = make_pdf("a/second.pdf", ("four", "five"))
    report = read(scripted, out, first.parent, questions=(Question(id="q", question="What?", docs=("first.pdf",)),))
    assert [done.document.filename for done in report.outcome.documents] == [second.name]
    assert len(report.outcome.answers) == 1


def test_the_same_bytes_under_two_names_are_read_once(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    first = make_pdf("a/first.pdf")
    (first.parent / "copy.pdf").write_bytes(first.read_bytes())
    read(scripted, tmp_path / "out", first.parent)
    assert sorted(row["filename"] for row in rows(tmp_path / "out", "documents")) == ["copy.pdf", "first.pdf"]
    assert len(rows(tmp_path / "out", "pages")) == 3


@pytest.mark.parametrize("fault", ["cut", "garbage", "wrapped", "loop", "wrong page", "context", "500", "429", "reset"])
def test_one_fault_anywhere_loses_nothing(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, fault: str) -> None:
    source = make_pdf(texts=pages_of(6))
    read(scripted, tmp_path / "clean", source)
    scripted.script.faults = [fault]
    report = read(scripted, tmp_path / "faulty", source)
    assert not report.outcome.failures
    drop = ("batch_ids",)
    clean, faulty = (
        {t: [{k: v for k, v in r.items() if k not in drop} for r in rs] for t, rs in data(tmp_path / name).items()}
        for name in ("clean", "faulty")
    )
    assert clean == faulty


def test_a_server_that_fails_for_good_fails_pages_by_name(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.faults = ["400"] * 50
    report = read(scripted, tmp_path / "out", make_pdf())
    assert report.record.status == "partial"
    assert [row["status"] for row in rows(tmp_path / "out", "pages")] == ["failed"] * 3
    assert {row["category"] for row in rows(tmp_path / "out", "failures")} == {"rejected"}
    scripted.script.faults = []
    assert len(read(scripted, tmp_path / "out", make_pdf()).outcome.tables) == 3


def test_a_page_that_brings_the_server_down_costs_that_page(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.poison = "[doc 1 · page 3]"
    report = read(scripted, tmp_path / "out", make_pdf(texts=pages_of(5)), settings=Settings(attempts=1))
    assert [row["status"] for row in rows(tmp_path / "out", "pages")] == ["read", "read", "failed", "read", "read"]
    assert "poison" in report.outcome.failures[0].message
    assert len(report.outcome.tables) == 4


def test_a_long_table_is_paged_until_its_promise_is_kept(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.rows, scripted.script.rows_per_reply = 25, 7
    read(scripted, tmp_path / "out", make_pdf(texts=("one",)), profile="fast")
    (table,) = rows(tmp_path / "out", "tables")
    assert (table["n_rows"], table["is_truncated"]) == (26, False)
    assert scripted.kinds.count("table") == 4


def test_bad_files_are_named_and_the_rest_is_read(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    good = make_pdf("in/good.pdf")
    make_pdf("in/locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x")
    (good.parent / "notes.pdf").write_text("plain text")
    report = read(scripted, tmp_path / "out", good.parent, tmp_path / "missing.pdf")
    assert {failure.category for failure in report.outcome.failures} == {"encrypted", "unsupported", "missing"}
    assert {row["filename"]: row["status"] for row in rows(tmp_path / "out", "documents")} == {
        "good.pdf": "ok",
        "locked.pdf": "failed",
        "notes.pdf": "failed",
    }


def test_a_question_about_an_unknown_document_is_named(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    report = read(scripted, tmp_path / "out", make_pdf(), questions=(Question(id="q", question="What?", docs=("nope.pdf",)),))
    assert "nope.pdf" in report.outcome.failures[0].message
    assert len(report.outcome.tables) == 3


def test_answers_carry_evidence_that_was_looked_for(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    evidence = [{"doc": 1, "page": 1, "quote": "page 1"}, {"doc": 1, "page": 2, "quote": "nothing of the kind"}]
    scripted.script.answer = {"is_answerable": True, "kind": "number", "text": "1", "number": 1, "evidence": evidence}
    read(scripted, tmp_path / "out", make_pdf(texts=pages_of(2)), questions=(Question(id="q", question="Which page?"),))
    assert [row["verify_status"] for row in rows(tmp_path / "out", "evidence")] == ["match", "not_found"]
    assert rows(tmp_path / "out", "answers")[0]["evidence_status"] == "partial"


def test_an_answer_without_evidence_does_not_count(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.answer = {"is_answerable": True, "kind": "number", "text": "42", "number": 42}
    read(scripted, tmp_path / "out", make_pdf(), questions=(Question(id="q", question="What?"),))
    assert rows(tmp_path / "out", "answers")[0]["is_answerable"] is False
    assert rows(tmp_path / "out", "failures")[0]["category"] == "ungrounded"


def test_a_scope_over_several_requests_is_joined_over_its_evidence(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.max_model_len = 14_000
    scripted.script.answer = {"is_answerable": True, "kind": "text", "text": "one", "evidence": [{"doc": 1, "page": 1, "quote": "page 1"}]}
    read(scripted, tmp_path / "out", make_pdf(texts=pages_of(30)), questions=(Question(id="q", question="What?"),))
    assert scripted.kinds.count("finding") > 1
    assert scripted.kinds.count("answer") == 1
    assert rows(tmp_path / "out", "answers")[0]["answer_text"] == "one"


def test_progress_ends_where_it_should(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    seen: list[Progress] = []
    job = Job(sources=(str(make_pdf()),), out=tmp_path / "out", backend=scripted.url)
    asyncio.run(run(job, SETTINGS, seen.append))
    last = seen[-1]
    assert (last.pages_done, last.pages_total, last.batches_done, last.reads_done) == (3, 3, 1, last.reads_total)


@pytest.mark.parametrize("after", [1, 4, 8])
def test_a_killed_run_resumes_to_the_same_rows(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, after: int) -> None:
    source = make_pdf(texts=pages_of(12))
    read(scripted, tmp_path / "undisturbed", source)
    done = len(scripted.bodies)
    scripted.script.delay_s = 0.2
    command = [sys.executable, "-m", "pipeline", "run", str(source), "--out", str(tmp_path / "killed"), "--backend", scripted.url]
    process = subprocess.Popen(command, start_new_session=True, env={**os.environ, "LONGREAD_CONCURRENCY": "2"}, stdout=subprocess.DEVNULL)
    while len(scripted.bodies) - done < after and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    scripted.script.delay_s = 0
    between = len(scripted.bodies)
    read(scripted, tmp_path / "killed", source)
    assert data(tmp_path / "killed") == data(tmp_path / "undisturbed")
    assert len(scripted.bodies) - between <= done - after + 3
