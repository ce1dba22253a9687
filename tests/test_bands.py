"""Rows of numbers are found where they are, and prose is not taken for them."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.bands import Line, number_bands

HEIGHT = 0.012


def row(y: float, *texts: str) -> list[Line]:
    return [Line(text, y, y + HEIGHT) for text in texts]


def table(y: float, n_rows: int) -> list[Line]:
    return [line for number in range(n_rows) for line in row(y + 1.5 * HEIGHT * number, "Net revenue", f"{number},100", "(3.5)%")]


def test_prose_has_no_bands() -> None:
    prose = [line for number in range(30) for line in row(0.1 + 0.02 * number, "In 2023 revenue grew by 7.5 % to 1,120")]
    assert number_bands(prose) == ()


def test_two_tables_with_prose_between_them_are_two_bands() -> None:
    prose = [line for number in range(6) for line in row(0.3 + 0.02 * number, "Notes to the table above, in words.")]
    first, second = number_bands([*table(0.1, 6), *prose, *table(0.5, 4)])
    assert (first.n_cells, second.n_cells) == (18, 12)
    assert 0.1 <= first.y0 < first.y1 < 0.3
    assert 0.5 <= second.y0 < second.y1


def test_a_section_heading_inside_a_table_does_not_cut_it() -> None:
    lines = [*table(0.1, 3), *row(0.1 + 1.5 * HEIGHT * 3, "Marine Systems"), *table(0.1 + 1.5 * HEIGHT * 4, 3)]
    assert len(number_bands(lines)) == 1


def test_two_rows_are_no_table() -> None:
    assert number_bands(table(0.1, 2)) == ()


LINES = st.builds(
    lambda y, text: Line(text, y, y + HEIGHT), st.floats(0, 0.98), st.sampled_from(["Total", "1,234", "(5)", "—", "USD 7", "note"])
)


@given(st.lists(LINES, max_size=60))
def test_bands_are_in_order_do_not_overlap_and_hold_no_cell_twice(lines: list[Line]) -> None:
    bands = number_bands(lines)
    assert sum(band.n_cells for band in bands) <= len(lines)
    assert all(0 <= band.y0 < band.y1 <= 1 for band in bands)
    assert [band.y0 for band in bands] == sorted(band.y0 for band in bands)


@given(st.lists(st.builds(Line, st.sampled_from(["Total", "1,234"]), st.floats(), st.floats()), max_size=12))
def test_text_outside_the_page_makes_no_band_outside_it(lines: list[Line]) -> None:
    assert all(0 <= band.y0 < band.y1 <= 1 for band in number_bands(lines))
