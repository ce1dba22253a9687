"""ChartQA: `test_human.json`, `test_augmented.json`, …, lists of `imgname`, `query` and `label`; images in `png/`, data in `tables/*.csv`.

A label that is a list is written as text ("[4, 2]"). A table's first column is the x axis, its other columns are the series; it says
neither what is drawn nor whether values are printed, which they mostly are. Masry et al. 2022, "ChartQA".
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from pipeline.evaluate.answers import Expected
from pipeline.evaluate.charts import Chart, Series
from pipeline.evaluate.truth import Truth, TruthChart, TruthQuestion
from pipeline.evaluate.truths.files import first, whole
from pipeline.values import number_of

SOURCE = "chartqa"


def is_here(path: Path) -> bool:
    """Whether the path is such a file, or a folder with some."""
    return any(_files(path))


def load(path: Path) -> Truth:
    """Return the questions of the file or files, and the charts they are about as far as their data is there."""
    files = [*_files(path)]
    questions = tuple(question for file in files for question in _questions(file))
    images = dict.fromkeys(question.docs[0] for question in questions)
    return Truth(charts=tuple(chart for image in images for chart in _chart(image)), questions=questions)


def _files(path: Path) -> Iterator[Path]:
    for file in [path] if path.is_file() else sorted(path.glob("*.json")):
        if {"imgname", "query", "label"} <= first(file).keys():
            yield file


def _questions(file: Path) -> Iterator[TruthQuestion]:
    for number, row in enumerate(whole(file), 1):
        answer, image = str(row["label"]), file.parent / "png" / row["imgname"]
        kind = "list" if answer.startswith("[") else "number" if number_of(answer) is not None else "text"
        yield TruthQuestion(f"{file.stem} {number}", f"{SOURCE} {file.stem}", kind, (image,), row["query"], Expected(answer, kind))


def _chart(image: Path) -> Iterator[TruthChart]:
    table = image.parent.parent / "tables" / f"{image.stem}.csv"
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        series = tuple(Series(name, tuple(_points(rows, col))) for col, name in enumerate(head) if col)
        yield TruthChart(f"chart {image.name}", SOURCE, image, 1, Chart("unknown", series, is_printed=True))


def _points(rows: list[list[str]], col: int) -> Iterator[tuple[str, float]]:
    for row in rows:
        value = number_of(row[col]) if col < len(row) else None
        if value is not None:
            yield row[0], value
