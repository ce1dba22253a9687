"""The sample documents: made again they are the same, and their truth is what is on their pages."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pymupdf
import pytest

from data.generator.truth import ChartTruth, DocumentTruth, Region, TableTruth
from pipeline.questions import load_questions
from tests.samples_truth import Truth, read_truth

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
MOST_BYTES = 3_000_000
UNLAYERED = {"inspection-scan.pdf", "price-list.png"}


@pytest.fixture(scope="module")
def truth() -> Truth:
    return read_truth(SAMPLES / "truth")


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs that would order sets and dictionaries differently."""
    folders = [tmp_path_factory.mktemp(f"samples-{seed}") for seed in (1, 2)]
    for seed, folder in enumerate(folders):
        command = [sys.executable, "-m", "data.generator", "--out", str(folder)]
        subprocess.run(command, cwd=SAMPLES.parents[1], env={**os.environ, "PYTHONHASHSEED": str(seed)}, check=True)
    return folders


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def page_texts(path: Path) -> list[str]:
    with pymupdf.open(path) as document:
        return [page.get_text() for page in document]


def test_two_runs_of_the_generator_write_the_same_bytes(regenerated: list[Path]) -> None:
    first, second = map(files, regenerated)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_the_committed_samples_are_what_the_generator_makes(regenerated: list[Path]) -> None:
    """Truth and questions to the byte; pages by their text, since compression differs between library versions."""
    made = files(regenerated[0])
    kept = {name: content for name, content in files(SAMPLES).items() if not name.startswith("schemas/")}  # written by hand
    assert made.keys() == kept.keys()
    for name in made:
        if name.endswith((".json", ".yaml")):
            assert made[name] == kept[name], name
        else:
            assert page_texts(regenerated[0] / name) == page_texts(SAMPLES / name), name


def test_the_samples_stay_small() -> None:
    assert sum(map(len, files(SAMPLES).values())) < MOST_BYTES


def test_page_counts_are_true(truth: Truth) -> None:
    for document in truth.documents:
        assert len(page_texts(SAMPLES / document.document)) == document.n_pages


def test_images_have_no_text_layer(truth: Truth) -> None:
    unlayered = {one.document for one in truth.documents if not "".join(page_texts(SAMPLES / one.document)).strip()}
    assert unlayered == UNLAYERED


def words_in(path: Path, region: Region) -> Counter[str]:
    with pymupdf.open(path) as document:
        page = document[region.page - 1]
        x0, y0, x1, y1 = region.box
        clip = pymupdf.Rect(x0 * page.rect.width, y0 * page.rect.height, x1 * page.rect.width, y1 * page.rect.height)
        words = [word for word in page.get_text("words") if pymupdf.Rect(word[:4]).tl + pymupdf.Point(1, 3) in clip]
        return Counter("".join(word[4] for word in words))


def letters(rows: tuple[tuple[str, ...], ...]) -> Counter[str]:
    return Counter("".join("".join(cell.split()) for row in rows for cell in row))


def tables_with_text(truth: Truth) -> list[tuple[DocumentTruth, TableTruth]]:
    return [(document, table) for document in truth.documents if document.document not in UNLAYERED for table in document.tables]


def test_every_table_holds_the_letters_of_its_region_and_no_others(truth: Truth) -> None:
    """A header may be there once more for each further page; where the truth says what is printed again, just that."""
    for document, table in tables_with_text(truth):
        found = sum((words_in(SAMPLES / document.document, region) for region in table.regions), Counter[str]())
        expected, header = letters(table.rows), letters(table.rows[: table.n_header_rows])
        further = len(table.regions) - 1
        repeated = sum((header for _ in range(further)), Counter[str]())
        again = letters((table.printed_again,))
        assert found in ((expected + again,) if table.direction else (expected, expected + repeated)), (document.document, table.title)


def test_tables_cross_pages_with_and_without_their_headers_repeated(truth: Truth) -> None:
    repeats = Counter[bool]()
    for document, table in tables_with_text(truth):
        for _, later in pairwise(table.regions):
            header = letters(table.rows[: table.n_header_rows])
            top = table.regions[0]
            share = 0.08 * (top.box[3] - top.box[1])
            strip = later.model_copy(update={"box": (later.box[0], later.box[1], later.box[2], later.box[1] + share)})
            repeats[header <= words_in(SAMPLES / document.document, strip)] += 1
    assert repeats[True] >= 2
    assert repeats[False] >= 1


def test_rows_of_a_table_are_equally_long_and_spans_stay_inside(truth: Truth) -> None:
    for document in truth.documents:
        for table in document.tables:
            width = len(table.rows[0])
            assert {len(row) for row in table.rows} == {width}
            for span in table.spans:
                covered = [
                    table.rows[row][col]
                    for row in range(span.row, span.row + span.row_span)
                    for col in range(span.col, span.col + span.col_span)
                ]
                assert covered[1:] == [""] * (span.row_span * span.col_span - 1)


def chart_region(chart: ChartTruth) -> Region:
    return Region(page=chart.page, box=chart.box)


def test_charts_show_their_categories_legend_and_printed_values(truth: Truth) -> None:
    for document in truth.documents:
        for chart in document.charts:
            shown = words_in(SAMPLES / document.document, chart_region(chart))
            expected = [] if chart.chart_type == "scatter" else [x for x, _ in chart.series[0].points]
            expected += [series.name for series in chart.series] if len(chart.series) > 1 else []
            expected += [f"{int(y)}" for series in chart.series for _, y in series.points] if chart.printed else []
            assert letters((tuple(expected),)) <= shown, (document.document, chart.title)


def test_values_of_charts_lie_on_their_axes(truth: Truth) -> None:
    for document in truth.documents:
        for chart in document.charts:
            values = [y for series in chart.series for _, y in series.points]
            assert chart.y_min <= min(values)
            assert max(values) <= chart.y_max


def report_tables(truth: Truth, year: int) -> dict[str, TableTruth]:
    name = f"northwind-annual-report-{year}.pdf"
    return {table.title: table for document in truth.documents if document.document == name for table in document.tables}


def columns_of(table: TableTruth, year: int) -> list[tuple[str, ...]]:
    """The label and value of each row in each column that is headed by a year."""
    header = table.rows[table.n_header_rows - 1]
    columns = [col for col, text in enumerate(header) if text.endswith(str(year))]
    return [(row[0], row[col]) for col in columns for row in table.rows[table.n_header_rows :]]


def test_the_two_reports_agree_on_the_year_they_share(truth: Truth) -> None:
    later, earlier = report_tables(truth, 2023), report_tables(truth, 2022)
    shared = [title for title in later if title in earlier and columns_of(later[title], 2022)]
    assert len(shared) >= 6
    for title in shared:
        assert columns_of(later[title], 2022) == columns_of(earlier[title], 2022), title


@pytest.mark.parametrize("year", [2022, 2023])
def test_the_balance_sheet_balances(truth: Truth, year: int) -> None:
    sheet = {row[0]: row[1:] for row in report_tables(truth, year)["Consolidated Balance Sheets"].rows}
    assert sheet["Total assets"] == sheet["Total liabilities and shareholders\u2019 equity"]


def test_questions_can_be_loaded_and_name_documents_that_exist(truth: Truth) -> None:
    questions = load_questions(SAMPLES / "questions.yaml")
    assert [question.id for question in questions] == [answer.id for answer in truth.answers]
    for question in questions:
        for pattern in question.docs or ():
            assert list(SAMPLES.glob(pattern)), pattern


def test_questions_cover_the_kinds_and_some_have_no_answer(truth: Truth) -> None:
    kinds = Counter(answer.answer_kind for answer in truth.answers)
    assert kinds.keys() == {"number", "percent", "currency", "date", "text", "list", "boolean", "none"}
    assert sum(not answer.is_answerable for answer in truth.answers) >= 4


def test_evidence_is_on_pages_that_exist(truth: Truth) -> None:
    n_pages = {document.document: document.n_pages for document in truth.documents}
    for answer in truth.answers:
        assert bool(answer.evidence) == answer.is_answerable
        assert all(1 <= page.page <= n_pages[page.document] for page in answer.evidence)
