"""What makes a grid of the words of a table: which structure fits them, which of their lines are headings, titles or notes."""

from collections.abc import Sequence

import numpy as np
import pymupdf
import pytest
from numpy.typing import NDArray

from pipeline.embedded import layout
from pipeline.embedded.pictures import has_bars
from pipeline.embedded.reading import Line, Rect, Word
from pipeline.embedded.tables import TablePart, read_table
from pipeline.embedded.tables.bare import bare_table
from pipeline.embedded.tables.filling import filled, misfits
from pipeline.embedded.tables.grid import Grid, GridCell
from pipeline.embedded.tables.headings import without_note, without_title
from pipeline.embedded.tables.rules import Rules
from pipeline.embedded.tables.slanet import read_structure
from pipeline.embedded.tables.wrapped import with_joined_lines, with_whole_phrases, without_torn_columns

WIDTH, HEIGHT = 100.0, 20.0
NO_RULES = Rules((), ())
BARE = [["Trait", "Number", "Mean"], ["SCS", "1058", "0.10"], ["Milk", "977", "0.38"], ["Fat", "1204", "1.07"]]


def word(text: str, x: float, y: float, width: float = 40.0) -> Word:
    return Word(text, Rect(x, y, x + width, y + 10), 1.0)


def grid(rows: Sequence[Sequence[str]]) -> Grid:
    cells = (
        GridCell(row, col, 1, 1, Rect(WIDTH * col, HEIGHT * row, WIDTH * (col + 1), HEIGHT * (row + 1)), text)
        for row, line in enumerate(rows)
        for col, text in enumerate(line)
    )
    return Grid(len(rows), len(rows[0]), tuple(cells))


def words(rows: Sequence[Sequence[str]]) -> list[Word]:
    return [word(text, WIDTH * col + 5, HEIGHT * row + 5) for row, line in enumerate(rows) for col, text in enumerate(line) if text]


def texts(one: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in one.rows()]


def crop(rows: Sequence[Sequence[str]]) -> NDArray[np.uint8]:
    page = pymupdf.open().new_page(width=320, height=14 * len(rows) + 6)
    for number, row in enumerate(rows):
        for col, text in enumerate(row):
            page.insert_text((4 + 120 * col, 14 * number + 13), text, fontsize=9)
    for y in (2, 17, 14 * len(rows) + 4):
        page.draw_line((2, y), (318, y), width=0.7)
    pixels = page.get_pixmap(dpi=110, alpha=False)
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, 3).copy()


@pytest.fixture(scope="module")
def bare() -> NDArray[np.uint8]:
    return crop(BARE)


def test_an_image_that_is_nothing_but_a_table_is_one_table(bare: NDArray[np.uint8]) -> None:
    (page,) = layout.survey_pages([(1, 1, layout.read_page(bare))])
    assert (page.kind, len(page.tables), page.charts) == ("table", 1, ())
    x0, y0, x1, y1 = page.tables[0].box
    assert x0 < 40
    assert y0 < 100
    assert x1 > 960
    assert y1 > 900


def test_a_table_without_a_page_around_it_is_read_whole(bare: NDArray[np.uint8]) -> None:
    height, width = bare.shape[:2]
    reading = read_table([TablePart(bare, Rect(1, 1, width - 1, height - 1))])
    assert [[cell.text for cell in row.cells] for row in reading.rows] == BARE


def test_the_network_sees_rows_and_columns(bare: NDArray[np.uint8]) -> None:
    height, width = bare.shape[:2]
    seen = read_structure(bare, Rect(0, 0, width, height))
    assert (seen.n_rows, seen.n_cols) == (4, 3)
    assert read_structure(bare, Rect(5, 5, 5, 0)).cells == ()


def test_level_bars_make_an_image_a_chart_and_no_table() -> None:
    image = np.full((80, 260, 3), 255, np.uint8)
    lines = lines_of([["A", "", "12"], ["B", "", "7"], ["C", "", "3"]])
    assert not has_bars(image, lines)
    image[5:15, 105:180] = (40, 120, 220)
    assert has_bars(image, lines)
    assert not has_bars(image, [*lines, Line((word("Total", 110, 5),), Rect(110, 5, 150, 15), 1.0)])


def lines_of(rows: Sequence[Sequence[str]]) -> list[Line]:
    return [Line((one,), one.rect, 1.0) for one in words(rows)]


def test_a_page_has_margins_that_a_bare_table_has_not() -> None:
    lines = lines_of(BARE)
    assert bare_table(260, 80, lines, NO_RULES)
    assert bare_table(400, 200, lines, NO_RULES) is None


def test_a_paragraph_is_no_bare_table() -> None:
    lines = [Line((one,), one.rect, 1.0) for one in (word("a long line of running text", 2, 12 * row, 250) for row in range(6))]
    assert bare_table(256, 76, lines, NO_RULES) is None
    assert bare_table(256, 76, [], NO_RULES) is None


def test_a_grid_fits_if_its_cells_hold_the_words_one_each() -> None:
    assert misfits(grid([["", "", ""]] * 4), words(BARE)) == 0.0
    assert misfits(Grid(0, 0, ()), words(BARE)) == 1.0


def test_a_grid_with_two_columns_in_one_does_not_fit() -> None:
    fused = [cell._replace(col_span=2, rect=cell.rect._replace(x1=3 * WIDTH)) for cell in grid([["", ""]] * 4).cells if cell.col == 1]
    wide = Grid(4, 3, (*fused, *(cell for cell in grid([["", ""]] * 4).cells if cell.col == 0)))
    assert misfits(wide, words(BARE)) > 0.25


def test_a_grid_with_two_rows_in_one_does_not_fit() -> None:
    tall = Grid(
        2,
        3,
        tuple(cell._replace(rect=cell.rect._replace(y0=2 * cell.rect.y0, y1=2 * cell.rect.y1)) for cell in grid([["", "", ""]] * 2).cells),
    )
    assert misfits(tall, words(BARE)) > 0.1


def test_a_word_beside_its_cell_goes_to_the_nearest() -> None:
    small = grid([["", ""]])
    shrunk = small._replace(cells=tuple(cell._replace(rect=cell.rect._replace(x1=cell.rect.x1 - 60)) for cell in small.cells))
    assert texts(filled(shrunk, [word("n", 45, 5, 20), word("2", 110, 5, 20)])) == [["n", "2"]]


def test_the_lines_of_a_wrapped_heading_are_one_row() -> None:
    rows = [["", "Launch:", "1 Year:"], ["", "2009", "2010"], ["Data", "47", "272"]]
    printed = [*(one._replace(rect=one.rect._replace(y0=8, y1=18)) for one in words(rows[:1])), *words([["", "", ""], *rows[1:]])]
    printed = [one._replace(rect=one.rect._replace(y0=20, y1=30)) if one.rect.y0 == 25 else one for one in printed]
    joined = with_joined_lines(grid(rows), 2, printed, NO_RULES)
    assert texts(joined) == [["", "Launch: 2009", "1 Year: 2010"], ["Data", "47", "272"]]


def test_headings_that_stand_apart_or_are_ruled_off_stay_two_rows() -> None:
    rows = [["", "2023", "2022"], ["Item", "kg", "kg"], ["Milk", "47", "272"]]
    apart = with_joined_lines(grid(rows), 2, words(rows), NO_RULES)
    assert [[cell.text for cell in row if cell.col] for row in apart.rows()] == [["2023", "2022"], ["kg", "kg"], ["47", "272"]]
    ruled = Rules((Rect(0, 19, 300, 21),), ())
    assert with_joined_lines(grid(rows), 2, words(rows), ruled) == grid(rows)


def test_a_heading_torn_into_an_empty_column_is_put_together() -> None:
    rows = [["Gender", "Quite", "healthy", "No"], ["Male", "102", "", "3"], ["Female", "270", "", "4"]]
    printed = [one for one in words(rows) if one.text not in {"Quite", "healthy"}]
    printed += [word("Quite", 155, 5, 42), word("healthy", 201, 5, 42)]
    assert texts(without_torn_columns(grid(rows), 1, printed)) == [
        ["Gender", "Quite healthy", "No"],
        ["Male", "102", "3"],
        ["Female", "270", "4"],
    ]
    assert without_torn_columns(grid(rows), 1, words(rows)) == grid(rows)


def test_a_title_cut_where_columns_end_is_no_heading() -> None:
    rows = [["Table 1: Sources", "of toxics", ""], ["Source", "Tons", "Year"], ["Major", "10", "2004"], ["Area", "25", "2005"]]
    printed = [word("Table 1: Sources", 5, 5, 93), word("of toxics", 101, 5, 60), *words([["", "", ""], *rows[1:]])]
    assert texts(without_title(grid(rows), Rect(0, 0, 300, 80), printed)) == rows[1:]


def test_a_sentence_below_a_table_is_no_row() -> None:
    rows = grid([["Item", "2023"], ["Milk", "47"], ["Fat", "3"]])
    note = GridCell(3, 0, 1, 2, Rect(0, 60, 200, 80), "Exhibit reads: forty-seven tons of milk were sold in 2023.")
    assert without_note(Grid(4, 2, (*rows.cells, note))) == rows
    total = note._replace(text="All regions")
    assert without_note(Grid(4, 2, (*rows.cells, total))).n_rows == 4


def test_a_phrase_over_two_columns_is_one_wide_heading() -> None:
    rows = [["", "Fused", "oxide", "Carbide"], ["", "2009", "2010", "2010"], ["Japan", "15", "25", "60"]]
    printed = [word("Fused", 155, 5, 42), word("oxide", 201, 5, 42), word("Carbide", 305, 5), *words([["", "", "", ""], *rows[1:]])]
    top = with_whole_phrases(grid(rows), 2, printed).rows()[0]
    assert [(cell.text, cell.col, cell.col_span) for cell in top if cell.text] == [("Fused oxide", 1, 2), ("Carbide", 3, 1)]
