"""Runs the cookbook: what each block prints. `python -m tests.query.cookbook` writes it under the blocks of docs/cookbook.md."""

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.query import connect, run_sql
from pipeline.query.show import show
from tests.conftest import ROOT
from tests.query.truth_dataset import write_samples

COOKBOOK = ROOT / "docs" / "cookbook.md"
_BLOCK = re.compile(r"```(sql|python)\n(.*?)```\n\n```\n(.*?)```", re.DOTALL)


class Recipe(NamedTuple):
    """A block of code and what the cookbook says that it prints."""

    language: str
    code: str
    printed: str


def recipes() -> list[Recipe]:
    """Every block of the cookbook, in order."""
    return [Recipe(*match.groups()) for match in _BLOCK.finditer(COOKBOOK.read_text(encoding="utf-8"))]


def printed_by(found: list[Recipe], folder: Path) -> Iterator[str]:
    """What each block prints where the dataset is `folder`/out; the Python blocks go on from one another."""
    names: dict[str, Any] = {}
    connection = connect(folder / "out")
    for recipe in found:
        output = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(output):
            if recipe.language == "sql":
                show(connection, run_sql(connection, recipe.code), "table")
            else:
                exec(compile(recipe.code, COOKBOOK.name, "exec"), names)
        yield output.getvalue().strip("\n") + "\n"


def main() -> None:
    """Write what the blocks print into the cookbook."""
    with tempfile.TemporaryDirectory() as folder:
        write_samples(Path(folder) / "out")
        found = recipes()
        printed = iter([*printed_by(found, Path(folder))])
    text = COOKBOOK.read_text(encoding="utf-8")
    COOKBOOK.write_text(_BLOCK.sub(lambda match: f"```{match[1]}\n{match[2]}```\n\n```\n{next(printed)}```", text), encoding="utf-8")


if __name__ == "__main__":
    main()
