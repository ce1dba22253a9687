"""What the browser shows of a run, made from its report alone."""

from datetime import UTC, datetime
from pathlib import Path

from markdown_it import MarkdownIt

from flows.extract import final_state
from flows.progress import description, percent
from flows.publish import document_rows, summary
from schemas.document import Document, Page, Source
from schemas.extraction import AnswerReading
from schemas.failure import Failure
from schemas.outcome import (
    DocumentOutcome,
    DocumentStatus,
    Outcome,
    PageOutcome,
    Progress,
    RefusedDocument,
    Report,
    RunRecord,
)
from schemas.result import Answer, Evidence
from schemas.settings import Question

HOSTILE = "12 | ![x](http://evil/x.png) <img src=x> **b** `c` [l](http://evil)\n\n# more"
ACTIVE = {"image", "link_open", "html_inline", "html_block", "heading_open"}


def document(name: str, status: DocumentStatus = "ok") -> DocumentOutcome:
    page = Page(page_no=1, width_pt=612, height_pt=792)
    found = Document(doc_id=name, path=name, sources=(Source(uri=name, filename=name),), bytes=1, pages=(page,))
    return DocumentOutcome(document=found, status=status, pages=(PageOutcome(doc_id=name, page=page, image=None, status="read"),))


def answer(text: str | None, *pages: int) -> Answer:
    evidence = tuple(Evidence(doc_id="a.pdf", page_no=page, box=None, quote="", source_kind="text") for page in pages)
    reading = AnswerReading(is_answerable=text is not None, text=text)
    return Answer(question=Question(id="q", question="How much?"), doc_ids=("a.pdf",), reading=reading, evidence=evidence)


def report(outcome: Outcome) -> Report:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    record = RunRecord(
        run_id="r1",
        started_at=moment,
        ended_at=moment,
        status="partial",
        longread_version="0",
        config_digest="",
        config_json="",
        backend="embedded",
        model="m",
        prompt_version="1",
    )
    return Report(record=record, outcome=outcome)


def shown(markdown: str) -> tuple[set[str], str]:
    """Return the kinds of Markdown elements and the text that a reader sees."""
    tokens = [t for block in MarkdownIt("commonmark").enable("table").parse(markdown) for t in (block, *(block.children or []))]
    return {token.type for token in tokens}, " ".join(token.content for token in tokens if token.type in {"text", "text_special"})


def test_what_failed_comes_first_in_the_table_of_documents():
    refused = RefusedDocument(doc_id="x", source=Source(uri="x.pdf", filename="x.pdf"), bytes=1)
    rows = document_rows(Outcome(documents=(document("a.pdf"), document("b.pdf", "partial")), refused=(refused,)))
    assert [(row["file"], row["status"]) for row in rows] == [
        ("x.pdf", "failed"),
        ("b.pdf", "partial"),
        ("a.pdf", "ok"),
    ]


def test_a_failure_is_shown_with_its_document_its_page_and_what_to_do():
    failure = Failure(
        stage="complete",
        category="timeout",
        message="raise LONGREAD_SILENCE_S",
        doc_id="a.pdf",
        page_no=7,
        retryable=True,
    )
    _, text = shown(summary(report(Outcome(documents=(document("a.pdf"),), failures=(failure,))), Path("/data/out")))
    assert all(part in text for part in ("timeout", "a.pdf, p. 7", "raise LONGREAD_SILENCE_S", "start the same request again"))


def test_an_answer_is_shown_with_its_pages_each_once():
    _, text = shown(summary(report(Outcome(documents=(document("a.pdf"),), answers=(answer("12", 3, 3, 9),))), Path("/data/out")))
    assert "12 (a.pdf, p. 3; a.pdf, p. 9; unverified)" in text


def test_no_answer_is_said_to_be_none():
    _, text = shown(summary(report(Outcome(documents=(document("a.pdf"),), answers=(answer(None),))), Path("/data/out")))
    assert "not in these documents" in text


def test_nothing_in_a_document_becomes_an_element_of_the_page():
    failure = Failure(stage="open", category="corrupt", message=HOSTILE, doc_id=HOSTILE)
    outcome = Outcome(documents=(document(HOSTILE, "failed"),), answers=(answer(HOSTILE, 1),), failures=(failure,))
    kinds, text = shown(summary(report(outcome), Path("/data/out")))
    plain_kinds, _ = shown(summary(report(outcome.model_copy(update={"failures": (), "answers": ()})), Path("/data/out")))
    assert kinds & ACTIVE == plain_kinds & ACTIVE == {"heading_open"}
    assert "12 | ![x](http://evil/x.png) <img src=x> **b** `c` [l](http://evil) # more" in text


def test_a_file_name_cannot_put_an_image_into_the_table():
    [row] = document_rows(Outcome(documents=(document("![x](http://evil/x.png) <img src=x>.pdf"),)))
    kinds, _ = shown(str(row["file"]))
    assert not kinds & ACTIVE


FAILURE = Failure(stage="open", category="missing", message="no file at a.pdf")


def test_a_run_that_read_something_is_completed_and_counts_its_failures():
    state = final_state(report(Outcome(documents=(document("a.pdf"), document("b.pdf", "failed")), failures=(FAILURE,))))
    assert state.is_completed()
    assert state.message == "2 documents read; 1 failure recorded: see the summary artifact"


def test_a_run_that_read_nothing_is_failed_and_says_why():
    states = [final_state(report(Outcome(documents=found, failures=(FAILURE,)))) for found in ((), (document("b.pdf", "failed"),))]
    assert all(state.is_failed() and state.message == "nothing could be read: no file at a.pdf" for state in states)


def test_a_run_that_finds_its_documents_committed_is_completed():
    state = final_state(report(Outcome(failures=(FAILURE,))).model_copy(update={"recognised": (document("a.pdf").document,)}))
    assert state.is_completed()
    assert "1 committed before" in state.message


def test_percent_runs_from_none_to_all():
    steps = [
        Progress(),
        Progress(stage="survey", pages_total=10, pages_done=5),
        Progress(stage="read", pages_total=10, pages_done=10),
        Progress(stage="read", pages_total=10, pages_done=10, reads_total=4, reads_done=2),
        Progress(stage="write", pages_total=10, pages_done=10),
    ]
    assert [percent(step) for step in steps] == [0, 25, 50, 75, 100]


def test_progress_names_stage_counts_and_failures():
    told = description(Progress(stage="read", pages_total=12, pages_done=12, reads_total=9, reads_done=3, prompt_tokens=48_000, failures=1))
    assert told == "read: 12 of 12 pages, 3 of 9 tables, charts and questions, 48,000 tokens, 1 failure"
