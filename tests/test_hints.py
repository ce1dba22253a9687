"""What a text layer tells about good cuts: sections, kinds of pages, tables that go on."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pymupdf
import pytest

from pipeline.hints import section_pages
from pipeline.open import open_document
from pipeline.windows import pages_of
from schemas.document import Document, Source

COLUMNS = (330.0, 420.0, 510.0)
HEADS = ("2023", "2022", "2021")
Draw = Callable[[pymupdf.Page], None]


def number(page: pymupdf.Page, right: float, y: float, text: str) -> None:
    page.insert_text((right - pymupdf.get_text_length(text, fontsize=9), y), text, fontsize=9)


def rows(first: float, n: int, columns: Sequence[float] = COLUMNS, seed: int = 1) -> Draw:
    draw = random.Random(seed)

    def onto(page: pymupdf.Page) -> None:
        for row in range(n):
            y = first + 14 * row
            page.insert_text((60, y), f"Item {chr(65 + row % 26)} of the list", fontsize=9)
            for right in columns:
                amount = draw.randrange(100, 90_000)
                number(page, right, y, f"({amount:,})" if draw.random() < 0.3 else f"{amount:,}")

    return onto


def text(y: float, *lines: str, size: float = 9, x: float = 60, font: str = "helv") -> Draw:
    def onto(page: pymupdf.Page) -> None:
        for n, line in enumerate(lines):
            page.insert_text((x, y + 14 * n), line, fontsize=size, fontname=font)

    return onto


def column_heads(y: float) -> Draw:
    return lambda page: [number(page, right, y, year) for right, year in zip(COLUMNS, HEADS, strict=True)]


def prose(first: float, n: int) -> Draw:
    return text(first, *["In 2022 we sold 1,250 units at 14 places, against 1,100 units at 12 places a year before that."] * n)


def furniture(page: pymupdf.Page) -> None:
    page.insert_text((60, 40), "Halloway Holdings, annual report", fontsize=9)
    page.insert_text((300, 770), str(page.number + 1), fontsize=9)


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Document]:
    def drawn(*pages: Sequence[Draw], outline: Sequence[tuple[int, str, int]] = ()) -> Document:
        path = tmp_path / "drawn.pdf"
        with pymupdf.open() as file:
            for parts in pages:
                page = file.new_page(width=612, height=792)
                for draw in (furniture, *parts):
                    draw(page)
            if outline:
                file.set_toc([list(entry) for entry in outline])
            file.save(path)
        return open_document(Source(uri=str(path), filename=path.name), str(path), 10**8, 1000)

    return drawn


def going_on(document: Document) -> list[int]:
    return [page.page_no for page in document.pages if page.table_goes_on]


def test_rows_at_the_foot_go_on_at_the_head_of_the_next_page(drawn) -> None:
    assert going_on(drawn([prose(80, 20), rows(400, 25)], [rows(80, 10, seed=2), prose(300, 20)])) == [1]


def test_a_table_over_three_pages_goes_on_twice(drawn) -> None:
    pages = drawn([prose(80, 20), rows(400, 25)], [rows(80, 48, seed=2)], [rows(80, 10, seed=3)])
    assert going_on(pages) == [1, 2]
    assert pages_of(pages, ()).continued == {2, 3}


def test_repeated_column_headings_are_no_new_table(drawn) -> None:
    assert going_on(drawn([column_heads(80), rows(100, 45)], [text(70, "(in millions)"), column_heads(84), rows(100, 10)])) == [1]


def test_a_title_makes_a_new_table(drawn) -> None:
    title = text(70, "Consolidated Statements of Income", x=200)
    assert going_on(drawn([rows(100, 45)], [title, column_heads(84), rows(100, 10)])) == []


def test_a_title_that_says_continued_makes_none(drawn) -> None:
    title = text(70, "Consolidated Statements of Income (continued)", x=200)
    assert going_on(drawn([rows(100, 45)], [title, column_heads(84), rows(100, 10)])) == [1]


def test_a_sentence_makes_a_new_table(drawn) -> None:
    assert going_on(drawn([rows(100, 45)], [text(80, "Our leases are as follows (in millions):"), rows(100, 10)])) == []


def test_the_label_of_a_part_of_the_table_makes_none(drawn) -> None:
    assert going_on(drawn([rows(100, 45)], [column_heads(70), text(84, "Liabilities:"), rows(100, 10)])) == [1]


def test_other_columns_make_a_new_table(drawn) -> None:
    assert going_on(drawn([rows(100, 45)], [rows(80, 10, columns=(290, 375, 465, 555))])) == []


def test_a_footnote_ends_the_table(drawn) -> None:
    assert going_on(drawn([rows(100, 44), text(730, "(a) As restated in the second quarter.")], [rows(80, 10)])) == []


def test_prose_with_numbers_is_no_table(drawn) -> None:
    assert going_on(drawn([prose(80, 48)], [prose(80, 48)])) == []


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_tables_go_on_over_pages_that_are_shown_turned(drawn, tmp_path: Path, turn: int) -> None:
    upright = drawn([rows(100, 45)], [rows(80, 10)])
    path = tmp_path / "turned.pdf"
    with pymupdf.open(upright.path) as file, pymupdf.open() as turned:
        for page in file:
            size = (792, 612) if turn % 180 else (612, 792)
            new = turned.new_page(width=size[0], height=size[1])
            new.show_pdf_page(new.rect, file, page.number, rotate=turn)
            new.set_rotation(turn)
        turned.save(path)
    assert going_on(open_document(Source(uri=str(path), filename=path.name), str(path), 10**8, 1000)) == [1]


def test_the_kind_of_a_page_is_told_by_its_words(drawn) -> None:
    document = drawn([prose(80, 40)], [rows(80, 45)], [])
    assert [page.kind for page in document.pages] == ["text", "numbers", "picture"]
    assert pages_of(document, ()).turns == {2, 3}


def test_a_heading_below_the_running_head_opens_a_section(drawn) -> None:
    large, bold = text(70, "Risk factors", size=14), text(70, "Item 7. Discussion", font="hebo")
    document = drawn([prose(80, 40)], [prose(80, 40)], [large, prose(90, 40)], [bold, prose(90, 40)], [text(70, "Plain"), prose(90, 40)])
    assert [page.page_no for page in document.pages if page.opens_section] == [3, 4]


def test_an_outline_opens_sections(drawn) -> None:
    pages = [[prose(80, 40)]] * 12
    document = drawn(*pages, outline=[(1, "One", 1), (1, "Two", 5), (1, "Three", 9)])
    assert [page.page_no for page in document.pages if page.opens_section] == [1, 5, 9]


def test_an_outline_of_every_page_counts_down_to_the_level_that_is_rare() -> None:
    chapters, paragraphs = [(1, page) for page in (1, 30, 60)], [(2, page) for page in range(1, 101)]
    assert section_pages([*chapters, *paragraphs], 100) == {1, 30, 60}
    assert section_pages(paragraphs, 100) == frozenset()
    assert section_pages([(1, -1), (1, 500)], 100) == frozenset()


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        # As seen: a table of which each page shows one year, under repeated column headings.
        ("NETFLIX_2015_10K.pdf", [49]),
        # Statements that fill their pages and follow one another are tables of their own.
        ("2022_Q3_AAPL.pdf", []),
        ("COSTCO_2021_10K.pdf", []),
    ],
)
def test_real_filings_say_where_their_tables_go_on(shared: Path, name: str, pages: list[int]) -> None:
    path = shared / "corpus" / "docs" / "pdf" / name
    assert going_on(open_document(Source(uri=str(path), filename=name), str(path), 10**9, 1000)) == pages
