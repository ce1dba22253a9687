"""MMLongBench-Doc: `samples.json` in the repository's `data`, a list of questions; the PDFs lie in `documents/` beside it.

`evidence_pages` and `evidence_sources` are lists written as text, pages from 1; `answer_format` is Str, Int, Float, List or None, and None
means that the document does not say. Ma et al. 2024, "MMLongBench-Doc".
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.evaluate.answers import FORMATS, Expected
from pipeline.evaluate.truth import PageOf, Truth, TruthQuestion
from pipeline.evaluate.truths.files import first, whole

SOURCE = "mmlongbench-doc"
NAME = "samples.json"


def is_here(path: Path) -> bool:
    """Whether the path is such a file, or the folder or repository with it."""
    file = _file(path)
    return file.is_file() and {"doc_id", "evidence_pages"} <= first(file).keys()


def load(path: Path) -> Truth:
    """Return the truth of the file, the folder or the repository."""
    file = _file(path)
    return Truth(questions=tuple(_question(file.parent, number, row) for number, row in enumerate(whole(file), 1)))


def _file(path: Path) -> Path:
    return next((file for file in (path / NAME, path / "data" / NAME) if file.is_file()), path)


def _question(folder: Path, number: int, row: Mapping[str, Any]) -> TruthQuestion:
    doc = folder / "documents" / row["doc_id"]
    return TruthQuestion(
        item_id=f"mmlongbench {number}",
        source=SOURCE,
        kind=row["answer_format"],
        docs=(doc,),
        question=row["question"],
        expected=Expected(str(row["answer"]), FORMATS[row["answer_format"]]),
        evidence=tuple(PageOf(doc, int(page)) for page in _listed(row["evidence_pages"])),
    )


def _listed(written: str | list[int]) -> list[int]:
    return list(ast.literal_eval(written)) if isinstance(written, str) else written
