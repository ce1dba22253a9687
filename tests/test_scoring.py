"""The scorer of the samples: known traps, and a run that says exactly what the truth says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from data.generator.truth import AnswerTruth, ChartTruth, DocumentTruth, PageRef, SeriesTruth, TableTruth
from pipeline.write import write
from schemas.rows import TABLES
from tests.scoring.answers import is_right, score_answers
from tests.scoring.charts import count_points, score_charts
from tests.scoring.matching import best_pairs
from tests.scoring.samples import FoundAnswer, FoundChart, FoundPoint, FoundTable, Truth, read_output, read_truth
from tests.scoring.tables import score_tables
from tests.scoring.text import are_alike, cell_text

TRUTH = Path(__file__).parents[1] / "data" / "samples" / "truth"
BLANKS: dict[pa.DataType, Any] = {
    pa.string(): "",
    pa.int16(): 0,
    pa.int32(): 0,
    pa.int64(): 0,
    pa.float32(): 0.0,
    pa.float64(): 0.0,
    pa.bool_(): False,
    pa.list_(pa.string()): [],
    pa.timestamp("us", tz="UTC"): datetime(2026, 1, 1, tzinfo=UTC),
}


def table_truth(rows: Sequence[Sequence[str]], pages: tuple[int, ...] = (1,)) -> TableTruth:
    return TableTruth(
        pages=pages,
        title="",
        n_header_rows=1,
        rows=tuple(map(tuple, rows)),
        spans=(),
        scale=None,
        currency=None,
        footnotes=(),
        regions=(),
    )


def chart_truth(series: Sequence[SeriesTruth], **changes: Any) -> ChartTruth:
    values: dict[str, Any] = {
        "page": 1,
        "chart_type": "bar",
        "orientation": "vertical",
        "title": "",
        "x_label": None,
        "y_label": None,
        "x_min": None,
        "x_max": None,
        "y_min": 0.0,
        "y_max": 100.0,
        "printed": False,
        "series": tuple(series),
        "box": (0.0, 0.0, 1.0, 1.0),
    }
    return ChartTruth.model_validate(values | changes)


def one_document(*, tables: Sequence[TableTruth] = (), charts: Sequence[ChartTruth] = ()) -> tuple[DocumentTruth]:
    return (DocumentTruth(document="a.pdf", n_pages=9, tables=tuple(tables), charts=tuple(charts)),)


def found_table(rows: Sequence[Sequence[str]], page: int = 1) -> FoundTable:
    cells = {(i, j): text for i, row in enumerate(rows) for j, text in enumerate(row)}
    return FoundTable("a.pdf", frozenset({page}), cells)


def found_chart(*series: tuple[str, Sequence[tuple[str, float]]], page: int = 1) -> FoundChart:
    return FoundChart("a.pdf", page, "bar", tuple((name, tuple(FoundPoint(*point) for point in points)) for name, points in series))


def expect(answer: str, kind: str, tolerance: float = 0.01) -> AnswerTruth:
    values = {"id": "q", "answer": answer, "answer_kind": kind, "is_answerable": kind != "none", "tolerance": tolerance}
    return AnswerTruth.model_validate(values | {"evidence": [PageRef(document="a.pdf", page=2)]})


def given(
    text: str = "",
    number: float | None = None,
    unit: str = "",
    items: tuple[str, ...] = (),
    *,
    is_answerable: bool = True,
    pages: frozenset[tuple[str, int]] = frozenset(),
) -> FoundAnswer:
    return FoundAnswer(is_answerable=is_answerable, text=text, number=number, items=items, unit=unit, pages=pages)


# Matching


def test_pairs_are_as_heavy_as_the_best_of_all_assignments() -> None:
    random = Random(7)
    for _ in range(200):
        n_rows, n_cols = random.randint(1, 5), random.randint(1, 5)
        weights = [[random.choice([0.0, random.random()]) for _ in range(n_cols)] for _ in range(n_rows)]
        size = max(n_rows, n_cols)
        square = [[weights[i][j] if i < n_rows and j < n_cols else 0.0 for j in range(size)] for i in range(size)]
        best = max(sum(square[i][order[i]] for i in range(size)) for order in permutations(range(size)))
        pairs = best_pairs(weights)
        assert sum(weights[i][j] for i, j in pairs) == pytest.approx(best)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)


def test_nothing_is_paired_with_nothing() -> None:
    assert best_pairs([]) == []
    assert best_pairs([[], []]) == []
    assert best_pairs([[0.0, 0.0]]) == []


# Texts


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("\u2014", "-"),
        ("\u22121.37", "-1.37"),
        ("$ 1,120,537", "$1,120,537"),
        ("( 1,234 )", "(1,234)"),
        ("27.0 %", "27.0%"),
        ("Shareholders\u2019  equity", "Shareholders' equity"),
        ("Services\u00b9", "Services1"),
    ],
)
def test_cells_that_look_the_same_are_the_same(first: str, second: str) -> None:
    assert cell_text(first) == cell_text(second)


@pytest.mark.parametrize(("first", "second"), [("1,234", "(1,234)"), ("1,234", "1234"), ("12.0", "12"), ("", "-"), ("1.234", "1,234")])
def test_cells_that_differ_in_a_sign_stay_different(first: str, second: str) -> None:
    assert cell_text(first) != cell_text(second)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Flow Measurement", "Flow Measurernent", True),
        ("26 GHz radar", "26 GHz Radar", True),
        ("26 GHz radar", "80 GHz radar", False),
        ("Q1", "Q2", False),
        ("2022", "2023", False),
        ("cat", "cut", False),
        ("Owned", "Leased", False),
        ("Asia Pacific", "Europe", False),
    ],
)
def test_names_are_alike_if_read_badly_but_not_if_other_names(first: str, second: str, *, same: bool) -> None:
    assert are_alike(first, second) is same


# Tables


ROWS = (("", "2023", "2022"), ("Revenue", "$1,120", "$987"), ("Loss", "(12)", "\u2014"))


def test_a_table_read_exactly_scores_one_and_empty_cells_do_not_count() -> None:
    scores = score_tables(one_document(tables=[table_truth(ROWS)]), [found_table(ROWS)])
    assert scores.share == 1
    assert scores.tables[0].n_cells == 8


def test_a_lost_row_puts_all_rows_below_out_of_place() -> None:
    score = score_tables(one_document(tables=[table_truth(ROWS)]), [found_table(ROWS[1:])]).tables[0]
    assert (score.n_right, score.n_anywhere) == (0, 6)


def test_a_missing_table_scores_zero_and_weighs_by_its_cells() -> None:
    small = table_truth([["a", "b"]], pages=(2,))
    scores = score_tables(one_document(tables=[table_truth(ROWS), small]), [found_table([["a", "b"]], page=2)])
    assert [table.is_found for table in scores.tables] == [False, True]
    assert scores.share == pytest.approx(2 / 10)


def test_a_table_on_another_page_or_in_another_document_is_no_match() -> None:
    elsewhere = found_table(ROWS)._replace(document="b.pdf")
    scores = score_tables(one_document(tables=[table_truth(ROWS)]), [found_table(ROWS, page=3), elsewhere])
    assert scores.share == 0
    assert scores.n_spurious == 2


def test_one_table_of_the_output_serves_only_one_table_of_the_truth() -> None:
    scores = score_tables(one_document(tables=[table_truth(ROWS), table_truth(ROWS)]), [found_table(ROWS)])
    assert sorted(table.share for table in scores.tables) == [0, 1]


def test_tables_are_paired_for_the_best_total_not_one_after_the_other() -> None:
    first, second = table_truth([["a", "b", "c"]]), table_truth([["a", "b", "x"]])
    found = [found_table([["a", "b", "c"]]), found_table([["a", "y", "z"]])]
    assert score_tables(one_document(tables=[second, first]), found).share == pytest.approx(4 / 6)


def test_a_table_over_two_pages_matches_one_found_on_the_second() -> None:
    assert score_tables(one_document(tables=[table_truth(ROWS, pages=(1, 2))]), [found_table(ROWS, page=2)]).share == 1


# Charts


TWO = (
    SeriesTruth(name="Kestrel 100", points=(("Q1", 10.0), ("Q2", 20.0))),
    SeriesTruth(name="Kestrel 200", points=(("Q1", 30.0), ("Q2", 40.0))),
)


def test_values_read_off_an_axis_may_miss_by_a_fortieth_of_its_range() -> None:
    truth = chart_truth(TWO[:1])
    assert count_points(truth, found_chart(("", [("Q1", 12.4), ("Q2", 22.6)]))) == (2, 1)


def test_printed_values_may_miss_by_a_hundredth_of_themselves() -> None:
    truth = chart_truth(TWO[:1], printed=True)
    assert count_points(truth, found_chart(("", [("Q1", 10.1), ("Q2", 20.4)]))) == (2, 1)


def test_a_lone_series_needs_no_name_but_two_do() -> None:
    exact = [("Q1", 10.0), ("Q2", 20.0)]
    assert count_points(chart_truth(TWO[:1]), found_chart(("whatever", exact))).n_right == 2
    assert count_points(chart_truth(TWO), found_chart(("", exact), ("", [("Q1", 30.0), ("Q2", 40.0)]))).n_right == 0


def test_swapped_series_are_wrong() -> None:
    swapped = found_chart(("Kestrel 200", [("Q1", 10.0), ("Q2", 20.0)]), ("Kestrel 100", [("Q1", 30.0), ("Q2", 40.0)]))
    assert count_points(chart_truth(TWO), swapped) == (4, 0)


def test_a_value_of_the_next_category_is_wrong() -> None:
    assert count_points(chart_truth(TWO[:1]), found_chart(("", [("Q2", 10.0), ("Q3", 20.0)]))) == (1, 0)


def test_a_value_that_was_not_read_is_matched_but_not_right() -> None:
    assert count_points(chart_truth(TWO[:1]), found_chart(("", [("Q1", float("nan"))]))) == (1, 0)


def test_scatter_points_are_matched_by_their_place() -> None:
    cloud = SeriesTruth(name="", points=(("1.0", 10.0), ("1.0", 90.0), ("5.0", 50.0)))
    truth = chart_truth([cloud], chart_type="scatter", x_min=0.0, x_max=10.0)
    assert count_points(truth, found_chart(("", [("1.1", 89.0), ("0.9", 11.0), ("7.0", 50.0)]))) == (2, 2)


def test_a_chart_on_another_page_is_missing_and_another_one_spurious() -> None:
    scores = score_charts(one_document(charts=[chart_truth(TWO)]), [found_chart(page=2)])
    assert (scores.share, scores.n_spurious) == (0, 1)


def test_charts_are_reported_by_kind() -> None:
    line = chart_truth(TWO[:1], chart_type="line", page=2)
    lying = chart_truth(TWO[:1], orientation="horizontal", page=3)
    scores = score_charts(one_document(charts=[chart_truth(TWO), line, lying]), [found_chart(("", [("Q1", 10.0)]), page=3)])
    assert scores.by_kind() == {"grouped bar": 0, "horizontal bar": 0.5, "line": 0}


# Answers


@pytest.mark.parametrize(
    ("expected", "kind", "answer", "right"),
    [
        ("1,358,000", "number", given("1358000"), True),
        ("612", "number", given("612 patents", 612), True),
        ("612", "number", given("620", 620), False),
        ("-1.37", "number", given("\u22121.37 mm", -1.37), True),
        ("-1.37", "number", given("1.37", 1.37), False),
        ("$1,120.5 million", "currency", given("$1,120,537", 1120537, "USD thousand"), True),
        ("$1,120.5 million", "currency", given("$1,120.5 million", 1120.5), True),
        ("$1,120.5 million", "currency", given("1,120.5", 1120.5, "USD million"), True),
        ("$1,120.5 million", "currency", given("1,120,537", 1120537, "USD"), False),
        ("$291,214 thousand", "currency", given("$291.2 million"), True),
        ("$2.19", "currency", given("$2.19", 2.19, "USD"), True),
        ("$2.19", "currency", given("$2.29", 2.29, "USD"), False),
        ("21%", "percent", given("21 %", 21, "%"), True),
        ("21%", "percent", given("22%", 22, "%"), False),
        ("April 3, 2023", "date", given("2023-04-03"), True),
        ("April 3, 2023", "date", given("3 April 2023"), True),
        ("April 3, 2023", "date", given("April 2023"), False),
        ("March 2031", "date", given("March 15, 2031"), True),
        ("March 2031", "date", given("May 2031"), False),
        ("Harcourt & Nye LLP", "text", given("Harcourt and Nye LLP of Minneapolis"), True),
        ("Leased", "text", given("It is leased."), True),
        ("Leased", "text", given("Owned"), False),
        ("2023", "text", given("2022"), False),
        ("2023", "text", given("In 2023"), True),
        ("Configuration", "text", given("Configuration " + "and much else " * 20), False),
        ("Kestrel Buoy; Kestrel Mini", "list", given(items=("Kestrel Mini", "Kestrel Buoy")), True),
        ("Kestrel Buoy; Kestrel Mini", "list", given("Kestrel Mini and Kestrel Buoy"), True),
        ("Kestrel Buoy; Kestrel Mini", "list", given(items=("Kestrel Mini",)), False),
        ("Kestrel Buoy; Kestrel Mini", "list", given(items=("Kestrel Mini", "Kestrel Buoy", "Kestrel 300")), False),
        ("Kestrel Buoy; Kestrel Mini", "list", given(items=()), False),
        ("no", "boolean", given("No, there were none."), True),
        ("no", "boolean", given("Yes"), False),
        ("yes", "boolean", given("true"), True),
        ("", "none", given(is_answerable=False), True),
        ("", "none", given("42", 42), False),
        ("612", "number", given(is_answerable=False), False),
    ],
)
def test_answers_are_judged_by_kind(expected: str, kind: str, answer: FoundAnswer, *, right: bool) -> None:
    assert is_right(expect(expected, kind), answer) is right


def test_numbers_read_off_a_chart_may_miss_by_more() -> None:
    assert not is_right(expect("16,850", "number"), given("about 16,500", 16500))
    assert is_right(expect("16,850", "number", tolerance=0.03), given("about 16,500", 16500))


def test_a_question_without_an_answer_is_wrong_even_if_it_has_none() -> None:
    scores = score_answers([expect("", "none")], {})
    assert (scores.share_abstained, scores.answers[0].has_abstained) == (0, True)


def test_evidence_counts_by_document_and_page() -> None:
    for page, right in ((("a.pdf", 2), 1), (("a.pdf", 3), 0), (("b.pdf", 2), 0)):
        scores = score_answers([expect("612", "number")], {"q": given("612", 612, pages=frozenset({page}))})
        assert (scores.share_answered, scores.share_right_page) == (1, right)


# A whole run


def row(table: str, **values: Any) -> dict[str, Any]:
    """A row of the output with everything else blank."""
    blanks = {field.name: None if field.nullable else BLANKS[field.type] for field in TABLES[table]}
    return blanks | values


def perfect_rows(truth: Truth) -> dict[str, list[dict[str, Any]]]:
    """The rows of a run that read everything as it is; a document's id is its name."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    rows["runs"] = [row("runs")]
    for document in truth.documents:
        name = document.document
        rows["documents"].append(row("documents", doc_id=name, filename=name))
        for number, table in enumerate(document.tables):
            key = f"{name}-table-{number}"
            rows["tables"].append(row("tables", table_id=key, doc_id=name, page_first=table.pages[0], page_last=table.pages[-1]))
            cells = [(i, j, text) for i, line in enumerate(table.rows) for j, text in enumerate(line)]
            rows["table_cells"] += [row("table_cells", table_id=key, doc_id=name, row=i, col=j, text=text) for i, j, text in cells]
        for number, chart in enumerate(document.charts):
            key = f"{name}-chart-{number}"
            rows["charts"].append(row("charts", chart_id=key, doc_id=name, page_no=chart.page, chart_type=chart.chart_type))
            points = [(i, j, one.name, *point) for i, one in enumerate(chart.series) for j, point in enumerate(one.points)]
            rows["chart_points"] += [
                row("chart_points", chart_id=key, doc_id=name, series_no=i, series=series, point_no=j, x_text=x, y_num=y)
                for i, j, series, x, y in points
            ]
    for answer in truth.answers:
        known = {"answer_id": answer.id, "question_id": answer.id, "answer_text": answer.answer, "is_answerable": answer.is_answerable}
        rows["answers"].append(row("answers", **known))
        rows["evidence"] += [
            row("evidence", target_kind="answer", target_id=answer.id, doc_id=page.document, page_no=page.page) for page in answer.evidence
        ]
    return rows


@pytest.fixture(scope="module")
def truth() -> Truth:
    return read_truth(TRUTH)


def test_a_run_that_reads_everything_scores_one_everywhere(truth: Truth, tmp_path: Path) -> None:
    write(tmp_path, "0123", date(2026, 1, 1), perfect_rows(truth))
    output = read_output(tmp_path)
    tables = score_tables(truth.documents, output.tables)
    charts = score_charts(truth.documents, output.charts)
    answers = score_answers(truth.answers, output.answers)
    assert (tables.share, tables.n_spurious) == (1, 0)
    assert (charts.share, charts.n_spurious) == (1, 0)
    assert (answers.share, answers.share_right_page, answers.precision) == (1, 1, 1)


def test_a_run_that_reads_nothing_scores_zero(truth: Truth, tmp_path: Path) -> None:
    write(tmp_path, "0123", date(2026, 1, 1), {"runs": [row("runs")]})
    output = read_output(tmp_path)
    assert score_tables(truth.documents, output.tables).share == 0
    assert score_charts(truth.documents, output.charts).share == 0
    assert score_answers(truth.answers, output.answers).share == 0


def test_the_last_complete_reading_of_each_document_is_scored(truth: Truth, tmp_path: Path) -> None:
    """A later run read one document again and found nothing; another one died before its commit."""
    write(tmp_path, "first", date(2026, 1, 1), perfect_rows(truth))
    again = truth.documents[0].document
    started = datetime(2026, 1, 2, tzinfo=UTC)
    documents = [row("documents", doc_id=again, filename=again)]
    write(tmp_path, "again", date(2026, 1, 2), {"runs": [row("runs", started_at=started)], "documents": documents})
    write(tmp_path, "torn", date(2026, 1, 3), {"documents": documents, "tables": []})
    scores = score_tables(truth.documents, read_output(tmp_path).tables)
    assert {table.document for table in scores.tables if not table.is_found} == {again}
    assert {table.share for table in scores.tables if table.is_found} == {1.0}


def test_reading_a_document_twice_does_not_double_its_cells(truth: Truth, tmp_path: Path) -> None:
    for run_id in ("first", "second"):
        write(tmp_path, run_id, date(2026, 1, 1), perfect_rows(truth))
    output = read_output(tmp_path)
    assert score_tables(truth.documents, output.tables).n_spurious == 0
    assert score_charts(truth.documents, output.charts).share == 1


def test_a_folder_without_a_complete_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no complete run"):
        read_output(tmp_path)
