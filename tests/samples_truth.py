"""The truth of the sample documents as the values that made them."""

import json
from pathlib import Path
from typing import NamedTuple

from data.generator.truth import AnswerTruth, DocumentTruth

ANSWERS = "answers.json"


class Truth(NamedTuple):
    """What the documents hold and what the questions are to be answered."""

    documents: tuple[DocumentTruth, ...]
    answers: tuple[AnswerTruth, ...]


def read_truth(folder: Path) -> Truth:
    """The truth in `data/samples/truth`."""
    files = sorted(path for path in folder.glob("*.json") if path.name != ANSWERS)
    answers = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    return Truth(
        tuple(DocumentTruth.model_validate_json(path.read_text(encoding="utf-8")) for path in files),
        tuple(AnswerTruth.model_validate(answer) for answer in answers),
    )
