"""Numbers are compared with the text layer where they stand, and a quote is found or it is not."""

import pytest

from pipeline.verify import quotes, text_recall, verify_evidence, verify_table
from schemas.document import Box, LayerWord
from schemas.result import Cell, Evidence, Fragment, Table

AREA = Box(x0=0.0, y0=0.0, x1=1.0, y1=0.5)
WORDS = [
    LayerWord("Revenue", 0.05, 0.10, 0.2, 0.12),
    LayerWord("$", 0.40, 0.10, 0.41, 0.12),
    LayerWord("(1,234", 0.42, 0.10, 0.5, 0.12),
    LayerWord(")", 0.50, 0.10, 0.51, 0.12),
    LayerWord("77.5", 0.42, 0.20, 0.5, 0.22),
]


def table(*cells: Cell) -> Table:
    fragment = Fragment(page_no=1, box=AREA, row_start=0, row_end=3, col_start=0, col_end=2)
    blank = dict.fromkeys(("title", "caption", "unit", "scale", "currency"))
    return Table(doc_id="d", ordinal=0, footnotes=(), n_rows=3, n_cols=2, n_header_rows=0, cells=cells, fragments=(fragment,), **blank)


def cell(text: str, box: Box | None = None) -> Cell:
    return Cell(row=0, col=0, row_span=1, col_span=1, kind="data", text=text, page_no=1, box=box)


ROW_1 = Box(x0=0.38, y0=0.095, x1=0.55, y1=0.125)


def check(text: str, box: Box | None = None) -> tuple[str, str | None]:
    done = verify_table(table(cell(text, box)), {1: WORDS}).cells[0]
    return done.check, done.layer_text


def test_a_number_printed_as_several_words_matches() -> None:
    assert check("$ (1,234)", ROW_1)[0] == "match"
    assert check("(1,234)")[0] == "match"


def test_a_wrong_number_is_a_mismatch_and_shows_what_the_layer_says() -> None:
    assert check("(1,284)", ROW_1) == ("mismatch", "$ (1,234 )")


def test_a_number_of_another_row_does_not_count() -> None:
    assert check("77.5", ROW_1)[0] == "mismatch"


def test_text_is_not_checked_and_a_scan_has_no_layer() -> None:
    assert check("Revenue")[0] == "unchecked"
    assert verify_table(table(cell("5")), {}).cells[0].check == "no_layer"


def test_trust_is_the_outcome_of_all_numbers() -> None:
    assert verify_table(table(cell("77.5")), {1: WORDS}).trust == "verified"
    assert verify_table(table(cell("77.5"), cell("3")), {1: WORDS}).trust == "mismatch"
    assert verify_table(table(cell("77.5")), {}).trust == "unverified"


def quote(text: str) -> str:
    evidence = Evidence(doc_id="d", page_no=1, box=AREA, quote=text, source_kind="table")
    return verify_evidence(evidence, WORDS).verify_status


def test_quotes() -> None:
    assert quote("Revenue $ (1,234)") == "match"
    assert quote("Revenue $ (9,999)") == "mismatch"
    assert quote("Profit of the year") == "not_found"


def test_recall_counts_the_layer_numbers_that_were_read() -> None:
    fragment = table().fragments
    assert text_recall(WORDS, fragment, [cell("77.5")]) == 0.5
    assert text_recall([], fragment, [cell("77.5")]) is None


@pytest.mark.parametrize(
    ("quote", "number"),
    [
        ("Net sales 41,200 38,500", "38,500"),
        ("Net sales $ 41,200", "$41,200"),
        ("Dividends paid (57,146)", "57,146"),
        ("We employed 212 people.", "212 people"),
        ("We employed 212.", "212"),
    ],
)
def test_a_quote_holds_its_number_however_it_is_written(quote: str, number: str) -> None:
    assert quotes(quote, number)


@pytest.mark.parametrize("number", ["500", "41,2", "3", "many"])
def test_a_quote_does_not_hold_a_part_of_its_number_or_another(number: str) -> None:
    assert not quotes("Net sales 41,200 38,500", number)
