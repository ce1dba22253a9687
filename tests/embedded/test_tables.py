"""Tables drawn by the tests themselves, read back from pixels."""

from collections.abc import Sequence

import numpy as np
import pymupdf
import pytest
from numpy.typing import NDArray

from pipeline.embedded.reading import Rect
from pipeline.embedded.tables import TablePart, read_table
from pipeline.embedded.tables.grid import Grid, GridCell
from pipeline.embedded.tables.meaning import n_header_rows
from pipeline.embedded.tables.notes import currency_of, scale_of, unit_of
from pipeline.embedded.tables.parts import aligned
from pipeline.embedded.tables.skew import find_skew, turned_back
from pipeline.embedded.tables.tidy import tidied
from schemas.extraction import TableReading

DPI = 180
LEFT, TOP, ROW = 40.0, 60.0, 16.0
WIDTHS = (170.0, 80.0, 80.0)
BOX = tuple(side * DPI / 72 for side in (LEFT - 4, TOP - 4, LEFT + sum(WIDTHS) + 4))


def drawn(rows: Sequence[Sequence[str]], *, title: str = "", notes: Sequence[str] = (), is_ruled: bool = False) -> TablePart:
    page = pymupdf.open().new_page(width=420, height=TOP + ROW * (len(rows) + 6))
    page.insert_text((LEFT, TOP - 10), title, fontname="hebo", fontsize=9.5)
    edges = [LEFT + sum(WIDTHS[:col]) for col in range(len(WIDTHS) + 1)]
    for number, row in enumerate(rows):
        for col, text in enumerate(row):
            if text == "—":
                y = TOP + ROW * number + 8
                page.draw_line((edges[col + 1] - 15, y), (edges[col + 1] - 6, y), width=0.6)
                continue
            shift = 4 if col == 0 else WIDTHS[col] - 6 - pymupdf.get_text_length(text, "helv", 9)
            page.insert_text((edges[col] + shift, TOP + ROW * number + 11), text, fontsize=9)
    bottom = TOP + ROW * len(rows)
    for y in [TOP + ROW * number for number in (range(len(rows) + 1) if is_ruled else (0, 1, len(rows)))]:
        page.draw_line((edges[0], y), (edges[-1], y), width=0.7)
    for x in edges if is_ruled else ():
        page.draw_line((x, TOP), (x, bottom), width=0.7)
    for number, note in enumerate(notes):
        page.insert_text((LEFT, bottom + 14 + 12 * number), note, fontsize=8)
    pixels = page.get_pixmap(dpi=DPI, alpha=False)
    image = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, 3).copy()
    return TablePart(image, Rect(BOX[0], BOX[1], BOX[2], (bottom + 4) * DPI / 72))


def texts(reading: TableReading) -> list[list[str]]:
    return [[cell.text.replace(" ", "") for cell in row.cells] for row in reading.rows]


ROWS = [
    ["Item", "2023", "2022"],
    ["Cash", "1,234", "1,118"],
    ["Receivables", "(567)", "—"],
    ["Inventories", "89", "91"],
    ["Total", "756", "1,209"],
]


@pytest.mark.parametrize("is_ruled", [True, False])
def test_every_cell_is_read_at_its_place(*, is_ruled: bool) -> None:
    reading = read_table([drawn(ROWS, is_ruled=is_ruled)])
    assert texts(reading) == ROWS
    assert [row.kind for row in reading.rows] == ["header", "data", "data", "data", "total"]
    assert (reading.n_rows, reading.n_cols, reading.n_row_header_cols) == (5, 3, 1)


def test_title_and_footnotes_are_not_rows() -> None:
    notes = ["(1) Net of allowances."]
    reading = read_table([drawn(ROWS, title="Table 4. Current assets (in thousands of US dollars)", notes=notes)])
    assert reading.title is not None
    assert reading.title.startswith("Table 4. Current assets")
    assert reading.footnotes == tuple(notes)
    assert (reading.scale, reading.currency) == (1000.0, "USD")
    assert reading.n_rows == len(ROWS)


def test_headings_printed_again_on_the_next_page_are_marked() -> None:
    more = [ROWS[0], ["Land", "40", "40"], ["Buildings", "300", "310"], ["Vehicles", "12", "11"]]
    reading = read_table([drawn(ROWS), drawn(more)])
    assert [row.kind for row in reading.rows if row.image == 2] == ["repeated_header", "data", "data", "data"]
    assert texts(reading) == [*ROWS, *more]


def test_a_skewed_scan_reads_like_a_straight_one() -> None:
    part = drawn(ROWS)
    turned = turned_back(part.image, -1.2)
    assert find_skew(turned) == pytest.approx(1.2, abs=0.1)
    assert texts(read_table([TablePart(turned, part.box)])) == ROWS


def test_cell_boxes_hold_their_text() -> None:
    part = drawn(ROWS)
    height, width = part.image.shape[:2]
    cell = read_table([part]).rows[1].cells[1]
    assert cell.text == "1,234"
    assert cell.box is not None
    x0, y0, x1, y1 = (int(side * size / 1000) for side, size in zip(cell.box, (width, height) * 2, strict=True))
    outside = part.image.copy()
    outside[y0:y1, x0:x1] = 255
    assert ink(part.image[y0:y1, x0:x1]) > 0
    assert texts(read_table([TablePart(outside, part.box)]))[1][1] == ""


def ink(image: NDArray[np.uint8]) -> int:
    return int((image < 128).sum())


def test_reading_twice_gives_the_same() -> None:
    part = drawn(ROWS)
    assert read_table([part]) == read_table([part])


def grid(rows: Sequence[Sequence[str]]) -> Grid:
    cells = [
        GridCell(row, col, 1, 1, Rect(50.0 * col, 10.0 * row, 50.0 * col + 50, 10.0 * row + 10), text)
        for row, line in enumerate(rows)
        for col, text in enumerate(line)
    ]
    return Grid(len(rows), len(rows[0]), tuple(cells))


def lines(one: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in one.rows()]


def test_currency_signs_and_closing_parentheses_join_their_numbers() -> None:
    rows = [["", "", "2023", ""], ["Net loss", "$", "(1,234", ")"], ["Tax", "$", "(5", ")"]]
    assert lines(tidied(grid(rows))) == [["", "2023"], ["Net loss", "$(1,234)"], ["Tax", "$(5)"]]


def test_a_column_of_dashes_stays_a_column() -> None:
    rows = [["", "2023", "2022"], ["Land", "—", "7"], ["Sea", "—", "9"]]
    assert lines(tidied(grid(rows))) == rows


def test_parts_get_the_columns_of_the_longest_part() -> None:
    long = grid([["a", "1", "2"], ["b", "3", "4"], ["c", "5", "6"]])
    short = Grid(1, 2, (GridCell(0, 0, 1, 1, Rect(0, 0, 50, 10), "d"), GridCell(0, 1, 1, 1, Rect(100, 0, 150, 10), "8")))
    assert lines(aligned([long, short])[1]) == [["d", "", "8"]]


def test_years_are_headings_but_amounts_are_not() -> None:
    assert n_header_rows(grid([["", "2023", "2022"], ["Sales", "120", "110"]])) == 1
    assert n_header_rows(grid([["Region", "Net sales", "Cost"], ["", "2023", "2022"], ["North", "1", "2"], ["South", "3", "4"]])) == 2
    assert n_header_rows(grid([["Sales", "120", "110"], ["Cost", "90", "80"]])) == 0


@pytest.mark.parametrize(
    ("text", "scale"),
    [("(in thousands)", 1e3), ("In millions of euros", 1e6), ("($ in billions)", 1e9), ("US$ '000", 1e3), ("Thousands of miles", None)],
)
def test_the_stated_scale_is_found(text: str, scale: float | None) -> None:
    assert scale_of(text) == scale


def test_currency_and_unit_are_told_apart() -> None:
    assert currency_of("Sales ($ millions)") == "USD"
    assert currency_of("€ against $") is None
    assert unit_of("Catch (in kg)") == "kg"
    assert unit_of("Sales (in thousands)") is None
