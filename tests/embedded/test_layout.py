"""Pages drawn by the tests themselves, surveyed from pixels."""

from collections.abc import Callable

import numpy as np
import pymupdf
import pytest

from pipeline.embedded import layout
from pipeline.embedded.reading import Reading

ROWS = [("Region", "2023", "2022"), *((f"District {n}", f"{n * 137:,}", f"{n * 91:,}") for n in range(1, 13))]
PROSE = "The gauges were read every hour and compared with the staff. Differences above two millimeters were checked twice."
Drawer = Callable[[pymupdf.Page], None]


def read(draw: Drawer) -> Reading:
    page = pymupdf.open().new_page()
    draw(page)
    pixels = page.get_pixmap(dpi=100, alpha=False)
    return layout.read_page(np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, 3).copy())


def table_at(top: float, rows: list[tuple[str, ...]] = ROWS, title: str = "") -> Drawer:
    def draw(page: pymupdf.Page) -> None:
        page.insert_text((60, top - 12), title, fontname="hebo", fontsize=11)
        for number, row in enumerate(rows):
            for col, text in enumerate(row):
                x = 64.0 if col == 0 else 300 + 110 * col - pymupdf.get_text_length(text, "helv", 10)
                page.insert_text((x, top + 17 * number + 12), text, fontsize=10)
        for y in (top, top + 17, top + 17 * len(rows)):
            page.draw_line((60, y), (524, y), width=0.8)

    return draw


def prose(page: pymupdf.Page) -> None:
    for number in range(5):
        page.insert_textbox((60, 60 + 130 * number, 540, 180 + 130 * number), " ".join([PROSE] * 6), fontsize=10)


def two_columns(page: pymupdf.Page) -> None:
    for x in (50, 310):
        page.insert_textbox((x, 60, x + 240, 760), " ".join([PROSE] * 24), fontsize=9.5)


def contents(page: pymupdf.Page) -> None:
    page.insert_text((60, 80), "Contents", fontname="hebo", fontsize=16)
    for number, name in enumerate(["Letter", "Business", "Risk factors", "Properties", "Statements", "Notes", "Exhibits"]):
        page.insert_text((60, 120 + 20 * number), f"{number + 1}. {name}", fontsize=11)
        page.insert_text((500, 120 + 20 * number), str(3 + 4 * number), fontsize=11)


def bars(page: pymupdf.Page) -> None:
    page.insert_text((150, 110), "Visitors by month", fontname="hebo", fontsize=11)
    page.draw_line((130, 130), (130, 350))
    page.draw_line((130, 350), (470, 350))
    for number, height in enumerate((60, 110, 90, 180, 150)):
        page.draw_rect((150 + 64 * number, 350 - height, 190 + 64 * number, 350), fill=(0.2, 0.4, 0.7))
        page.insert_text((158 + 64 * number, 364), ["Jan", "Feb", "Mar", "Apr", "May"][number], fontsize=9)
        page.insert_text((106, 353 - 50 * number), str(100 * number), fontsize=9)
    page.insert_textbox((60, 420, 540, 700), " ".join([PROSE] * 8), fontsize=10)


def test_a_table_is_located_with_its_title() -> None:
    (page,) = layout.survey_pages([(1, 1, read(table_at(150, title="Table 3. Landings by district")))])
    (table,) = page.tables
    x0, y0, x1, y1 = table.box
    assert table.title == "Table 3. Landings by district"
    assert (x0, y0, x1, y1) == pytest.approx((98, 178, 880, 440), abs=22)
    assert not table.continues


@pytest.mark.parametrize("draw", [prose, two_columns, contents])
def test_pages_without_tables_give_none(draw: Drawer) -> None:
    (page,) = layout.survey_pages([(1, 1, read(draw))])
    assert page.tables == ()
    assert page.charts == ()


def test_a_bar_chart_is_a_chart_and_no_table() -> None:
    (page,) = layout.survey_pages([(1, 1, read(bars))])
    assert page.tables == ()
    (chart,) = page.charts
    assert chart.box == pytest.approx((175, 120, 790, 437), abs=30)


def test_an_empty_page_is_blank() -> None:
    (page,) = layout.survey_pages([(1, 1, read(lambda _: None))])
    assert page.kind == "blank"


def test_a_contents_page_is_known_as_such() -> None:
    assert layout.survey(1, 2, read(contents)).kind == "contents"


def test_a_link_to_the_contents_makes_no_contents_page() -> None:
    def linked(page: pymupdf.Page) -> None:
        page.insert_text((60, 40), "Table of Contents", fontsize=9)
        table_at(150)(page)

    (page,) = layout.survey_pages([(1, 1, read(linked))])
    assert page.kind != "contents"
    assert len(page.tables) == 1


@pytest.fixture(scope="module")
def foot() -> Reading:
    return read(table_at(540, title="Table 3. Landings by district"))


def test_a_table_goes_on_at_the_top_of_the_next_page(foot: Reading) -> None:
    rows = [ROWS[0], *((f"District {n}", f"{n * 137:,}", f"{n * 91:,}") for n in range(13, 20))]
    first, second = layout.survey_pages([(1, 4, foot), (1, 5, read(table_at(60, rows)))])
    assert [table.continues for table in (*first.tables, *second.tables)] == [False, True]


def test_a_table_with_its_own_title_begins_anew(foot: Reading) -> None:
    other = read(table_at(80, title="Table 4. Vessels by district"))
    (_, second) = layout.survey_pages([(1, 4, foot), (1, 5, other)])
    assert not second.tables[0].continues


@pytest.fixture(scope="module")
def head() -> Reading:
    return read(table_at(60, [ROWS[0], *((f"Quarter {n}", f"{n * 137:,}", f"{n * 91:,}") for n in range(13, 20))]))


def test_nothing_continues_from_another_document(foot: Reading, head: Reading) -> None:
    pages = layout.survey_pages([(1, 4, foot), (2, 5, head), (1, 6, head)])
    assert not any(table.continues for page in pages for table in page.tables)


def test_a_table_goes_on_after_an_empty_page(foot: Reading, head: Reading) -> None:
    pages = layout.survey_pages([(1, 4, foot), (1, 5, read(lambda _: None)), (1, 6, head)])
    assert pages[2].tables[0].continues


def test_further_columns_of_the_same_rows_are_no_further_rows(foot: Reading) -> None:
    rows = [("Region", "2021", "2020"), *((name, f"{n * 53:,}", f"{n * 47:,}") for n, (name, _, _) in enumerate(ROWS[1:], 1))]
    (_, second) = layout.survey_pages([(1, 4, foot), (1, 5, read(table_at(60, rows)))])
    assert (second.tables[0].continues, second.tables[0].adds_columns) == (False, True)
