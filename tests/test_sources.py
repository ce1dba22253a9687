"""Sources are what people have: files, folders, globs, manifests, URLs."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.questions import load_questions
from pipeline.sources import expand, local_path
from schemas.document import Source
from schemas.errors import MissingSource, SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.pdf", "a.PDF", "deep/c.png", ".hidden/d.pdf", "notes.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"%PDF-")
    return tmp_path / "in"


def names(source: object) -> list[str]:
    return [found.filename for found in expand(str(source))]


def test_a_folder_gives_its_documents_in_order_and_nothing_else(folder: Path) -> None:
    assert names(folder) == ["a.PDF", "b.pdf", "c.png"]


def test_a_glob_gives_its_matches(folder: Path) -> None:
    assert names(folder / "*.pdf") == ["b.pdf"]


@pytest.mark.parametrize("missing", ["nope.pdf", "*.docx", "."])
def test_nothing_there_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(MissingSource):
        expand(str(tmp_path / missing))


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_manifest_names_files_beside_it(folder: Path, suffix: str) -> None:
    table = pd.DataFrame({"uri": ["b.pdf", "deep/c.png"], "collection": ["x", None]})
    path = folder / f"list.{suffix}"
    {
        "csv": lambda: table.to_csv(path, index=False),
        "parquet": lambda: table.to_parquet(path),
        "jsonl": lambda: table.to_json(path, orient="records", lines=True),
    }[suffix]()
    first, second = expand(str(path))
    assert (first.filename, first.collection, second.filename, second.collection) == ("b.pdf", "x", "c.png", None)
    assert local_path(first, folder) == str(folder / "b.pdf")


@pytest.mark.parametrize(("content", "says"), [("file\na.pdf", "no column uri"), ("uri,pages\na.pdf,3", "unknown columns pages")])
def test_a_wrong_manifest_says_what_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(content)
    with pytest.raises(SettingsError, match=says):
        expand(str(path))


def test_urls_are_fetched_once(folder: Path, tmp_path: Path) -> None:
    (source,) = expand(f"file://{folder / 'b.pdf'}")
    fetched = local_path(source, tmp_path / "cache")
    assert Path(fetched).read_bytes() == b"%PDF-"


def test_an_unknown_kind_of_url_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingSource, match="nope://"):
        local_path(Source(uri="nope://x/y.pdf", filename="y.pdf"), tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.yaml", "- {id: a, question: 'What?', docs: [x.pdf, y.pdf], answer_kind: number}"),
        ("q.jsonl", '{"id": "a", "question": "What?", "docs": ["x.pdf", "y.pdf"], "answer_kind": "number"}'),
        ("q.csv", "id,question,docs,answer_kind\na,What?,x.pdf; y.pdf,number"),
    ],
)
def test_questions_come_in_three_formats(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    (question,) = load_questions(tmp_path / name)
    assert (question.id, question.docs, question.answer_kind) == ("a", ("x.pdf", "y.pdf"), "number")
