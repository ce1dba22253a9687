"""Read a question file: YAML, JSONL or CSV with `id`, `question`, and optionally `docs` and `answer_kind`."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import ValidationError

from schemas.errors import SettingsError
from schemas.settings import Question

COLUMNS = tuple(Question.model_fields)


def load_questions(path: Path) -> tuple[Question, ...]:
    """Return the questions of a file.

    Raises:
        SettingsError: it is not there, not readable, has unknown columns or repeated ids; the message names the line.
    """
    questions = tuple(_question(path, number, row) for number, row in enumerate(_rows(path), start=1))
    repeated = [name for name, count in Counter(q.id for q in questions).items() if count > 1]
    if repeated:
        msg = f"{path}: the id {repeated[0]} stands for more than one question"
        raise SettingsError(msg)
    return questions


def _rows(path: Path) -> list[Any]:
    try:
        match path.suffix.lower():
            case ".yaml" | ".yml":
                rows = yaml.safe_load(path.read_text(encoding="utf-8"))
            case ".jsonl":
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            case ".csv":
                rows = [_without_empty(row) for row in pd.read_csv(path, dtype=str).to_dict("records")]
            case other:
                msg = f"{path}: questions are read from .yaml, .jsonl or .csv, not {other or 'a file without a suffix'}"
                raise SettingsError(msg)
    except (OSError, ValueError, yaml.YAMLError) as error:
        msg = f"the question file {path} cannot be read: {error}"
        raise SettingsError(msg) from error
    if not isinstance(rows, list):
        msg = f"{path} holds no list of questions"
        raise SettingsError(msg)
    return rows


def _without_empty(row: dict[Any, Any]) -> dict[str, Any]:
    filled = {str(key): value for key, value in row.items() if not pd.isna(value)}
    if isinstance(docs := filled.get("docs"), str):
        filled["docs"] = [name.strip() for name in docs.split(";")]
    return filled


def _question(path: Path, number: int, row: object) -> Question:
    if isinstance(row, dict) and isinstance(row.get("docs"), str):
        row = {**row, "docs": [row["docs"]]}
    try:
        return Question.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        column = str(first["loc"][0]) if first["loc"] else "it"
        if first["type"] == "extra_forbidden":
            msg = f"{path}, question {number}: unknown column {column}; known are {', '.join(COLUMNS)}"
        else:
            msg = f"{path}, question {number}: {column}: {first['msg']}"
        raise SettingsError(msg) from error
