"""The ICDAR-2013 table competition: `NAME-str.xml` (cells) and `NAME-reg.xml` (regions) beside `NAME.pdf`.

A table has one region or more, each with cells of start-row, end-row, start-col and end-col, from 0 and inclusive; a region's row-increment
and col-increment say how far its cells are moved in the whole table. Bounding boxes are in points from the page's bottom left.
Göbel et al. 2013, "ICDAR 2013 table competition". Sometimes the files lie in folders of their own (`competition-dataset-eu`): all are read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from pipeline.evaluate.tables import Grid, Span
from pipeline.evaluate.truth import Edges, Region, Truth, TruthTable
from schemas.errors import SettingsError

SOURCE, KIND = "icdar2013", "human"
_CELLS, _REGIONS = "-str.xml", "-reg.xml"


class _Cell(NamedTuple):
    text: str
    row: int
    col: int
    last_row: int
    last_col: int


def is_here(path: Path) -> bool:
    """Whether a folder has such files, or the path is one."""
    return path.name.endswith(_CELLS) or (path.is_dir() and any(path.rglob(f"*{_CELLS}")))


def load(path: Path) -> Truth:
    """Return the truth of a folder, or of one file.

    Raises:
        SettingsError: a file is not the XML it should be.
    """
    files = [path] if path.is_file() else sorted(path.rglob(f"*{_CELLS}"))
    return Truth(tables=tuple(table for file in files for table in _tables(file)))


def _tables(file: Path) -> Iterator[TruthTable]:
    stem = file.name.removesuffix(_CELLS)
    doc, places = file.with_name(f"{stem}.pdf"), _regions(file.with_name(f"{stem}{_REGIONS}"))
    for number, table in enumerate(_parsed(file).iter("table"), 1):
        regions = [*table.iter("region")]
        yield TruthTable(
            item_id=f"table {stem}#{number}",
            source=SOURCE,
            kind=KIND,
            doc=doc,
            pages=tuple(_number(file, region, "page") for region in regions),
            grid=grid_of([cell for region in regions for cell in _cells(file, region)]),
            regions=tuple(places.get(table.get("id", str(number)), ())),
        )


def _cells(file: Path, region: Element) -> Iterator[_Cell]:
    down, right = int(region.get("row-increment", "0")), int(region.get("col-increment", "0"))
    for cell in region.iter("cell"):
        row, col = _number(file, cell, "start-row") + down, _number(file, cell, "start-col") + right
        last_row, last_col = int(cell.get("end-row", row - down)) + down, int(cell.get("end-col", col - right)) + right
        yield _Cell("".join(cell.findtext("content") or "").strip(), row, col, max(row, last_row), max(col, last_col))


def grid_of(cells: list[_Cell]) -> Grid:
    """Return the cells as a grid; positions that no cell has are empty."""
    n_rows, n_cols = (max((edge for edge in edges), default=-1) + 1 for edges in ([c.last_row for c in cells], [c.last_col for c in cells]))
    texts = {(cell.row, cell.col): cell.text for cell in cells}
    spans = (Span(cell.row, cell.col, cell.last_row - cell.row + 1, cell.last_col - cell.col + 1) for cell in cells)
    return Grid(
        tuple(tuple(texts.get((row, col), "") for col in range(n_cols)) for row in range(n_rows)),
        tuple(span for span in spans if span.row_span > 1 or span.col_span > 1),
    )


def _regions(file: Path) -> dict[str, list[Region]]:
    """Return where each table stands, by its id; nothing if there is no such file."""
    if not file.is_file():
        return {}
    return {
        table.get("id", str(number)): [
            Region(_number(file, region, "page"), _edges(file, box), in_points=True)
            for region in table.iter("region")
            for box in region.findall("bounding-box")
        ]
        for number, table in enumerate(_parsed(file).iter("table"), 1)
    }


def _edges(file: Path, box: Element) -> Edges:
    x0, x1 = sorted((_measure(file, box, "x1"), _measure(file, box, "x2")))
    y0, y1 = sorted((_measure(file, box, "y1"), _measure(file, box, "y2")))
    return x0, y0, x1, y1


def _parsed(file: Path) -> Element:
    try:
        return ET.parse(file).getroot()  # noqa: S314 - expat limits what entities may grow to since 2.4.1
    except ET.ParseError as error:
        msg = f"{file} is not XML: {error}"
        raise SettingsError(msg) from error


def _number(file: Path, element: Element, name: str) -> int:
    return round(_measure(file, element, name))


def _measure(file: Path, element: Element, name: str) -> float:
    try:
        return float(element.get(name, ""))
    except ValueError as error:
        msg = f"{file}: a {element.tag} has no number as its {name}"
        raise SettingsError(msg) from error
