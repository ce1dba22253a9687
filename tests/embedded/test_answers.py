"""What a user may expect of the embedded reader's answers: right values, cited places, and silence where pages say nothing."""

import json
import math
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path

import pymupdf
import pytest
import yaml

from pipeline.embedded.answers import SeenPage, answer, findings
from pipeline.embedded.answers.amounts import amounts
from pipeline.embedded.answers.layout import hull
from pipeline.embedded.reading import Line, Reading, Rect, Region, Word
from pipeline.settle import settle
from schemas.extraction import AnswerReading

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
LETTER = 8.0
LINE = 14.0

INCOME = (
    (100, "Consolidated statements of income"),
    (120, "(in thousands of US dollars)"),
    (150, "", "2023", "2022"),
    (170, "Net sales", "41,200", "38,500"),
    (190, "Cost of sales", "24,700", "23,900"),
    (210, "Operating income", "6,180", "(450)"),
)
SEGMENTS = (
    (300, "Net sales by segment"),
    (330, "Segment", "2023", "2022"),
    (350, "Pumps", "21,000", "18,000"),
    (370, "Valves", "12,200", "13,500"),
    (390, "Service", "8,000", "7,000"),
    (410, "Total", "41,200", "38,500"),
)
PROSE = (
    (500, "The company was founded in 1962 by Martha Quill, who is the chief executive officer today."),
    (530, "On May 4, 2023 the company opened a second plant at Elmira."),
    (560, "The plant at Elmira employs 212 people. No dividends were paid in 2023."),
)


def line(y: float, x: float, text: str) -> Line:
    words, at = [], x
    for word in text.split():
        words.append(Word(word, Rect(at, y, at + LETTER * len(word), y + LINE), 0.99))
        at += LETTER * len(word) + 4
    return Line(tuple(words), Rect(x, y, at - 4, y + LINE), 0.99)


def reading(*rows: tuple) -> Reading:
    """A page of 850 x 1100 pixels: each row is its y, the text at the left and the texts of the columns."""
    lines = [line(y, 80 if at == 0 else 300 + 130 * at, text) for y, *texts in rows for at, text in enumerate(texts) if text]
    return Reading(850, 1100, tuple(lines))


def report(year: int = 2023, *rows: tuple, doc: int = 1) -> list[SeenPage]:
    """A two-page report: a title page that names the year, and a page of `rows`."""
    title = reading((200, "Halloway Pumps"), (300, f"Annual Report {year}"))
    name = f"halloway-{year}.pdf"
    return [SeenPage(doc, 1, name, title), SeenPage(doc, 2, name, reading(*(rows or (*INCOME, *SEGMENTS, *PROSE))))]


def test_a_value_is_looked_up_by_row_label_and_year():
    reply = answer("What were net sales in 2022?", None, report())
    assert (reply.number, reply.unit, reply.kind) == (38_500, "USD thousand", "currency")


@pytest.mark.parametrize(
    "question", ["How much was revenue in 2023?", "What was Halloway's turnover in fiscal 2023?", "State the net sales for FY2023."]
)
def test_other_words_for_the_same_thing_find_the_same_value(question):
    assert answer(question, None, report()).number == 41_200


def test_evidence_shows_where_the_value_is_printed():
    (cited,) = answer("What were net sales in 2022?", None, report()).evidence
    assert (cited.doc, cited.page, cited.source_kind) == (1, 2, "table")
    assert cited.quote == "Net sales 41,200 38,500"
    x0, y0, x1, y1 = cited.box
    assert x0 <= 80 / 0.85 <= 560 / 0.85 <= x1 + 60
    assert y0 <= 170 / 1.1
    assert y1 >= 184 / 1.1 - 1


def test_a_number_in_parentheses_is_negative():
    assert answer("What was the operating income in 2022?", None, report()).number == -450


def test_the_scale_asked_for_is_given():
    reply = answer("What were net sales in 2023? Answer in millions.", None, report())
    assert (reply.number, reply.unit) == (41.2, "USD million")


@pytest.mark.parametrize(
    "question",
    [
        "What were net sales in 2017?",
        "What were net sales of the Turbines segment in 2023?",
        "Who is the chief marketing officer?",
        "What was the dividend of Brightwater Corporation?",
        "How many liters of paint were used?",
    ],
)
def test_what_the_pages_do_not_hold_is_not_answered(question):
    assert answer(question, None, report()) == AnswerReading(is_answerable=False)


@pytest.mark.parametrize(
    ("printed", "value"),
    [("12V", "12"), ("16 g", "16"), ("$1,234.50", "1234.50"), ("(3.5)%", "-3.5"), ("-0.22", "-0.22"), ("$1.4 billion", "1.4")],
)
def test_printed_numbers_are_read_exactly(printed, value):
    assert [amount.value for amount in amounts(printed)] == [Decimal(value)]


def test_no_pages_give_no_answer():
    assert answer("What were net sales in 2022?", None, []) == AnswerReading(is_answerable=False)
    assert findings("What were net sales in 2022?", []) == ()


def settled(question: str, pages: list[SeenPage]) -> AnswerReading:
    """The answer as longread gives it, computed from the operands that the reader names."""
    return settle(answer(question, None, pages))


def test_growth_is_computed_from_two_cited_values():
    reply = settled("By what percentage did net sales grow from 2022 to 2023?", report())
    assert (reply.kind, reply.text) == ("percent", "7.01 %")
    assert [operand.text for operand in reply.operands] == ["41,200", "38,500"]
    assert all(operand.text in operand.quote for operand in reply.operands)


def test_operands_come_from_the_document_of_their_year():
    older = report(2022, (100, "We employed 180 people at the end of the year and held 40 patents in force."), doc=1)
    newer = report(2023, (100, "We employed 230 people at the end of the year and held 52 patents in force."), doc=2)
    reply = settled("How many more patents were in force at the end of 2023 than at the end of 2022?", older + newer)
    assert reply.number == 12
    assert [operand.doc for operand in reply.operands] == [2, 1]


def test_a_difference_between_two_things_of_one_year():
    reply = settled("What is the difference between the net sales of Pumps and Valves in 2023?", report())
    assert (reply.number, len(reply.operands)) == (8_800, 2)


def test_the_ratio_of_one_thing_in_two_years_has_the_first_named_year_above():
    reply = settled("What was the ratio of net sales in 2023 to net sales in 2022?", report())
    assert (reply.text, [operand.text for operand in reply.operands]) == ("1.07", ["41,200", "38,500"])


def test_a_difference_of_which_one_value_is_missing_is_no_answer():
    assert not settled("How much higher were net sales in 2023 than in 2019?", report()).is_answerable
    assert not settled("How much higher were net sales of Turbines than of Pumps in 2023?", report()).is_answerable
    assert not settled("What were net sales in 2019 and 2023 together?", report()).is_answerable


def test_what_is_spent_is_compared_by_its_size():
    flows = ((100, "Cash flows (in thousands of dollars)"), (130, "", "2023", "2022"), (150, "Purchases of equipment", "(900)", "(700)"))
    reply = settled("How much higher were purchases of equipment in 2023 than in 2022?", report(2023, *flows))
    assert (reply.number, [operand.text for operand in reply.operands]) == (200, ["900", "700"])


def test_a_table_that_goes_on_keeps_the_scale_of_its_head():
    table = Region("table", Rect(80, 935, 600, 1064))
    head = reading(
        (900, "Cash flows (in thousands of dollars)"),
        (940, "", "2023", "2022"),
        (960, "Net income", "450", "410"),
        (1050, "Depreciation", "80", "70"),
    )
    rest = reading((60, "", "2023", "2022"), (80, "Purchases of land", "900", "700"), (100, "Dividends paid", "100", "90"))
    pages = [
        SeenPage(1, 1, "halloway-2023.pdf", head._replace(regions=(table,))),
        SeenPage(1, 2, "halloway-2023.pdf", rest._replace(regions=(table._replace(rect=Rect(80, 60, 600, 114)),))),
    ]
    reply = settled("How much were purchases of land in 2022 and 2023 together?", pages)
    assert (reply.number, reply.unit) == (1_600, "USD thousand")
    best = findings("How much were purchases of land in 2023?", pages)[0]
    assert (best.page, best.starts_before, best.goes_on) == (2, True, False)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("In which year, 2022 or 2023, were net sales of Valves higher?", "2022"),
        ("Which of Pumps and Valves had the higher net sales in 2023?", "Pumps"),
        ("Were net sales of Valves lower in 2023 than in 2022?", "yes"),
        ("Were net sales of Valves lower in 2022 than in 2023?", "no"),
    ],
)
def test_two_values_are_compared_as_the_question_names_them(question, text):
    assert settled(question, report()).text == text


def test_a_named_measure_is_computed_from_its_definition():
    balance = (
        (100, "Consolidated balance sheets"),
        (120, "(in millions of dollars)"),
        (150, "", "2023", "2022"),
        (170, "Total current assets", "900", "700"),
        (190, "Total assets", "2,400", "2,100"),
        (210, "Total current liabilities", "600", "500"),
        (230, "Total liabilities", "1,300", "1,200"),
    )
    assert settled("What is the current ratio of Halloway in 2023?", report(2023, *balance)).number == 1.5
    working = settled("How much working capital was there at the end of 2022?", report(2023, *balance))
    assert (working.number, working.unit) == (200, "USD million")


def test_the_ratio_of_two_values():
    assert settled("What was the ratio of cost of sales to net sales in 2023?", report()).number == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(("question", "text"), [("highest", "Pumps"), ("lowest", "Service")])
def test_the_extreme_of_a_column_leaves_out_the_total(question, text):
    assert settled(f"Which segment had the {question} net sales in 2022?", report()).text == text


def test_the_year_of_a_maximum_is_found_along_a_row():
    assert settled("In which year were Valves' net sales highest?", report()).text == "2022"


def test_yes_and_no_come_from_comparing():
    assert settled("Did net sales increase from 2022 to 2023?", report()).text == "yes"
    assert settled("Did net sales of Valves increase from 2022 to 2023?", report()).text == "no"


def test_a_denied_statement_is_a_no():
    assert answer("Were any dividends paid in 2023?", None, report()).text == "no"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When did the company open the plant at Elmira?", "May 4, 2023"),
        ("When was the company founded?", "1962"),
        ("Who is the chief executive officer?", "Martha Quill"),
    ],
)
def test_dates_and_names_are_picked_from_sentences(question, text):
    assert answer(question, None, report()).text == text


def test_counted_things_are_picked_from_sentences():
    assert answer("How many people does the plant at Elmira employ?", None, report()).number == 212


def test_bullets_below_a_matching_line_are_a_list():
    bullets = ((100, "The main risks are:"), (120, "• Prices of copper"), (140, "• Exchange rates"), (160, "• Loss of patents"))
    reply = answer("What are the three main risks?", None, report(2023, *bullets))
    assert reply.items == ("Prices of copper", "Exchange rates", "Loss of patents")


def test_rows_that_fit_alike_are_a_list():
    board = (
        (100, "Board of directors"),
        (130, "Director", "Since", "Committee"),
        (150, "Ada Lind", "2015", "Audit"),
        (170, "Ben Moss", "2018", "Pay"),
        (190, "Cy Novak", "2020", "Audit"),
    )
    assert answer("Which directors sit on the audit committee?", None, report(2023, *board)).items == ("Ada Lind", "Cy Novak")


def test_one_of_two_alternatives_is_chosen_from_the_row():
    sites = (
        (100, "Principal properties"),
        (130, "Location", "Use", "Tenure"),
        (150, "Elmira", "Plant", "Leased"),
        (170, "Olean", "Office", "Owned"),
    )
    assert answer("Does Halloway own or lease the plant at Elmira?", None, report(2023, *sites)).text == "Leased"


def test_a_number_over_a_bar_belongs_to_the_category_below():
    bars = [(100, "Orders received (USD million)")]
    lines = [*reading(*bars).lines, line(160, 200, "61.5"), line(240, 340, "42.0"), line(300, 480, "17.3")]
    lines += [line(420, 190, "Pumps"), line(420, 330, "Valves"), line(420, 470, "Service")]
    page = SeenPage(1, 1, "review.pdf", Reading(850, 1100, tuple(lines)))
    reply = answer("How high were orders for Valves, in USD million?", None, [page])
    assert (reply.number, reply.unit, reply.evidence[0].source_kind) == (42.0, "USD million", "chart")


def test_percentages_around_a_pie_belong_to_the_label_outside():
    lines = [line(120, 300, "Installed base by industry")]
    for angle, share, label in ((90, "50%", "Water"), (234, "30%", "Food"), (324, "20%", "Paper")):
        across, down = math.sin(math.radians(angle)), -math.cos(math.radians(angle))
        lines += [line(400 + 90 * down, 400 + 90 * across, share), line(400 + 180 * down, 400 + 180 * across, label)]
    page = SeenPage(1, 1, "review.pdf", Reading(850, 1100, tuple(lines)))
    assert answer("What share of the installed base is in the paper industry?", None, [page]).number == 20


def test_the_scope_names_the_documents_asked_about():
    both = report(2022, (100, "", "2022"), (120, "Net sales", "100"), doc=1) + report(
        2023, (100, "", "2022"), (120, "Net sales", "200"), doc=2
    )
    assert answer("What were net sales in 2022?", None, both, ["*-2022.pdf"]).number == 100
    assert answer("What were net sales in 2022?", None, both, ["halloway-2023.pdf"]).number == 200


def test_findings_start_with_the_page_that_answers_and_stop_at_six():
    filler = [
        SeenPage(1, number, "halloway-2023.pdf", reading((100, f"Net sales are discussed in note {number}."))) for number in range(3, 30)
    ]
    found = findings("What were net sales in 2022?", report() + filler)
    assert found[0].page == 2
    assert len(found) <= 6


def test_findings_are_of_every_document_that_has_any():
    both = report(2022, doc=1) + report(2023, doc=2)
    found = findings("By what percentage did net sales grow from 2022 to 2023?", both)
    assert {one.doc for one in found} == {1, 2}


def sample_pages(names: list[str]) -> list[SeenPage]:
    return [
        SeenPage(doc, number, name, text_layer(page))
        for doc, name in enumerate(names, 1)
        for number, page in enumerate(pymupdf.open(SAMPLES / name), 1)
    ]


def text_layer(page: pymupdf.Page) -> Reading:
    lines: dict[tuple[int, int], list[Word]] = {}
    for x0, y0, x1, y1, text, block, number, _ in page.get_text("words"):
        lines.setdefault((block, number), []).append(Word(text, Rect(x0, y0, x1, y1), 1.0))
    read = (Line(tuple(words), hull([word.rect for word in words]), 1.0) for words in lines.values())
    return Reading(round(page.rect.width), round(page.rect.height), tuple(read))


def is_right(truth: dict, reply: AnswerReading) -> bool:
    if not truth["is_answerable"] or not reply.is_answerable:
        return truth["is_answerable"] == reply.is_answerable
    if truth["answer_kind"] in {"number", "currency", "percent"}:
        (wanted, *_) = amounts(truth["answer"])
        factor = {"thousand": 1_000, "million": 1_000_000}.get((reply.unit or "").split(" ")[-1], 1)
        return abs((reply.number or 0) * factor) == pytest.approx(abs(float(wanted.value * wanted.scale)), rel=0.005)
    return all(item.lower() in (reply.text or "").lower() for item in truth["answer"].split("; "))


@pytest.mark.skipif(not (SAMPLES / "questions.yaml").exists(), reason="the sample documents have not been generated")
def test_most_sample_questions_are_answered_and_no_unanswerable_one():
    """The scan and the price list have no text layer: their questions need recognition and are left to the end-to-end tests."""
    truths = {truth["id"]: truth for truth in json.loads((SAMPLES / "truth" / "answers.json").read_text())}
    names = sorted(path.name for path in SAMPLES.glob("*.pdf") if "scan" not in path.name)
    right, refused = [], []
    for question in yaml.safe_load((SAMPLES / "questions.yaml").read_text()):
        patterns = question.get("docs", [])
        named = [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]
        if not named:
            continue
        truth = truths[question["id"]]
        kind = question.get("answer_kind")
        reply = settle(answer(question["question"], kind, sample_pages(named), patterns), kind)
        (right if truth["is_answerable"] else refused).append(is_right(truth, reply))
    assert all(refused)
    assert sum(right) >= 0.7 * len(right)
