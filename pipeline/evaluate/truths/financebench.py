"""FinanceBench: JSON lines with `financebench_id`; the PDFs lie in `pdfs/` beside the file or beside its folder.

`evidence` lists pages as `evidence_page_num`, from 0. `question_type` metrics-generated asks for a number, the others for prose.
Islam et al. 2023, "FinanceBench: A new benchmark for financial question answering".
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.evaluate.answers import Expected
from pipeline.evaluate.truth import PageOf, Truth, TruthQuestion
from pipeline.evaluate.truths.files import first, lines

SOURCE = "financebench"
NAME = "financebench_open_source.jsonl"
_NUMBERS = "metrics-generated"


def is_here(path: Path) -> bool:
    """Whether the path is such a file, or a folder with the published one."""
    file = _file(path)
    return file.is_file() and "financebench_id" in first(file)


def load(path: Path) -> Truth:
    """Return the truth of the file."""
    file = _file(path)
    folders = [file.parent / "pdfs", file.parent.parent / "pdfs"]
    pdfs = next((folder for folder in folders if folder.is_dir()), folders[0])
    return Truth(questions=tuple(_question(pdfs, row) for row in lines(file)))


def _file(path: Path) -> Path:
    return next((file for file in (path / NAME, path / "data" / NAME) if file.is_file()), path)


def _question(pdfs: Path, row: Mapping[str, Any]) -> TruthQuestion:
    doc = pdfs / f"{row['doc_name']}.pdf"
    pages = [(pdfs / f"{proof.get('doc_name', row['doc_name'])}.pdf", int(proof["evidence_page_num"]) + 1) for proof in row["evidence"]]
    return TruthQuestion(
        item_id=row["financebench_id"],
        source=SOURCE,
        kind=row["question_type"],
        docs=(doc,),
        question=row["question"],
        expected=Expected(row["answer"], "number" if row["question_type"] == _NUMBERS else "prose"),
        evidence=tuple(PageOf(*page) for page in dict.fromkeys(pages) if page[0] == doc),
    )
