"""Read JSON and JSON lines of other people's making."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.errors import SettingsError


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-lines file; none if it is not there.

    Raises:
        SettingsError: a line is no JSON object; the message names it.
    """
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _object(path, number, line)


def whole(path: Path) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what a JSON file holds.

    Raises:
        SettingsError: it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path} is not JSON: {error}"
        raise SettingsError(msg) from error


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        msg = f"{path}, line {number} is not JSON: {error}"
        raise SettingsError(msg) from error
    if not isinstance(row, dict):
        msg = f"{path}, line {number} holds no JSON object"
        raise SettingsError(msg)
    return row


def first(path: Path) -> dict[str, Any]:
    """Return the first object of a JSON-lines file or of a JSON file with a list; an empty one of any other file.

    Of lines only the first is read: there are files of gigabytes.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.readline()
    try:
        value = whole(path) if head.lstrip().startswith("[") else json.loads(head)
    except (ValueError, SettingsError):
        return {}
    if isinstance(value, list):
        value = next(iter(value), None)
    return value if isinstance(value, dict) else {}
