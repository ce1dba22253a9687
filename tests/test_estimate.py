"""What is planned is what a run sends: counted as it will be sent, shared prefixes once, and every part of it some document's."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import fields
from pipeline.estimate import amounts, estimate
from pipeline.forecast import Forecast, Terms, forecast, scopes, terms_of_job
from pipeline.probable import probable_sites
from pipeline.run import run
from pipeline.schema_files import load_schemas
from pipeline.throughputs import load_throughput
from schemas.document import Document, NumberBand, Page, Source
from schemas.estimate import Estimate
from schemas.outcome import Report
from schemas.settings import Job, Question, Settings
from tests.conftest import ROOT
from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]
SETTINGS = Settings()
TERMS = terms_of_job(Job(sources=("-",)), SETTINGS)
TABLE = NumberBand(0.2, 0.5, 60)


def page(number: int, *bands: NumberBand, chars: int = 900) -> Page:
    return Page(page_no=number, width_pt=612, height_pt=792, text_layer_chars=chars, font_size_pt=9.0, number_bands=bands)


def document(name: str, n_pages: int, *bands: NumberBand) -> Document:
    pages = tuple(page(number, *bands) for number in range(1, n_pages + 1))
    return Document(doc_id=f"{abs(hash(name)):032x}"[:32], path=name, sources=(Source(uri=name, filename=name),), bytes=1, pages=pages)


def planned(documents: list[Document], *questions: Question, terms: Terms = TERMS) -> Forecast:
    return forecast(documents, scopes(questions, documents), documents, terms)


def priced(documents: list[Document], *questions: Question, gpu: str = "h100-fp8", replicas: int = 1) -> Estimate:
    return estimate(documents, planned(documents, *questions), load_throughput(gpu), replicas)


def test_questions_of_a_surveyed_document_pay_for_its_pages_once() -> None:
    survey, first, second = planned([document("a", 40)], Question(id="1", question="What?"), Question(id="2", question="Why?")).requests
    assert survey.cached_tokens == 0
    assert first.page_set == second.page_set == survey.page_set
    assert first.cached_tokens == second.cached_tokens > 0.9 * survey.prompt_tokens - 1_000


def test_a_question_of_a_document_that_is_not_first_in_its_batch_pays_once_more() -> None:
    """Its pages stand behind another document's in the survey: no prefix."""
    batch, *asked = planned([document("a", 3), document("b", 3)], *(Question(id=i, question="What?", docs=("b",)) for i in "12")).requests
    assert len(batch.shown) == 2
    assert asked[0].cached_tokens == 0
    assert asked[1].cached_tokens > 0


def test_a_question_of_the_first_document_shares_the_beginning_of_the_batch() -> None:
    _, asked = planned([document("a", 3), document("b", 3)], Question(id="1", question="What?", docs=("a",))).requests
    assert asked.cached_tokens > asked.image_tokens


def test_a_scope_over_several_requests_is_findings_and_a_joint_answer() -> None:
    found = priced([document("a", 400)], Question(id="1", question="What?"))
    assert found.batches > 1
    assert found.requests_by_kind == {"answer": 1, "finding": found.batches, "survey": found.batches}


def test_a_schema_is_a_request_a_document_that_shares_the_surveyed_pages() -> None:
    documents = [document("a", 40), document("b", 300)]
    schema = load_schemas([str(ROOT / "data" / "samples" / "schemas" / "annual_report.json")], "document")[0]
    requests = forecast(documents, (), documents, TERMS, fields.scopes(schema, documents)).requests
    asked = [request for request in requests if request.kind == "fields"]
    assert [len(request.shown) for request in asked] == [1] * len(asked)
    assert sum(documents[0].doc_id in request.shown for request in asked) == 1
    assert sum(documents[1].doc_id in request.shown for request in asked) > 2, "one a batch, and a joint one"


def test_a_table_over_a_page_break_is_one_request_of_two_crops() -> None:
    pages = (page(1, NumberBand(0.7, 0.95, 40)), page(2, NumberBand(0.05, 0.3, 30), NumberBand(0.6, 0.8, 20)), page(4, TABLE))
    assert [len(site.parts) for site in probable_sites(pages)] == [2, 1, 1]


def test_a_scanned_page_is_taken_to_hold_one_and_a_blank_page_none() -> None:
    scan, blank = page(1, chars=0), page(2, chars=0).model_copy(update={"is_blank": True})
    assert len([*probable_sites([scan])]) == 1
    assert not [*probable_sites([blank])]


def test_tables_that_are_not_asked_for_are_not_planned() -> None:
    job = Job(sources=("-",), tasks=("answers",))
    assert len(planned([document("a", 3, TABLE)], terms=terms_of_job(job, SETTINGS)).requests) == 1


def test_thorough_costs_more_than_balanced_and_fast_less() -> None:
    def gpu_seconds(profile: str) -> float:
        terms = terms_of_job(Job.model_validate({"sources": ("-",), "profile": profile}), SETTINGS)
        documents = [document("a", 9, TABLE)]
        found = planned(documents, Question(id="1", question="What?"), terms=terms)
        return estimate(documents, found, load_throughput("h100")).estimated_gpu_seconds

    assert gpu_seconds("fast") < gpu_seconds("balanced") < gpu_seconds("thorough")


DOCUMENTS = st.lists(st.tuples(st.integers(1, 250), st.integers(0, 2)), min_size=1, max_size=6)


@settings(max_examples=25)
@given(DOCUMENTS, st.integers(0, 3))
def test_the_parts_of_the_documents_add_up(shapes: list[tuple[int, int]], n_questions: int) -> None:
    documents = [document(f"{number}.pdf", pages, *[TABLE] * bands) for number, (pages, bands) in enumerate(shapes)]
    found = priced(documents, *(Question(id=str(number), question="What?") for number in range(n_questions)))
    assert found.lower_bound_batches <= found.batches
    for name in ("pages", "tables_and_charts", "image_tokens"):
        assert sum(getattr(part, name) for part in found.per_document) == getattr(found, name)
    for name in ("survey_tokens", "read_tokens", "answer_tokens", "prompt_tokens", "cached_tokens"):
        assert sum(getattr(part, name) for part in found.per_document) == pytest.approx(getattr(found, name), rel=0.01, abs=50)
    assert found.survey_tokens + found.read_tokens + found.answer_tokens == found.prompt_tokens
    assert found.cached_tokens < found.prompt_tokens


@settings(max_examples=25)
@given(DOCUMENTS)
def test_no_planned_request_exceeds_the_context(shapes: list[tuple[int, int]]) -> None:
    documents = [document(f"{number}.pdf", pages, *[TABLE] * bands) for number, (pages, bands) in enumerate(shapes)]
    for request in planned(documents, Question(id="1", question="What?")).requests:
        assert request.prompt_tokens + TERMS.most_output <= SETTINGS.context_tokens


def test_two_replicas_take_half_the_time_and_the_same_money() -> None:
    documents = [document("a", 300)]
    one, two = priced(documents, replicas=1), priced(documents, replicas=2)
    assert two.estimated_usd == one.estimated_usd
    assert two.estimated_wall_seconds == pytest.approx(one.estimated_wall_seconds / 2, abs=0.1)


def test_the_estimate_names_what_it_rests_on() -> None:
    found = priced([document("a", 2)], gpu="cookbook")
    assert any("published" in text and "cookbook" in text for text in found.assumptions)
    assert found.estimated_hosted_usd
    assert found.estimated_gpu_seconds == pytest.approx(8 * found.estimated_wall_seconds, abs=1)


def read(server: ScriptedServer, out: Path, source: Path, **options: object) -> Report:
    job = Job.model_validate({"sources": (str(source),), "out": out, "backend": server.url, **options})
    return asyncio.run(run(job, Settings(attempts=2)))


@pytest.mark.parametrize("context", [131_072, 14_000])
def test_a_run_sends_the_batches_and_image_tokens_that_were_planned(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, context: int
) -> None:
    scripted.script.max_model_len = context
    source = make_pdf(texts=tuple(f"page {number}" for number in range(1, 31)))
    evidence = [{"doc": 1, "page": 1, "quote": "page 1"}]
    scripted.script.answer = {"is_answerable": True, "kind": "text", "text": "one", "evidence": evidence}
    options = {"tasks": ("answers",), "questions": (Question(id="1", question="What?"), Question(id="2", question="Why?"))}
    report = read(scripted, tmp_path / "out", source, **options)
    sent = [record.request for record in report.outcome.requests if record.request.kind in {"survey", "finding"}]
    assert report.planned.batches == report.actual.batches == sum(request.kind == "survey" for request in sent)
    if context == 131_072:
        assert report.planned.requests == 3
        assert report.planned.image_tokens == report.planned.image_tokens // 3 * 3
        assert report.planned.image_tokens // 3 == sent[0].image_tokens
    else:
        assert report.planned.batches > 1
        assert math.isclose(report.planned.requests, 2 * report.planned.batches + 2)


def test_what_was_committed_before_is_not_planned_again(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    source = make_pdf()
    assert read(scripted, tmp_path / "out", source).planned.requests == 1
    again = read(scripted, tmp_path / "out", source)
    assert (again.planned.requests, again.actual.requests) == (0, 0)


def test_amounts_of_nothing_are_nothing() -> None:
    assert set(amounts([], planned([])).model_dump().values()) == {0}


def test_every_key_of_the_json_is_documented() -> None:
    documented = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert [name for name in Estimate.model_fields if f"`{name}`" not in documented] == []
