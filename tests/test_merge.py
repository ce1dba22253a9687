"""Joining the parts of a table loses no row, keeps every row's page, and never changes a position."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.merge import PartialReading, merge, next_row, sites
from schemas.document import Box
from schemas.extraction import ReadCell, ReadRow, TableReading
from schemas.located import Located, SurveyedPage, TableSite

BOX = Box(x0=0.1, y0=0.1, x1=0.9, y1=0.9)


def part(page: int, *, continues: bool = False) -> Located:
    return Located(page_no=page, box=BOX, continues=continues)


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


KINDS = st.sampled_from(["header", "repeated_header", "section", "total", "data"])
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
def test_rows_in_are_rows_out_and_repeated_headers(rows: list[ReadRow], pages: int) -> None:
    table = merged(rows, pages)
    assert table.n_rows + table.n_dropped_rows == len(rows)


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
