"""Golden cases of the measures of tables, worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.counted import Counted, total
from pipeline.evaluate.tables import Grid, Span, adjacency, cells, numeric_cells, paired, teds

PLAIN = Grid((("Item", "2023"), ("Cash", "1,234"), ("Debt", "(56)")))
HEADED = Grid((("", "Sales", ""), ("", "2023", "2022"), ("North", "1", "2")), (Span(0, 1, 1, 2),))

texts = st.sampled_from(["", "a", "b", "12", "(3)"])
grids = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.tuples(*[texts] * width), min_size=1, max_size=4).map(lambda rows: Grid(tuple(rows)))
)


def with_row(grid: Grid, at: int, row: tuple[str, ...]) -> Grid:
    return Grid((*grid.rows[:at], row, *grid.rows[at:]), tuple(s._replace(row=s.row + (s.row >= at)) for s in grid.spans))


@given(grids)
def test_a_table_is_like_itself(grid: Grid) -> None:
    assert teds(grid, grid) == 1.0
    for measure in (adjacency, cells, numeric_cells):
        assert measure(grid, grid).f1 == 1.0


@given(grids, grids)
def test_every_measure_is_symmetric_and_within_bounds(one: Grid, two: Grid) -> None:
    assert teds(one, two) == pytest.approx(teds(two, one))
    assert 0.0 <= teds(one, two) <= 1.0
    for measure in (adjacency, cells, numeric_cells):
        there, back = measure(one, two), measure(two, one)
        assert (there.n_right, there.f1) == (back.n_right, back.f1)
        assert there.n_right <= min(there.n_truth, there.n_found)


@given(grids, st.integers(0, 4))
def test_a_row_without_text_changes_nothing(grid: Grid, at: int) -> None:
    empty = with_row(grid, min(at, len(grid.rows)), ("",) * grid.n_cols)
    assert teds(grid, empty) == 1.0
    assert adjacency(grid, empty).f1 == cells(grid, empty).f1 == 1.0


def test_teds_counts_a_missing_row_with_its_cells() -> None:
    # 3 rows and 6 cells without the root; a row and its two cells are inserted
    assert teds(PLAIN, Grid(PLAIN.rows[:2])) == pytest.approx(1 - 3 / 9)


def test_teds_counts_a_text_by_its_edit_distance() -> None:
    other = Grid((*PLAIN.rows[:2], ("Debt", "(58)")))
    assert teds(PLAIN, other) == pytest.approx(1 - (1 / 4) / 9)


def test_teds_counts_a_lost_span_as_a_changed_cell_and_a_new_one() -> None:
    # 3 rows, and 2 + 3 + 3 cells against 3 + 3 + 3
    assert teds(HEADED, Grid(HEADED.rows)) == pytest.approx(1 - 2 / 12)


def test_relations_pass_over_empty_cells_and_know_their_direction() -> None:
    one = Grid((("a", "", "b"), ("c", "d", "e")))
    # a-b, c-d, d-e to the right; a-c, b-e below; d stands below nothing
    assert adjacency(one, one).n_truth == 5
    turned = Grid((("a",), ("b",)))
    assert adjacency(Grid((("a", "b"),)), turned) == Counted(1, 1, 0)


def test_a_heading_over_two_columns_stands_above_both() -> None:
    # Sales above 2023 and 2022; 2023-2022, North-1, 1-2 to the right; 2023-1, 2022-2 below
    assert adjacency(HEADED, HEADED).n_truth == 7
    assert adjacency(HEADED, Grid(HEADED.rows)) == Counted(7, 6, 6)


def test_a_relation_is_found_as_often_as_it_is_printed() -> None:
    twice = Grid((("a", "b"), ("x", "y"), ("a", "b")))
    once = Grid((("a", "b"), ("x", "y")))
    assert adjacency(twice, once) == Counted(7, 4, 4)


def test_cells_must_stand_in_their_place() -> None:
    shifted = with_row(PLAIN, 0, ("Table 1", ""))
    assert cells(PLAIN, shifted) == Counted(6, 7, 0)


def test_white_space_and_kinds_of_dashes_make_no_difference() -> None:
    one, two = Grid((("Net  sales", "\u2014"), ("1 234", "\u22125"))), Grid((("Netsales", "-"), ("1234", "-5")))
    assert teds(one, two) == 1.0
    assert cells(one, two) == Counted(4, 4, 4)


def test_numbers_are_compared_as_numbers() -> None:
    other = Grid((("Item", "2023"), ("Cash", "$1234"), ("Debt", "56")))
    assert numeric_cells(PLAIN, other) == Counted(3, 3, 2)


def test_two_tables_read_as_one_are_one_found_and_one_missed() -> None:
    second = Grid((("Region", "Rain"), ("Coast", "900")))
    fused = Grid((*PLAIN.rows, *second.rows))
    assert paired([PLAIN, second], [fused]) == ((0, 0),)


def test_tables_are_paired_by_what_they_say_not_by_their_order() -> None:
    second = Grid((("Region", "Rain"), ("Coast", "900")))
    prose = Grid((("A paragraph of running text", "that is no table"),))
    assert paired([PLAIN, second], [second, prose, PLAIN]) == ((0, 2), (1, 0))
    assert paired([PLAIN], [prose]) == ()
    assert paired([], [prose]) == paired([PLAIN], []) == ()


def test_nothing_found_where_nothing_is_counts_as_right() -> None:
    assert Counted(0, 0, 0).f1 == Counted(0, 0, 0).precision == Counted(0, 0, 0).recall == 1.0
    assert Counted(0, 2, 0).precision == Counted(2, 0, 0).recall == Counted(2, 0, 0).precision == 0.0
    assert total([Counted(1, 2, 1), Counted(3, 4, 2)]) == Counted(4, 6, 3)
