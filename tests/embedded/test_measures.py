"""Questions to the statements of a filing: lines, measures, parts and comparisons, each number cited; and the pages that hold them."""

from collections.abc import Sequence

import pytest

from pipeline.embedded.answers import SeenPage, answer, findings
from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.ranking import ranked
from pipeline.embedded.answers.statements import statements
from pipeline.embedded.reading import Line, Reading, Rect, Word
from pipeline.settle import settle
from schemas.extraction import AnswerReading

LETTER, HEIGHT = 7.0, 14.0
RIGHTS = (560, 680, 800)

INCOME = (
    ("HALLOWAY PUMPS, INC. CONSOLIDATED STATEMENTS OF OPERATIONS (in millions, except per share data)",),
    ("", "2023", "2022", "2021"),
    ("Total net revenues", "$ 6,000", "$ 5,000", "$ 4,000"),
    ("Cost of goods sold", "(3,600)", "(3,100)", "(2,600)"),
    ("Gross profit", "2,400", "1,900", "1,400"),
    ("Operating income", "900", "700", "(50)"),
    ("Interest expense", "(90)", "(80)", "(70)"),
    ("Income before provision for income taxes", "800", "600", "(120)"),
    ("Provision for income taxes", "200", "150", "20"),
    ("Net income", "600", "450", "(140)"),
)
BALANCE = (
    ("HALLOWAY PUMPS, INC. CONSOLIDATED BALANCE SHEETS (in millions)",),
    ("", "2023", "2022"),
    ("Cash and cash equivalents", "$ 300", "$ 250"),
    ("Inventories", "500", "400"),
    ("Total current assets", "1,200", "1,000"),
    ("Property, plant and equipment, net of depreciation and of impairments recognised", "1,100", "900"),
    ("Total assets", "4,000", "3,500"),
    ("Accounts payable", "350", "300"),
    ("Total current liabilities", "800", "750"),
    ("Total liabilities", "2,500", "2,300"),
)
CASH = (
    ("HALLOWAY PUMPS, INC. CONSOLIDATED STATEMENTS OF CASH FLOWS (in millions)",),
    ("", "2023", "2022", "2021"),
    ("Net cash provided by operating activities", "$ 700", "$ 650", "$ 500"),
    ("Depreciation and amortization", "120", "110", "100"),
    ("Capital expenditures", "(300)", "(200)", "(100)"),
    ("Net cash used in investing activities", "(320)", "(230)", "(120)"),
    ("Net cash used in financing activities", "(60)", "(70)", "(80)"),
)
PRODUCTS = (
    ("Net revenues by product (in millions)",),
    ("", "2023", "2022", "2021"),
    ("Pumps", "$ 3,500", "$ 3,000", "$ 2,500"),
    ("Service", "1,500", "1,200", "1,000"),
    ("Valves", "1,000", "800", "500"),
    ("Total net revenues", "$ 6,000", "$ 5,000", "$ 4,000"),
)
PROSE = (("Our revenue depends on the property and equipment of our customers and on their capital expenditures.",),)


def line(y: float, x: float, text: str) -> Line:
    words, at = [], x
    for word in text.split():
        words.append(Word(word, Rect(at, y, at + LETTER * len(word), y + HEIGHT), 0.99))
        at += LETTER * len(word) + 4
    return Line(tuple(words), Rect(x, y, at - 4, y + HEIGHT), 0.99)


def page(rows: Sequence[tuple[str, ...]], foot: str = "") -> Reading:
    """A page of 850 x 1100 pixels: labels at the left, numbers that end at the columns' right edges."""
    lines = []
    for number, (label, *numbers) in enumerate(rows):
        y = 90 + 24.0 * number
        lines += [line(y, 60, label)] if label else []
        lines += [line(y, right - LETTER * len(text), text) for right, text in zip(RIGHTS, numbers, strict=False)]
    return Reading(850, 1100, (*lines, *([line(1060, 420, foot)] if foot else ())))


def filing(*pages: Reading, name: str = "HALLOWAY_2023_10K.pdf", doc: int = 1) -> list[SeenPage]:
    cover = page((("Halloway Pumps",), ("Annual report",)))
    return [SeenPage(doc, number, name, reading) for number, reading in enumerate((cover, *pages), start=1)]


FILING = filing(page(PROSE), page(INCOME), page(BALANCE), page(CASH), page(PRODUCTS))


def settled(question: str, pages: Sequence[SeenPage] = FILING) -> AnswerReading:
    return settle(answer(question, None, pages))


def cited(reading: AnswerReading) -> set[int]:
    return {one.page for one in (*reading.operands, *reading.evidence)}


@pytest.mark.parametrize(
    ("question", "number", "pages"),
    [
        ("What is Halloway's fixed asset turnover ratio for FY2023?", 6.0, {3, 4}),
        ("What is the FY2021 - FY2023 3 year average of capex as a % of revenue for Halloway?", 100 * (0.025 + 0.04 + 0.05) / 3, {3, 5}),
        ("What was the working capital of Halloway in FY2023?", 400.0, {4}),
        ("What is the EBITDA margin of Halloway in 2023, in percent?", 17.0, {3, 5}),
        ("What was the effective tax rate in FY2023?", 25.0, {3}),
        ("What is the ratio of total liabilities to total assets in FY2022?", 2300 / 3500, {4}),
        ("What are the days payable outstanding (DPO) for FY2023?", 365 * 325 / 3700, {3, 4}),
        ("What was the growth of net income in FY2023?", 100 / 3, {3}),
        ("How large is the service share: what percentage of total revenue did Service contribute in 2023?", 25.0, {3, 6}),
    ],
)
def test_a_measure_is_computed_from_cited_lines_of_the_statements(question: str, number: float, pages: set[int]) -> None:
    reading = settled(question)
    assert reading.number == pytest.approx(number, rel=1e-6)
    assert cited(reading) <= pages
    assert cited(reading)


@pytest.mark.parametrize(
    ("question", "number", "unit"),
    [
        ("How much total assets did Halloway have at the end of FY2022? Answer in USD millions.", 3500, "USD million"),
        ("What is the capital expenditure of Halloway in FY2022 (in USD billions)?", 0.2, "USD billion"),
        ("What is the net PP&E of Halloway at the end of FY2023?", 1100, "USD million"),
        ("What was the Valves revenue in FY2022?", 800, "USD million"),
        ("What was the operating income in FY2021?", -50, "USD million"),
    ],
)
def test_a_line_is_looked_up_in_its_statement(question: str, number: float, unit: str) -> None:
    reading = settled(question)
    assert (reading.number, reading.unit) == (number, unit)


def test_what_the_statements_do_not_split_or_report_stays_unanswered() -> None:
    assert not settled("What was the gross profit of the Marine segment in FY2023?").is_answerable
    assert not settled("What was the fixed asset turnover in FY2014?").is_answerable


def test_a_title_over_the_first_column_is_not_its_heading() -> None:
    (statement,) = statements(page(INCOME))
    assert [value.year for value in statement.rows[0].values] == [2023, 2022, 2021]
    assert (statement.kind, statement.scale, statement.currency) == ("income", 1_000_000, "USD")


def test_a_quarter_is_told_from_the_months_before_it() -> None:
    heading = (
        ("CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS (in millions)",),
        ("", "Three Months", "Nine Months"),
        ("", "2023", "2023"),
    )
    rows = (("Total net sales", "80", "290"), ("Operating income", "20", "90"), ("Net income", "15", "70"), ("Basic", "1", "3"))
    quarter = filing(page((*heading, *rows)), name="HALLOWAY_2023_Q3.pdf")
    assert settled("What were total net sales in the third quarter of 2023?", quarter).number == 80
    assert settled("What were total net sales in the latest 10-Q report?", quarter).number == 80


def test_a_figure_is_followed_through_several_reports() -> None:
    def of_year(year: int, sales: str, doc: int) -> list[SeenPage]:
        rows = (("CONSOLIDATED STATEMENTS OF INCOME",), ("", str(year)), ("Net sales", sales), ("Gross profit", "1"), ("Net income", "1"))
        return filing(page((*rows, ("Diluted", "1"))), name=f"HALLOWAY_{year}_10K.pdf", doc=doc)

    reading = settled("How has Halloway's revenue changed over time?", [*of_year(2022, "512", 1), *of_year(2023, "634", 2)])
    assert reading.kind == "list"
    assert ["512" in reading.items[0], "634" in reading.items[1]] == [True, True]
    assert {one.doc for one in reading.evidence} == {1, 2}


def test_each_batch_finds_the_operands_it_holds() -> None:
    question = "What is Halloway's fixed asset turnover ratio for FY2023?"
    income = [one for one in FILING if one.page in {1, 2, 3}]
    rest = [one for one in FILING if one.page in {4, 5, 6}]
    first, second = findings(question, income)[0], findings(question, rest)[0]
    assert (first.page, second.page) == (3, 4)
    assert min(first.relevance, second.relevance) > max(one.relevance for one in findings(question, income)[1:])


def test_a_page_that_is_named_comes_first_by_its_printed_number() -> None:
    pages = filing(*(page((("Some text about pumps and valves",),), foot=str(number)) for number in range(1, 9)))
    best = ranked(Corpus(pages), "What does the drawing on page 5 show?")[0]
    assert pages[best.at].page == 6
    unnumbered = filing(*(page((("Some text about pumps and valves",),)) for _ in range(8)))
    assert unnumbered[ranked(Corpus(unnumbered), "What does the drawing on page 5 show?")[0].at].page == 5


def test_a_caption_comes_before_a_mention() -> None:
    pages = filing(page((("As Figure 3 shows, pumps sell well",),)), page((("Pumps",), ("Figure 3: sales of pumps",))), page(PROSE))
    order = [pages[one.at].page for one in ranked(Corpus(pages), "In Figure 3, which pumps sell best?")]
    assert order[:2] == [3, 2]


def test_the_statement_itself_is_among_the_first_where_prose_shares_more_words() -> None:
    order = [FILING[one.at].page for one in ranked(Corpus(FILING), "What were the capital expenditures of Halloway?")]
    assert 5 in order[:2]


def test_what_a_document_numbers_without_a_gap_is_counted() -> None:
    pages = filing(
        page((("Appendix A",), ("Members",))), page((("See Appendix A and Appendix B",),)), page((("Appendix B",), ("Sources",)))
    )
    reading = settled("How many appendices appear in the document?", pages)
    assert (reading.number, reading.items, cited(reading)) == (2, ("Appendix A", "Appendix B"), {2, 4})
    assert settled("How many pages does the report have?", pages).number == 4


def test_what_is_not_wholly_seen_is_not_counted() -> None:
    pages = filing(page((("Table 1",),)), page((("Table 3",),)), page((("Text",),)))
    assert not settled("How many tables are there in the document?", pages).is_answerable
    assert not settled("How many pages does the report have?", pages[1:]).is_answerable
