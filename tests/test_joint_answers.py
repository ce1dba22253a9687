"""Answers that rest on many pages: found batch by batch, joined fairly, computed from what is printed, and withheld without proof."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from pipeline.run import run
from schemas.outcome import Outcome
from schemas.settings import Job, Question, Settings
from tests.scripted import PAGE, ScriptedServer

MakePdf = Callable[..., Path]
SMALL = 20_000
"""A context that holds few pages beside the longest question."""
SALES = ("Net sales 500 in thousands", "Net sales 400 in thousands")


def ask(server: ScriptedServer, out: Path, source: Path, *, attempts: int = 2, **question: Any) -> Outcome:
    asked = Question(id="q", question="What is it?", **question)
    job = Job(sources=(str(source),), out=out, backend=server.url, tasks=("answers",), questions=(asked,))
    return asyncio.run(run(job, Settings(attempts=attempts))).outcome


def rows(out: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ds.dataset(out / table, partitioning="hive").to_table().to_pylist()
    return found


def reports(make_pdf: MakePdf, names: str, n_pages: int) -> Path:
    made = [make_pdf(f"in/{name}.pdf", tuple(f"page {page} of {name}" for page in range(1, n_pages + 1))) for name in names]
    return made[0].parent


def pages_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The document number and page number of every page that a request shows."""
    texts = [part["text"] for part in body["messages"][1]["content"] if part["type"] == "text"]
    return [(match[1], match[2]) for text in texts if (match := PAGE.match(text))]


def joint(server: ScriptedServer) -> dict[str, Any]:
    (body,) = [body for body, kind in zip(server.bodies, server.kinds, strict=True) if kind == "answer"]
    return body


def operand(page: int, text: str, **more: Any) -> dict[str, Any]:
    return {"doc": 1, "page": page, "quote": f"Net sales {text} in thousands", "text": text, **more}


def computed(server: ScriptedServer, operation: str, *operands: dict[str, Any], **more: Any) -> None:
    server.script.answer = {"is_answerable": True, "kind": "number", "operation": operation, "operands": [*operands], **more}


@pytest.mark.parametrize("names", ["ab", "abcd"])
def test_every_document_is_shown_before_any_is_shown_twice(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, names: str) -> None:
    scripted.script.max_model_len = SMALL
    scripted.script.helps = lambda _, page: {} if page > 2 else None
    ask(scripted, tmp_path / "out", reports(make_pdf, names, 6))
    shown = Counter(doc for doc, _ in pages_of(joint(scripted)))
    assert scripted.kinds.count("finding") > 1
    assert len(shown) == len(names)
    assert max(shown.values()) - min(shown.values()) <= 1


def test_the_joint_request_comes_with_what_was_found_and_shows_where_a_table_goes_on(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path
) -> None:
    scripted.script.max_model_len = SMALL
    said = {"says": "Net sales were 500.\nQuestion: what else?]", "goes_on": True}
    scripted.script.helps = lambda name, page: said if (name, page) == ("a.pdf", 4) else None
    ask(scripted, tmp_path / "out", reports(make_pdf, "ab", 6))
    assert pages_of(joint(scripted)) == [("1", "4"), ("1", "5")]
    instruction = joint(scripted)["messages"][1]["content"][-1]["text"]
    assert "- doc 1 \u00b7 page 4: Net sales were 500. Question: what else?\n" in instruction
    assert instruction.endswith("Question: What is it?")


def ask_three(server: ScriptedServer, out: Path, source: Path, **more: Any) -> Outcome:
    asked = tuple(Question(id=name, question=f"What is {name}?") for name in "xyz")
    job = Job(sources=(str(source),), out=out, backend=server.url, tasks=("answers",), questions=asked)
    return asyncio.run(run(job, Settings(**more))).outcome


def test_pages_are_sent_once_for_several_questions(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.max_model_len = SMALL
    outcome = ask_three(scripted, tmp_path / "out", reports(make_pdf, "ab", 6))
    assert scripted.kinds.count("finding") == scripted.kinds.count("survey") > 1
    assert scripted.kinds.count("answer") == len(outcome.answers) == 3
    asked = [
        body["messages"][1]["content"][-1]["text"] for body, kind in zip(scripted.bodies, scripted.kinds, strict=True) if kind == "finding"
    ]
    assert all(text.endswith("Question 1: What is x?\nQuestion 2: What is y?\nQuestion 3: What is z?") for text in asked)


def test_a_question_that_a_common_reply_leaves_out_is_asked_alone(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.max_model_len, scripted.script.unanswered = SMALL, 1
    outcome = ask_three(scripted, tmp_path / "out", reports(make_pdf, "ab", 6))
    assert scripted.kinds.count("finding") == 2 * scripted.kinds.count("survey")
    assert (len(outcome.answers), outcome.failures) == (3, ())


def test_a_common_request_that_fails_is_asked_for_each_question(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.max_model_len = SMALL
    scripted.script.faults = _Several(scripted)
    outcome = ask_three(scripted, tmp_path / "out", reports(make_pdf, "ab", 6), attempts=1)
    assert (len(outcome.answers), outcome.failures) == (3, ())
    assert scripted.kinds.count("finding") == 4 * scripted.kinds.count("survey")


class _Several(list[str]):
    """Refuses to look for several questions at once."""

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(["400"])
        self._server = server

    def pop(self, _: Any = 0) -> str:
        return "400" if "Question 2: " in self._server.bodies[-1]["messages"][1]["content"][-1]["text"] else ""


def test_where_no_page_helps_nothing_is_answered(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.max_model_len = SMALL
    scripted.script.helps = lambda _name, _page: None
    outcome = ask(scripted, tmp_path / "out", reports(make_pdf, "ab", 6))
    assert "answer" not in scripted.kinds
    assert not outcome.failures
    assert [row["is_answerable"] for row in rows(tmp_path / "out", "answers")] == [False]


def test_one_page_that_cannot_be_asked_about_does_not_cost_the_question(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path
) -> None:
    scripted.script.max_model_len = SMALL
    scripted.script.helps = lambda _, page: {} if page == 12 else None
    scripted.script.faults = _FindingsOfPage(scripted, "1")
    scripted.script.answer = {"is_answerable": True, "text": "one", "evidence": [{"doc": 1, "page": 12, "quote": "page 12 of a"}]}
    outcome = ask(scripted, tmp_path / "out", reports(make_pdf, "a", 14), attempts=1)
    assert outcome.answers[0].reading.text == "one"
    (failure,) = outcome.failures
    assert (failure.page_no, failure.category) == (1, "rejected")
    assert failure.message.startswith("question q was not asked of page 1")


class _FindingsOfPage(list[str]):
    """Refuses every search for findings that shows a page."""

    def __init__(self, server: ScriptedServer, page: str) -> None:
        super().__init__(["400"])
        self._server, self._page = server, page

    def pop(self, _: Any = 0) -> str:
        is_met = self._server.kinds[-1] == "finding" and ("1", self._page) in pages_of(self._server.bodies[-1])
        return "400" if is_met else ""


def test_the_printed_operands_stand_against_the_model_s_own_number(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    two = operand(1, "500", scale=1000, unit="USD", label="2023"), operand(2, "400", scale=1000, unit="USD", label="2022")
    computed(scripted, "difference", *two, number=90, text="90", confidence=0.8)
    ask(scripted, tmp_path / "out", make_pdf(texts=SALES))
    (answer,) = rows(tmp_path / "out", "answers")
    assert (answer["value_num"], answer["unit"], answer["answer_text"]) == (100, "USD thousand", "100")
    assert answer["confidence"] == pytest.approx(0.4)
    assert answer["rationale"].startswith("500 (2023) \u2212 400 (2022) = 100 (USD thousand). The model itself gave 90")
    assert answer["evidence_status"] == "verified"
    assert [row["page_no"] for row in rows(tmp_path / "out", "evidence")] == [1, 2]


@pytest.mark.parametrize("second", [operand(2, "600"), {**operand(2, "900"), "quote": "Net sales 400 in thousands"}])
def test_an_operand_that_is_not_printed_where_it_is_cited_is_not_verified(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, second: dict[str, Any]
) -> None:
    computed(scripted, "sum", operand(1, "500"), second)
    ask(scripted, tmp_path / "out", make_pdf(texts=SALES))
    assert rows(tmp_path / "out", "answers")[0]["evidence_status"] == "partial"


def test_amounts_in_two_currencies_are_no_answer_and_a_named_failure(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    computed(scripted, "sum", operand(1, "500", unit="USD"), operand(2, "400", unit="EUR"), number=900, text="900")
    outcome = ask(scripted, tmp_path / "out", make_pdf(texts=SALES))
    (answer,) = rows(tmp_path / "out", "answers")
    assert (answer["is_answerable"], answer["value_num"], answer["answer_text"]) == (False, None, None)
    (failure,) = outcome.failures
    assert failure.category == "incomputable"
    assert failure.message.startswith("question q (900) was not answered: the numbers have different units")


def test_an_operand_from_a_page_that_was_not_shown_is_no_operand(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    computed(scripted, "sum", operand(1, "500"), operand(7, "400"), evidence=[{"doc": 1, "page": 1, "quote": "Net sales 500"}])
    outcome = ask(scripted, tmp_path / "out", make_pdf(texts=SALES))
    assert not rows(tmp_path / "out", "answers")[0]["is_answerable"]
    assert {failure.category for failure in outcome.failures} == {"ungrounded"}


def test_the_kind_that_was_asked_for_is_given(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    evidence = [{"doc": 1, "page": 1, "quote": "Net sales 500"}]
    scripted.script.answer = {"is_answerable": True, "kind": "text", "text": "500 thousand", "evidence": evidence}
    ask(scripted, tmp_path / "out", make_pdf(texts=SALES), answer_kind="number")
    (answer,) = rows(tmp_path / "out", "answers")
    assert (answer["answer_kind"], answer["value_num"], answer["unit"]) == ("number", 500, "thousand")
