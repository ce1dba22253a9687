"""From the form to the job."""

import tempfile
from pathlib import Path

import pytest

from flows.request import ExtractRequest
from schemas.errors import SettingsError


def test_relative_paths_count_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.yaml").write_text("[{id: a, question: How many}]")
    job = ExtractRequest(sources=("in/*.pdf", "/abs/b.pdf", "s3://bucket/c.pdf"), questions_file=Path("q.yaml")).job()
    assert job.sources == (f"{tmp_path}/in/*.pdf", "/abs/b.pdf", "s3://bucket/c.pdf")
    assert job.out == tmp_path / "out"
    assert [question.id for question in job.questions] == ["a"]


def test_the_form_takes_a_schema_file_but_imports_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text('{"type": "object", "properties": {"total": {"type": "number"}}}')
    request = ExtractRequest(sources=("a.pdf",), schema_file=Path("mine.json"), schema_scope="collection")
    (schema,) = request.job().user_schemas
    assert (schema.name, schema.scope, request.name) == ("mine", "collection", "a.pdf: tables, charts, fields")
    with pytest.raises(SettingsError, match=r"a schema is a \.json"):
        ExtractRequest(sources=("a.pdf",), schema_file=Path("antigravity:Class")).job()


def test_the_home_folder_may_be_written_as_a_tilde():
    assert ExtractRequest(sources=("~/a.pdf",), out=Path("~/out")).job().out == Path.home() / "out"


def test_a_dataset_is_not_written_where_a_worker_would_lose_it(monkeypatch: pytest.MonkeyPatch):
    with tempfile.TemporaryDirectory(suffix="prefect") as folder, monkeypatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SettingsError, match="out counts from a folder that vanishes"):
            ExtractRequest(sources=("/abs/a.pdf",)).job()
        assert ExtractRequest(sources=("/abs/a.pdf",), out=Path("/abs/out")).job().out == Path("/abs/out")


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (ExtractRequest(sources=("/in/a.pdf",)), "a.pdf: tables, charts"),
        (
            ExtractRequest(sources=("/in/", "b.pdf"), questions_file=Path("q.yaml")),
            "in and 1 more: tables, charts, answers",
        ),
        (ExtractRequest(sources=("b.pdf",), tasks=("answers",)), "b.pdf: answers"),
    ],
)
def test_the_name_of_a_run_says_what_it_reads(request_: ExtractRequest, name: str):
    assert request_.name == name
