"""What a model or server does wrong, through the whole line: each has a defined outcome, and every rung is a row of `requests`."""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.ladder import bands
from pipeline.run import run
from schemas.document import Box, LayerWord
from schemas.errors import BackendError
from schemas.message import Request
from schemas.outcome import Outcome
from schemas.settings import Job, Question, Settings
from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]


def read(server: ScriptedServer, out: Path, source: Path, settings: Settings | None = None, **options: Any) -> Outcome:
    job = Job(sources=(str(source),), out=out, backend=server.url, **options)
    return asyncio.run(run(job, settings or Settings(attempts=1, patience_s=0))).outcome


def rungs(outcome: Outcome) -> Counter[tuple[str, str]]:
    return Counter((record.request.kind, record.completion.finish_reason) for record in outcome.requests)


@pytest.mark.parametrize("fault", ["wrapped", "leaks", "leaks open", "restated"])
def test_thinking_markers_and_restatements_around_the_answer_cost_nothing(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, fault: str
) -> None:
    scripted.script.faults = [fault]
    outcome = read(scripted, tmp_path / "out", make_pdf(), profile="fast")
    assert not outcome.failures
    assert rungs(outcome) == {("survey", "stop"): 1, ("tables", "stop"): 1}


@pytest.mark.parametrize("fault", ["empty", "garbage", "wrong page", "blank", "loop"])
def test_a_reply_that_is_no_use_is_asked_for_again_warmer(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, fault: str) -> None:
    scripted.script.faults = [fault]
    outcome = read(scripted, tmp_path / "out", make_pdf())
    assert not outcome.failures
    surveys = [body for body, kind in zip(scripted.bodies, scripted.kinds, strict=True) if kind == "survey"]
    assert [body["temperature"] for body in surveys] == [0.0, 0.4]
    assert sum(record.request.kind == "survey" for record in outcome.requests) == 2


def test_then_for_half_of_the_pages(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.faults = ["garbage", "garbage"]
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=("one", "two")))
    assert not outcome.failures
    assert [len(record.request.images) for record in outcome.requests if record.request.kind == "survey"].count(1) == 2


def test_then_a_page_is_shown_in_two_halves(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.faults = ["garbage", "garbage"]
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=("one",)))
    assert not outcome.failures
    shown = [record.request.images[0].crop for record in outcome.requests if record.request.kind == "survey"]
    assert sum(crop is not None for crop in shown) == 2
    assert len(outcome.tables) == 1, "the lower half shows none"


def test_and_at_last_it_is_a_failure_that_names_it(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.faults = ["garbage"] * 6
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=("one",)))
    assert [(failure.category, failure.page_no) for failure in outcome.failures] == [("malformed", 1)]
    assert rungs(outcome) == {("survey", "stop"): 6}


def test_a_table_that_cannot_be_read_whole_is_read_in_bands(scripted: ScriptedServer, tmp_path: Path, make_pdf: MakePdf) -> None:
    source = make_pdf(texts=("one",))
    _write_rows(source)
    scripted.script.faults = ["", "garbage", "garbage"]
    outcome = read(scripted, tmp_path / "out", source)
    assert not outcome.failures
    (table,) = outcome.tables
    assert table.n_rows == 9, "five rows a band, of which the second's header is dropped"


def test_a_request_that_failed_is_a_row_too(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.faults = ["500"]
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=("one", "two")))
    assert not outcome.failures
    assert rungs(outcome)["survey", "error"] == 1


def test_filtered_pages_are_narrowed_down_and_named(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.faults = ["content_filter", "content_filter", "content_filter", "content_filter"]
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=("one", "two")))
    assert [(failure.category, failure.page_no) for failure in outcome.failures] == [("filtered", 1)]
    assert {page.page.page_no: page.status for page in outcome.documents[0].pages} == {1: "failed", 2: "read"}


def test_a_question_whose_answer_is_no_use_is_asked_warmer_and_then_of_fewer_pages(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path
) -> None:
    scripted.script.faults = ["", "empty", "empty"]
    scripted.script.answer = {"is_answerable": True, "text": "one", "evidence": [{"doc": 1, "page": 1, "quote": "one"}]}
    outcome = read(scripted, tmp_path / "out", make_pdf(), tasks=("answers",), questions=(Question(id="q", question="What?"),))
    assert not outcome.failures
    assert outcome.answers[0].reading.text == "one"
    assert scripted.kinds[1:] == ["answer", "answer", "finding", "finding", "answer"]


def test_a_question_about_pages_that_were_not_read_is_not_answered_with_no(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path
) -> None:
    scripted.script.poison = "doc 1 · page 1"
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=("one",)), questions=(Question(id="q", question="What?"),))
    assert not outcome.answers
    assert [failure.message for failure in outcome.failures if failure.category == "unread"] == [
        "question q was not answered: none of the pages it is about could be read"
    ]


def test_a_server_that_does_not_see_is_refused_before_anything_is_asked(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path
) -> None:
    scripted.script.blind = True
    with pytest.raises(BackendError, match="without seeing"):
        read(scripted, tmp_path / "out", make_pdf())
    assert not scripted.bodies


def test_tokens_other_than_predicted_are_a_warning(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.miscounts = 3
    outcome = read(scripted, tmp_path / "out", make_pdf())
    assert any("--checkpoint" in warning and "+3" in warning for warning in outcome.warnings)


def test_the_key_is_nowhere_in_what_a_run_writes(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "sk-3b9f0c-not-to-be-seen"
    caplog.set_level("DEBUG")
    scripted.script.faults = ["", *["key", "500"] * 12]
    settings = Settings(attempts=2, api_key=SecretStr(secret))
    outcome = read(scripted, tmp_path / "out", make_pdf(), settings, questions=(Question(id="q", question="What?"),))
    assert scripted.headers[0]["authorization"] == f"Bearer {secret}"
    assert outcome.failures
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    printed = "".join(capfd.readouterr())
    for text in (written.decode(errors="replace"), caplog.text, printed, repr(settings), outcome.model_dump_json()):
        assert secret not in text


def test_questions_of_one_page_set_share_their_prefix_to_the_byte(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    questions = tuple(Question(id=str(number), question=f"What is {number}?") for number in range(3))
    outcome = read(scripted, tmp_path / "out", make_pdf(), tasks=("answers",), questions=questions)
    asked = [record.request for record in outcome.requests if record.request.kind in {"answer", "survey"}]
    assert len({_prefix(request) for request in asked}) == 1
    assert len({request.page_set for request in asked}) == 1
    assert len({headers["x-smg-routing-key"] for headers in scripted.headers}) == 1


def test_questions_are_sent_by_page_set_and_answered_in_their_own_order(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path
) -> None:
    first, second = make_pdf("in/a.pdf"), make_pdf("in/b.pdf", ("four", "five"))
    docs = [first.name, second.name] * 3
    questions = tuple(Question(id=str(number), question="What?", docs=(name,)) for number, name in enumerate(docs))
    outcome = read(scripted, tmp_path / "out", first.parent, tasks=("answers",), questions=questions)
    keys = [headers["x-smg-routing-key"] for headers, kind in zip(scripted.headers, scripted.kinds, strict=True) if kind == "answer"]
    assert sum(key != after for key, after in pairwise(keys)) <= 3, "page sets take turns only where they overlap"
    assert [answer.question.id for answer in outcome.answers] == [str(number) for number in range(6)]


def _prefix(request: Request) -> str:
    """Everything but the last part."""
    return request.model_copy(update={"parts": request.parts[:-1]}).model_dump_json(include={"system", "parts"})


def _write_rows(path: Path) -> None:
    import pymupdf  # noqa: PLC0415 - only here

    with pymupdf.open() as file:
        page = file.new_page(width=612, height=792)
        for row in range(8):
            page.insert_text((100, 100 + 25 * row), f"item {row}    {100 * row}", fontsize=12)
        file.save(path)


def test_bands_are_cut_between_lines() -> None:
    words = [LayerWord("x", 0.2, top, 0.3, top + 0.02) for top in (0.1, 0.2, 0.3, 0.4)]
    upper, lower = bands(Box(x0=0.1, y0=0.05, x1=0.9, y1=0.5), words)
    assert upper.y1 == lower.y0
    assert all(word.y1 <= upper.y1 or word.y0 >= lower.y0 for word in words)
    assert len(bands(Box(x0=0.1, y0=0.05, x1=0.9, y1=0.5), [])) == 1
