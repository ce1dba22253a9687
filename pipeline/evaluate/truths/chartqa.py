"""ChartQA: `test_human.json`, `test_augmented.json`, …, lists of `imgname`, `query` and `label`; images in `png/`, data in `tables/*.csv`.

A table's first column is the x axis, its other columns are the series. It says neither what is drawn nor whether values are printed; most
charts print them. Masry et al. 2022, "ChartQA".
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from pipeline.evaluate.answers import Expected
from pipeline.evaluate.charts import Chart, Series
from pipeline.evaluate.truth import Truth, TruthChart, TruthQuestion
from pipeline.evaluate.truths.files import whole
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
        rows = whole(file) if file.suffix == ".json" else None
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and {"imgname", "query", "label"} <= rows[0].keys():
            yield file


def _questions(file: Path) -> Iterator[TruthQuestion]:
    for number, row in enumerate(whole(file), 1):
        label = row["label"]
        answer = "; ".join(map(str, label)) if isinstance(label, list) else str(label)
        kind = "list" if isinstance(label, list) else "number" if number_of(answer) is not None else "text"
        yield TruthQuestion(
            f"{file.stem} {number}", SOURCE, kind, (file.parent / "png" / row["imgname"],), row["query"], Expected(answer, kind)
        )


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
