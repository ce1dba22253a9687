"""Joining the parts of a table loses nothing, keeps every cell's page, and never changes a position."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.merge import PartialReading, merge, next_row, numbered, sites
from schemas.document import Box
from schemas.extraction import ReadCell, ReadRow, TableReading
from schemas.located import Located, SurveyedPage, TableSite
from schemas.result import Table

BOX = Box(x0=0.1, y0=0.1, x1=0.9, y1=0.9)


def part(page: int, *, continues: bool = False, adds_columns: bool = False) -> Located:
    return Located(page_no=page, box=BOX, continues=continues, adds_columns=adds_columns)


def row(image: int, kind: str, *texts: str) -> ReadRow:
    return ReadRow.model_validate({"image": image, "kind": kind, "cells": [{"text": text} for text in texts]})


def reading(rows: list[ReadRow], **more: object) -> TableReading:
    return TableReading.model_validate({"n_cols": 2, "n_rows": len(rows), "rows": rows, **more})


def merged(rows: list[ReadRow], pages: int = 1):
    parts = tuple(part(number) for number in range(1, pages + 1))
    (table,) = merge(TableSite(doc_id="d", parts=parts), 0, [PartialReading(reading(rows), parts, [BOX] * pages)])
    return table


def test_a_table_over_two_pages_is_one_table_and_its_repeated_header_is_dropped() -> None:
    table = merged(
        [row(1, "header", "item", "2023"), row(1, "data", "a", "1"), row(2, "repeated_header", "item", "2023"), row(2, "data", "b", "2")], 2
    )
    assert (table.n_rows, table.n_header_rows, table.n_dropped_rows) == (3, 1, 1)
    assert [(f.page_no, f.row_start, f.row_end, f.has_repeated_header) for f in table.fragments] == [(1, 0, 2, False), (2, 2, 3, True)]
    assert {cell.text: cell.page_no for cell in table.cells}["b"] == 2


def test_a_header_repeated_without_being_called_so_is_dropped_too() -> None:
    table = merged(
        [row(1, "header", "item", "2023"), row(1, "data", "a", "1"), row(2, "header", "Item", "2023 "), row(2, "data", "b", "2")], 2
    )
    assert table.n_rows == 3


def test_paths_lead_to_a_cell_through_section_row_label_and_spanning_headings() -> None:
    top = ReadRow(image=1, kind="header", cells=(ReadCell(text=""), ReadCell(text="Year ended", col_span=2)))
    rows = [top, row(1, "header", "", "2023", "2022"), row(1, "section", "Assets"), row(1, "data", "Cash", "5", "4")]
    cell = next(cell for cell in merged(rows).cells if cell.text == "4")
    assert (cell.row_path, cell.col_path) == ("Assets › Cash", "Year ended › 2022")


def test_positions_covered_by_a_row_span_are_left_free() -> None:
    first = ReadRow(image=1, kind="data", cells=(ReadCell(text="both", row_span=2), ReadCell(text="1")))
    table = merged([first, row(1, "data", "2")])
    assert {cell.text: (cell.row, cell.col) for cell in table.cells} == {"both": (0, 0), "1": (0, 1), "2": (1, 1)}


KINDS = st.sampled_from(["header", "repeated_header", "section", "total", "repeated", "continued", "data"])
ROWS = st.lists(
    st.builds(
        lambda image, kind, cells: ReadRow.model_validate({"image": image, "kind": kind, "cells": cells}),
        st.integers(-1, 5),
        KINDS,
        st.lists(
            st.fixed_dictionaries({"text": st.text(max_size=3), "row_span": st.integers(0, 4), "col_span": st.integers(0, 4)}), max_size=4
        ),
    ),
    max_size=12,
)


@given(ROWS, st.integers(1, 3))
def test_rows_in_are_rows_out_rows_printed_again_and_rests_of_cut_rows(rows: list[ReadRow], pages: int) -> None:
    table = merged(rows, pages)
    assert table.n_rows + table.n_dropped_rows + table.n_joined_rows == len(rows)


@given(ROWS, st.integers(1, 3))
def test_every_letter_of_the_rows_that_stay_is_in_the_table(rows: list[ReadRow], pages: int) -> None:
    rows = [row.model_copy(update={"kind": "data"}) if row.kind not in {"continued", "section"} else row for row in rows]
    table = merged(rows, pages)
    if not table.n_dropped_rows:
        assert letters(cell.text for cell in table.cells) == letters(cell.text for row in rows for cell in row.cells)


@given(ROWS, st.integers(1, 4))
def test_the_parts_of_a_table_follow_one_another_and_reach_its_end(rows: list[ReadRow], pages: int) -> None:
    table = merged(rows, pages)
    parts = table.fragments
    assert len(parts) == pages
    assert (parts[0].row_start, parts[-1].row_end) == (0, table.n_rows)
    # A row that the page break cut is in two parts.
    assert all(before.row_end - after.row_start in {0, 1} for before, after in pairwise(parts) if after.row_end > after.row_start)
    for cell in table.cells:
        shown = [one for one in parts if one.page_no == cell.page_no]
        assert any(one.row_start < cell.row + cell.row_span and cell.row < one.row_end for one in shown)


@st.composite
def wide(draw: st.DrawFn) -> tuple[list[list[str]], list[int], bool]:
    """A grid of texts, the columns at which it is parted, and whether the labels are printed again."""
    n_rows, n_cols = draw(st.integers(2, 6)), draw(st.integers(3, 7))
    cells = st.text("abcxyz", min_size=1, max_size=4)
    grid = [[f"{draw(cells)}{row}", *(f"{row}{col}" for col in range(1, n_cols))] for row in range(n_rows)]
    cuts = sorted(draw(st.sets(st.integers(2, n_cols - 1), min_size=1, max_size=3)))
    return grid, cuts, draw(st.booleans())


@given(wide())
def test_columns_on_further_pages_stand_beside_the_same_rows(case: tuple[list[list[str]], list[int], bool]) -> None:
    grid, cuts, has_labels = case
    strips = [[row[start:end] for row in grid] for start, end in pairwise([0, *cuts, len(grid[0])])]
    if has_labels:
        strips[1:] = [[[row[0], *rest] for row, rest in zip(grid, strip, strict=True)] for strip in strips[1:]]
    (table,) = across(strips)
    assert texts(table) == grid
    assert (table.n_dropped_cols, table.merge_direction) == (len(cuts) * has_labels, "columns")
    assert [(one.col_start, one.col_end) for one in table.fragments] == [*pairwise([0, *cuts, len(grid[0])])]
    assert {(one.row_start, one.row_end) for one in table.fragments} == {(0, len(grid))}


def across(strips: Sequence[Sequence[Sequence[str]]], kinds: Sequence[str] = ()) -> tuple[Table, ...]:
    parts = tuple(part(number, adds_columns=number > 1) for number in range(1, len(strips) + 1))
    read = []
    for place, strip in zip(parts, strips, strict=True):
        names = kinds or ["header", *["data"] * (len(strip) - 1)]
        rows = [row(1, kind, *cells) for kind, cells in zip(names, strip, strict=True)]
        read.append(PartialReading(reading(rows, n_cols=len(strip[0])), [place], [BOX]))
    return merge(TableSite(doc_id="d", parts=parts), 4, read)


def texts(table: Table) -> list[list[str]]:
    grid = [[""] * table.n_cols for _ in range(table.n_rows)]
    for cell in table.cells:
        grid[cell.row][cell.col] = cell.text
    return grid


def letters(found: Iterable[str]) -> Counter[str]:
    return Counter("".join("".join(text.split()) for text in found))


LEFT = [["Item", "2023"], ["Nails", "1"], ["Screws", "2"]]


def test_columns_beside_other_rows_are_tables_of_their_own() -> None:
    more = [["Item", "2022"], ["Nails", "5"], ["Screws", "6"], ["Bolts", "7"]]
    tables = across([LEFT, more])
    assert [(table.ordinal, table.merge_direction) for table in tables] == [(4, "none"), (5, "none")]
    assert [texts(table) for table in tables] == [LEFT, more]


def test_columns_beside_other_labels_are_tables_of_their_own() -> None:
    assert len(across([LEFT, [["Item", "2022"], ["Paint", "5"], ["Glue", "6"]]])) == 2


def test_a_label_misread_beside_further_columns_is_the_same_label_but_another_number_is_not() -> None:
    one = [["Item", "2023"], ["Nails 10 mm", "1"], ["Screws", "2"]]
    misread, other = ([["Item", "2022"], [first, "5"], ["Screws", "6"]] for first in ("Nalls 10 mm", "Nails 16 mm"))
    assert len(across([one, misread])) == 1
    assert len(across([one, other])) == 2


def test_a_table_that_could_fall_apart_leaves_room_among_the_ordinals() -> None:
    wide_site = TableSite(doc_id="d", parts=(part(1), part(2, adds_columns=True)))
    long_site = TableSite(doc_id="d", parts=(part(3), part(4, continues=True)))
    assert [ordinal for ordinal, _ in numbered([wide_site, long_site, long_site])] == [0, 2, 3]


def test_strips_with_fewer_headings_stand_beside_the_same_rows() -> None:
    one = [["", "Home"], ["Item", "2023"], ["Nails", "1"]]
    two = [["Item", "Abroad"], ["Nails", "7"]]
    parts = (part(1), part(2, adds_columns=True))
    left = reading([row(1, kind, *cells) for kind, cells in zip(["header", "header", "data"], one, strict=True)])
    right = reading([row(1, kind, *cells) for kind, cells in zip(["header", "data"], two, strict=True)])
    read = [PartialReading(left, parts[:1], [BOX]), PartialReading(right, parts[1:], [BOX])]
    (table,) = merge(TableSite(doc_id="d", parts=parts), 0, read)
    assert texts(table) == [["", "Home", ""], ["Item", "2023", "Abroad"], ["Nails", "1", "7"]]
    assert [(one.row_start, one.row_end) for one in table.fragments] == [(0, 3), (1, 3)]


def test_a_row_cut_by_the_page_break_is_one_row_of_both_parts() -> None:
    rows = [
        row(1, "header", "item", "2023"),
        row(1, "data", "Provision for", ""),
        row(2, "repeated_header", "item", "2023"),
        row(2, "continued", "repairs", "7"),
        row(2, "data", "Cash", "5"),
    ]
    table = merged(rows, 2)
    assert texts(table) == [["item", "2023"], ["Provision for repairs", "7"], ["Cash", "5"]]
    assert (table.n_joined_rows, table.n_dropped_rows) == (1, 1)
    assert [(one.row_start, one.row_end) for one in table.fragments] == [(0, 2), (1, 3)]
    assert {cell.text: cell.page_no for cell in table.cells}["7"] == 2


def test_a_row_is_no_rest_within_a_page_nor_of_a_heading() -> None:
    table = merged([row(1, "header", "a"), row(2, "continued", "b"), row(2, "continued", "c")], 2)
    assert (table.n_rows, table.n_joined_rows) == (3, 0)


def test_a_total_brought_forward_is_dropped_and_the_one_carried_forward_stays_a_total() -> None:
    rows = [
        row(1, "data", "Nails", "4"),
        row(1, "total", "Carried forward", "4"),
        row(2, "repeated", "Brought forward", "4"),
        row(2, "data", "Bolts", "5"),
    ]
    table = merged(rows, 2)
    assert [(cell.text, cell.kind) for cell in table.cells if cell.row == 1] == [("Carried forward", "total"), ("4", "total")]
    assert (table.n_rows, table.n_dropped_rows) == (3, 1)


def test_a_total_brought_forward_with_other_amounts_stays() -> None:
    rows = [row(1, "data", "Nails", "4"), row(2, "repeated", "Brought forward", "9"), row(2, "data", "Bolts", "5")]
    table = merged(rows, 2)
    assert [cell.kind for cell in table.cells if cell.row == 1] == ["total", "total"]
    assert table.n_dropped_rows == 0


def test_a_section_printed_again_is_dropped_and_a_new_one_is_not() -> None:
    rows = [
        row(1, "section", "Assets"),
        row(1, "data", "Cash", "4"),
        row(2, "section", "Assets (continued)"),
        row(2, "data", "Land", "5"),
        row(3, "section", "Debts"),
        row(3, "data", "Bonds", "6"),
    ]
    table = merged(rows, 3)
    assert [cell.row_path for cell in table.cells if cell.col == 1] == ["Assets › Cash", "Assets › Land", "Debts › Bonds"]
    assert table.n_dropped_rows == 1


@given(ROWS, st.integers(1, 3))
def test_no_two_cells_share_a_position_and_none_is_outside(rows: list[ReadRow], pages: int) -> None:
    table = merged(rows, pages)
    covered = [(cell.row + i, cell.col + j) for cell in table.cells for i in range(cell.row_span) for j in range(cell.col_span)]
    assert all(0 <= r < table.n_rows and 0 <= c < table.n_cols for r, c in covered)
    origins = [(cell.row, cell.col) for cell in table.cells]
    assert len(origins) == len(set(origins))


def test_fragments_cover_the_rows_once() -> None:
    table = merged([row(1, "header", "a"), row(1, "data", "1"), row(2, "data", "2"), row(3, "data", "3")], 3)
    assert [(f.row_start, f.row_end) for f in table.fragments] == [(0, 2), (2, 3), (3, 4)]


def test_a_promise_of_more_rows_is_followed_until_a_reply_brings_none() -> None:
    short = reading([row(1, "data", "a", "1")], n_rows=3)
    assert next_row([short]) == 1
    assert next_row([short, reading([], n_rows=3, first_row=1)]) is None


def test_a_broken_promise_is_marked() -> None:
    parts = (part(1),)
    (table,) = merge(TableSite(doc_id="d", parts=parts), 0, [PartialReading(reading([row(1, "data", "a", "1")], n_rows=3), parts, [BOX])])
    assert table.is_truncated


def surveyed(page: int, *tables: Located) -> SurveyedPage:
    return SurveyedPage(doc_id="d", page_no=page, kind="table", tables=tables)


def test_a_continued_table_is_one_site_over_any_number_of_pages() -> None:
    tables, _ = sites([surveyed(3, part(3, continues=True)), surveyed(1, part(1)), surveyed(2, part(2, continues=True), part(2))])
    assert [[p.page_no for p in site.parts] for site in tables] == [[1, 2], [2, 3]]


def test_nothing_continues_over_a_page_without_a_table() -> None:
    tables, _ = sites([surveyed(1, part(1)), surveyed(2), surveyed(3, part(3, continues=True))])
    assert len(tables) == 2


def test_a_table_goes_on_over_a_blank_page_but_not_over_one_that_was_not_read() -> None:
    pages = [surveyed(1, part(1)), surveyed(3, part(3, continues=True))]
    assert len(sites(pages, blank={2})[0]) == 1
    assert len(sites(pages)[0]) == 2
    empty = SurveyedPage(doc_id="d", page_no=2, kind="blank")
    assert len(sites([*pages, empty])[0]) == 1


def test_further_columns_are_a_strip_of_their_own() -> None:
    pages = [surveyed(1, part(1)), surveyed(2, part(2, continues=True)), surveyed(3, part(3, adds_columns=True))]
    ((site,), _) = sites(pages)
    assert [[one.page_no for one in strip] for strip in site.strips] == [[1, 2], [3]]
