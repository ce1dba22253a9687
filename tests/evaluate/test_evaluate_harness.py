"""From a ground truth and a dataset to scores."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.answers import Expected
from pipeline.evaluate.charts import Chart, Series
from pipeline.evaluate.evaluation import Evaluation, evaluate
from pipeline.evaluate.found import read_found
from pipeline.evaluate.harness import Evaluated, needs_of, read_and_score
from pipeline.evaluate.records import read_scores
from pipeline.evaluate.sample import chosen, sample
from pipeline.evaluate.summary import ALL
from pipeline.evaluate.tables import Grid
from pipeline.evaluate.truth import PageOf, Truth, TruthChart, TruthQuestion, TruthTable
from pipeline.evaluate.truths.formats import load_truth
from pipeline.open import file_digest
from pipeline.write import write
from schemas.errors import SettingsError
from schemas.settings import Job, Settings
from tests.evaluate.perfect import NOWHERE, perfect_rows, write_perfect
from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]
WRONG = ("charts points_wrong", "charts points_invented")
ROWS = (("item", "value"), *((f"p1 r{row}", str(100 + row)) for row in range(4)))
"""What the scripted server reads on the first page."""


def read_or_scored(truth: Truth, out: Path, backend: str = NOWHERE, *, as_is: bool = False) -> Evaluated:
    """Evaluate as the command does."""
    job = Job(sources=("-",), out=out, backend=backend, tasks=("tables", "answers"))
    return asyncio.run(read_and_score(truth, job, Settings(workers=1), as_is=as_is))


def scored(truth: Truth, out: Path) -> Evaluation:
    """Score what lies in `out`."""
    doc_ids = {doc: file_digest(doc) for doc in truth.docs}
    return evaluate(truth, read_found(out, needs_of(truth, doc_ids)), doc_ids)


def values(done: Evaluation) -> dict[str, float]:
    return {f"{one.task} {one.metric}": one.value for one in done.summaries if one.group == ALL}


def table(doc: Path, page: int = 1, number: int = 1, rows: tuple[tuple[str, ...], ...] = ROWS) -> TruthTable:
    return TruthTable(f"table {number}", "here", "human", doc, (page,), Grid(rows))


def question(doc: Path, number: int = 1, answer: str = "42", kind: str = "number", page: int = 2) -> TruthQuestion:
    evidence = (PageOf(doc, page),) if kind != "none" else ()
    return TruthQuestion(f"q{number}", "here", kind, (doc,), f"How many, {number}?", Expected(answer, kind), evidence)


@pytest.fixture(scope="module")
def all_read(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, Path]:
    """The truth of the samples and a dataset that has all of it."""
    out = tmp_path_factory.mktemp("perfect")
    truth = load_truth(samples).truth
    write_perfect(out, truth)
    return truth, out


@pytest.fixture(scope="module")
def perfect(all_read: tuple[Truth, Path]) -> Evaluated:
    return read_or_scored(*all_read)


def test_a_run_that_reads_everything_is_right_everywhere_and_is_not_run_again(perfect: Evaluated):
    assert perfect.report is None
    found = values(perfect.evaluation)
    assert {name: value for name, value in found.items() if value != pytest.approx(1)} == dict.fromkeys(WRONG, 0)
    assert {"tables box_pass", "charts box_pass", "answers correct_with_evidence", "answers abstention_f1"} <= found.keys()


def test_every_value_lies_in_its_interval(perfect: Evaluated):
    several = [one for one in perfect.evaluation.summaries if one.n_docs > 1]
    assert several
    assert all(one.low - 1e-9 <= one.value <= one.high + 1e-9 for one in several)


def test_the_scores_of_each_item_can_be_queried(perfect: Evaluated, all_read: tuple[Truth, Path]):
    path = all_read[1] / "evaluation" / "scores.parquet"
    query = f"SELECT count(DISTINCT item_id) FROM '{path}' WHERE task = 'answers' AND metric = 'correct' AND value = 1"
    assert duckdb.sql(query).fetchall() == [(len(all_read[0].questions),)]
    assert read_scores(all_read[1]) == perfect.evaluation.scores


def test_a_perfect_run_has_no_worst_cases(perfect: Evaluated):
    assert "<article>" not in perfect.page.read_text()


def test_a_run_that_finds_nothing_is_right_nowhere(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    chart = TruthChart("chart", "here", doc, 1, Chart("bar", (Series("", (("a", 1.0), ("b", 2.0))),)))
    truth = Truth((table(doc),), (chart,), (question(doc),))
    rows = perfect_rows(truth)
    empty = {name: [] for name in ("tables", "table_cells", "table_fragments", "charts", "chart_points", "evidence")}
    silent = [{**row, "is_answerable": False, "answer_text": None} for row in rows["answers"]]
    write(tmp_path / "out", "r", date(2026, 1, 1), {**rows, **empty, "answers": silent})
    assert set(values(scored(truth, tmp_path / "out")).values()) == {0}


def test_a_table_where_none_is_costs_precision_but_not_where_the_truth_is_incomplete(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    truth = Truth((table(doc),))
    write_perfect(tmp_path / "out", Truth((table(doc), table(doc, page=3, number=2, rows=(("other", "words"),)))))
    strict = values(scored(truth, tmp_path / "out"))
    assert (strict["tables detection_precision"], strict["tables detection_recall"]) == (0.5, 1)
    assert values(scored(truth._replace(incomplete=frozenset([doc])), tmp_path / "out"))["tables detection_precision"] == 1


def test_a_table_of_the_same_words_on_another_page_is_not_the_one(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    write_perfect(tmp_path / "out", Truth((table(doc, page=3),)))
    found = values(scored(Truth((table(doc, page=1),)), tmp_path / "out"))
    assert (found["tables found"], found["tables detection_f1"]) == (0, 0)


def test_abstaining_is_right_only_where_there_is_no_answer(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    truth = Truth(questions=(question(doc, 1), question(doc, 2), question(doc, 3, "", "none"), question(doc, 4, "", "none")))
    rows = perfect_rows(truth)
    rows["answers"][1] |= {"is_answerable": False, "answer_text": None}
    rows["answers"][3] |= {"is_answerable": True, "answer_text": "7"}
    write(tmp_path / "out", "r", date(2026, 1, 1), rows)
    found = values(scored(truth, tmp_path / "out"))
    assert (found["answers correct"], found["answers answer_precision"], found["answers answer_recall"]) == (0.5, 0.5, 0.5)
    assert (found["answers abstention_precision"], found["answers abstention_recall"]) == (0.5, 0.5)


def test_a_right_answer_that_cites_another_page_lacks_its_evidence(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    rows = perfect_rows(Truth(questions=(question(doc, page=1),)))
    write(tmp_path / "out", "r", date(2026, 1, 1), rows)
    found = values(scored(Truth(questions=(question(doc, page=2),)), tmp_path / "out"))
    assert (found["answers correct"], found["answers correct_with_evidence"], found["answers page_precision"]) == (1, 0, 0)


def test_pages_count_among_the_first_k_that_are_cited(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    asked = question(doc)._replace(evidence=(PageOf(doc, 3), PageOf(doc, 1), PageOf(doc, 2)))
    write_perfect(tmp_path / "out", Truth(questions=(asked,)))
    found = values(scored(Truth(questions=(asked._replace(evidence=(PageOf(doc, 2), PageOf(doc, 3))),)), tmp_path / "out"))
    assert [found[f"answers page_recall@{k}"] for k in (1, 3, 5)] == [0.5, 1, 1]
    assert found["answers page_precision"] == pytest.approx(2 / 3)


def test_the_newest_reading_that_had_the_task_is_scored(make_pdf: MakePdf, tmp_path: Path):
    doc, out = make_pdf(), tmp_path / "out"
    write_perfect(out, Truth((table(doc, rows=(("wrong", "words"), ("in", "it"))),)), day=1)
    write_perfect(out, Truth((table(doc),)), day=2)
    write_perfect(out, Truth(questions=(question(doc),)), day=3, config_json=json.dumps({"tasks": ["answers"]}))
    done = scored(Truth((table(doc),), (), (question(doc),)), out)
    assert values(done)["tables teds"] == 1
    assert [maker.run_id for maker in done.makers] == ["run-2", "run-3"]


def test_what_is_not_read_yet_is_read_by_the_ordinary_pipeline_once(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf(texts=("one",))
    scripted.script.answer = {"is_answerable": True, "text": "42", "kind": "number", "evidence": [{"doc": 1, "page": 1, "quote": "one"}]}
    truth = Truth((table(doc),), (), (question(doc, page=1),))
    first = read_or_scored(truth, tmp_path / "out", scripted.url)
    assert first.report is not None
    assert (values(first.evaluation)["tables cells_f1"], values(first.evaluation)["answers correct"]) == (1, 1)
    asked = len(scripted.bodies)
    again = read_or_scored(truth, tmp_path / "out", scripted.url)
    assert (again.report, len(scripted.bodies)) == (None, asked)
    assert again.evaluation.scores == first.evaluation.scores


def test_what_another_backend_has_read_is_not_taken_for_what_this_one_reads(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path):
    truth = Truth((table(make_pdf(texts=("one",)), rows=(("quite", "different"), ("words", "7"))),))
    write_perfect(tmp_path / "out", truth)
    before = read_or_scored(truth, tmp_path / "out", scripted.url, as_is=True)
    assert (before.report, values(before.evaluation)["tables teds"]) == (None, 1)
    after = read_or_scored(truth, tmp_path / "out", scripted.url)
    assert (after.report is None, values(after.evaluation)["tables teds"]) == (False, 0)


def test_nothing_cannot_be_scored_as_it_is(make_pdf: MakePdf, tmp_path: Path):
    with pytest.raises(SettingsError, match="leave out --as-is"):
        read_or_scored(Truth((table(make_pdf()),)), tmp_path / "out", as_is=True)


def test_what_the_output_says_of_itself_is_held_against_the_truth(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    truth = Truth(questions=tuple(question(doc, number) for number in range(4)))
    rows = perfect_rows(truth)
    rows["answers"][0] |= {"answer_text": "1", "confidence": 0.95}
    for row in rows["answers"][1:]:
        row |= {"confidence": 0.7}  # in 32 bits a little less
    write(tmp_path / "out", "r", date(2026, 1, 1), rows)
    levels = {(one.signal, one.level): one for one in scored(truth, tmp_path / "out").calibrations}
    surest, sure = levels["answer confidence", "0.9-1.0"], levels["answer confidence", "0.7-0.8"]
    assert (surest.n, surest.share, sure.n, sure.share) == (1, 0, 3, 1)
    assert sure.stated == pytest.approx(0.7)
    assert levels["answer evidence_status", "verified"].share == 0.75


@given(st.integers(1, 60), st.integers(0, 5))
def test_a_sample_is_whole_documents_of_every_source_and_the_same_again(n_items: int, seed: int):
    docs = [Path(f"{source}{number}.pdf") for source in "ab" for number in range(6)]
    truth = Truth(
        tuple(table(doc, number=7 * at + number)._replace(source=doc.name[0]) for at, doc in enumerate(docs) for number in range(4))
    )
    drawn = sample(truth, n_items, seed)
    assert drawn == sample(truth, n_items, seed)
    assert len(drawn.tables) >= min(n_items, len(truth.tables))
    assert {*drawn.tables} == {*truth.of_docs({*drawn.docs}).tables}
    counts = [sum(doc.name.startswith(source) for doc in drawn.docs) for source in "ab"]
    assert max(counts) - min(counts) <= 1


def test_a_source_that_is_not_there_is_named(make_pdf: MakePdf):
    truth = Truth((table(make_pdf()),))
    with pytest.raises(SettingsError, match="no source elsewhere; it has here"):
        chosen(truth, ["tables"], ["elsewhere"], None, 0)
    with pytest.raises(SettingsError, match="nothing for charts"):
        chosen(truth, ["charts"], [], None, 0)


def test_the_real_ground_truth_read_exactly_as_it_is_scores_one(shared: Path, tmp_path: Path):
    truth = load_truth(shared / "corpus").truth
    write_perfect(tmp_path, truth)
    found = values(scored(truth, tmp_path))
    leading = {"tables": ("teds", "adjacency_f1", "cells_f1"), "charts": ("rms_f1", "points_f1"), "answers": ("correct", "page_recall")}
    assert [found[f"{task} {metric}"] for task, metrics in leading.items() for metric in metrics] == pytest.approx([1] * 7)
