"""Pages and tables are shown finer where what was read disagrees with the text layer, and only as long as that helps."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.run import run
from schemas.outcome import Outcome
from schemas.settings import Job, Question, Settings
from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]
TEXTS = ("in all 1,234 and 56.78", "in all 4,321 and 87.65", "no number")


def read(server: ScriptedServer, out: Path, source: Path, **options: Any) -> Outcome:
    server.script.tables_on = lambda _: 0
    job = Job(sources=(str(source),), out=out, backend=server.url, **options)
    return asyncio.run(run(job, Settings(attempts=1, patience_s=0))).outcome


def surveys(outcome: Outcome) -> list[list[tuple[int, int]]]:
    """Page and tokens of each image of each survey, the coarsest first."""
    shown = [[(i.page_no, i.tokens) for i in r.request.images] for r in outcome.requests if r.request.kind == "survey"]
    return sorted(shown, key=lambda images: max(tokens for _, tokens in images))


def blurred_below(tokens: int) -> Callable[[int, int], tuple[str, ...]]:
    def numbers(page: int, shown: int) -> tuple[str, ...]:
        return ((), ("1,234", "56.78"), ("4,321" if shown >= tokens else "4,321.", "87.65" if shown >= tokens else "87.55"), ())[page]

    return numbers


def test_a_page_whose_numbers_disagree_is_shown_finer_and_no_other(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.numbers = blurred_below(1000)
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=TEXTS), questions=(Question(id="q", question="What?"),))
    first, second = surveys(outcome)
    assert [page for page, _ in first] == [1, 2, 3]
    assert [page for page, _ in second] == [2]
    assert not outcome.failures
    tokens = {page.page.page_no: page.image.tokens for page in outcome.documents[0].pages if page.image}
    assert tokens == {**dict(first), **dict(second)}
    (answer,) = (record.request for record in outcome.requests if record.request.kind == "answer")
    assert {image.page_no: image.tokens for image in answer.images} == tokens, "questions are asked of what was legible"


def test_it_goes_on_as_long_as_more_agrees(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    found = iter([("4,321", "87.55"), ("4,321", "87.65", "11"), ("4,321", "87.65")])
    scripted.script.numbers = lambda page, _: next(found) if page == 2 else ()
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=TEXTS))
    assert [[page for page, _ in images] for images in surveys(outcome)] == [[1, 2, 3], [2], [2]]


def test_a_finer_look_that_does_not_help_is_the_last(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.numbers = lambda page, _: ("77.77",) if page == 2 else ()
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=TEXTS))
    first, second = surveys(outcome)
    tokens = {page.page.page_no: page.image.tokens for page in outcome.documents[0].pages if page.image}
    assert tokens == dict(first)
    assert len(second) == 1


def test_a_finer_look_that_fails_is_no_failure(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.numbers = blurred_below(1000)
    scripted.script.faults = ["", *["garbage"] * 6]
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=TEXTS))
    assert not outcome.failures
    assert [page.status for page in outcome.documents[0].pages] == ["read"] * 3


def test_the_fast_profile_looks_once(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.numbers = lambda *_: ("77.77",)
    assert len(surveys(read(scripted, tmp_path / "out", make_pdf(texts=TEXTS), profile="fast"))) == 1
