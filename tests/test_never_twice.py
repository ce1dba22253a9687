"""Whatever the windows, the continuations and the faults: no table, row or answer comes out twice, and what is missing is named."""

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pymupdf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.run import run
from schemas.outcome import Outcome
from schemas.settings import Job, Question, Settings
from tests.scripted import Script, ScriptedServer

PAGES, ROWS = 9, 3
FAULTS = st.sampled_from(["", "", "", "garbage", "cut", "empty", "reset", "500", "wrong page", "loop"])


def read(script: Script, folder: Path) -> Outcome:
    with pymupdf.open() as file:
        for number in range(PAGES):
            file.new_page(width=612, height=792).insert_text((72, 100), f"page {number + 1}", fontsize=12)
        file.save(folder / "pages.pdf")
    with ScriptedServer(script) as server:
        questions = (Question(id="q", question="What?"),)
        job = Job(sources=(str(folder / "pages.pdf"),), out=folder / "out", backend=server.url, questions=questions)
        return asyncio.run(run(job, Settings(attempts=2, patience_s=0))).outcome


@settings(max_examples=8)
@given(
    continued=st.sets(st.integers(2, PAGES)),
    on_page=st.integers(1, 2),
    context=st.sampled_from([13_000, 16_000, 131_072]),
    faults=st.lists(FAULTS, max_size=6),
)
@example(continued={7}, on_page=1, context=13_000, faults=["garbage"] * 16)
def test_every_row_comes_out_once_or_is_missing_by_name(continued: set[int], on_page: int, context: int, faults: list[str]) -> None:
    script = Script(tables_on=lambda _: on_page, continues=lambda page: page in continued, rows=ROWS, max_model_len=context, faults=faults)
    with TemporaryDirectory() as folder:
        outcome = read(script, Path(folder))
    printed = Counter(cell.text for table in outcome.tables for cell in table.cells if cell.text.startswith("p"))
    assert all(printed[f"p{page} r{row}"] <= on_page for page in range(1, PAGES + 1) for row in range(ROWS))
    if not outcome.failures:
        assert all(printed[f"p{page} r{row}"] == on_page for page in range(1, PAGES + 1) for row in range(ROWS))
    assert len({table.table_id for table in outcome.tables}) == len(outcome.tables)
    (pages,) = (document.pages for document in outcome.documents)
    missing = {page.page.page_no for page in pages if page.status == "failed"}
    assert missing <= {failure.page_no for failure in outcome.failures}
    assert len(outcome.answers) + sum("question q" in failure.message or "pages" in failure.message for failure in outcome.failures) >= 1
