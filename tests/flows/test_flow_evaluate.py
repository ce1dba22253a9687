"""The form of an evaluation, and what the browser shows of one."""

import tempfile
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from flows.evaluate import EvaluateRequest, report, score_rows
from pipeline.evaluate.claims import Calibration
from pipeline.evaluate.evaluation import Evaluation, Matches
from pipeline.evaluate.found import Maker
from pipeline.evaluate.harness import Evaluated
from pipeline.evaluate.summary import Summary
from schemas.errors import SettingsError

SUMMARIES = (
    Summary("tables", "teds", "all", 12, 3, 0.8, 0.7, 0.9, 0.8),
    Summary("tables", "adjacency_precision", "all", 12, 3, 0.6, 0.5, 0.7, 0.6),
    Summary("tables", "teds", "source x | <img src=http://evil>", 12, 3, 0.8, 0.7, 0.9, 0.8),
)


def evaluated(tmp_path: Path) -> Evaluated:
    levels = (Calibration("cell check", "match <b>", 10, 9, None, 0.9, 0.8, 1.0),)
    evaluation = Evaluation((Maker("r", "glm", "http://<b>"),), Matches((), (), ()), (), (), SUMMARIES, levels)
    return Evaluated(evaluation, None, tmp_path / "evaluation" / "report.html")


def test_the_form_asks_for_no_secret_and_explains_each_field():
    fields = EvaluateRequest.model_json_schema()["properties"]
    assert all(field["description"] and field["title"] for field in fields.values())
    assert not any("key" in name or "password" in name for name in fields)


def test_an_evaluation_is_not_written_where_a_worker_would_lose_it(monkeypatch: pytest.MonkeyPatch):
    with tempfile.TemporaryDirectory(suffix="prefect") as folder, monkeypatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SettingsError, match="vanishes with this flow run"):
            EvaluateRequest(truth=Path("/abs/truth")).job()
        assert EvaluateRequest(truth=Path("/abs/truth"), out=Path("/abs/out")).job().out == Path("/abs/out")


def test_the_table_of_scores_has_the_leading_metrics():
    assert [(row["metric"], row["items of"]) for row in score_rows(SUMMARIES)] == [("teds", "all"), ("teds", SUMMARIES[2].group)]


def test_the_report_has_every_metric_and_nothing_in_it_becomes_an_element(tmp_path: Path):
    text = report(evaluated(tmp_path))
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<tr>") == 2 + 2 + 1
    assert "adjacency_precision" in html
    assert "0.700 to 0.900" in html
    assert "<b>" not in html
    assert str(tmp_path) in html
