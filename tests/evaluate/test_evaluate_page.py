"""The page of the worst cases, and what the terminal says."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.evaluate.answers import Expected
from pipeline.evaluate.boxes import area, ioa, passes
from pipeline.evaluate.cases import _point_rows, table_rows
from pipeline.evaluate.charts import Chart, Series, points
from pipeline.evaluate.harness import read_and_score
from pipeline.evaluate.tables import Grid, Span
from pipeline.evaluate.truth import Edges, PageOf, Truth, TruthQuestion, TruthTable
from pipeline.write import write
from schemas.settings import Job, Settings
from tests.evaluate.perfect import NOWHERE, perfect_rows

MakePdf = Callable[..., Path]
HOSTILE = "<script>alert(1)</script><img src='http://evil/x.png'>"


class Elements(HTMLParser):
    """Collects the elements of a page and what they link to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "data", "action"}]


@pytest.fixture
def page(make_pdf: MakePdf, tmp_path: Path) -> str:
    """The page of a table and an answer that were read badly, and in which someone wrote HTML."""
    doc = make_pdf(texts=("one", "two"))
    asked = TruthQuestion("q", "here", "text", (doc,), f"Who? {HOSTILE}", Expected("Ann", "text"), (PageOf(doc, 2),))
    cells = (("item", "value"), ("boats", "12"), *((f"long name {number} of a boat", str(number)) for number in range(9)))
    expected = TruthTable("table 1", "here", "human", doc, (1,), Grid(cells))
    truth = Truth((expected,), (), (asked,))
    rows = perfect_rows(truth)
    rows["table_cells"][3] |= {"text": HOSTILE}
    rows["answers"][0] |= {"answer_text": "Bo"}
    write(tmp_path / "out", "r", date(2026, 1, 1), rows)
    done = asyncio.run(read_and_score(truth, Job(sources=("-",), out=tmp_path / "out", backend=NOWHERE), Settings(workers=1)))
    return done.page.read_text(encoding="utf-8")


def test_the_page_shows_each_bad_case_with_its_picture_and_loads_nothing(page: str):
    found = Elements(page)
    assert found.tags.count("article") == 2
    assert found.links
    assert all(link.startswith("data:image/png;base64,") for link in found.links)
    assert "default-src 'none'" in page
    assert not {"script", "link", "iframe"} & {*found.tags}
    assert "&lt;script&gt;" in page


def test_the_page_marks_what_one_side_has_and_the_other_lacks(page: str):
    marked = re.findall(r'<td class="off">(.*?)</td>', page)
    assert marked[0] == "12"
    assert marked[1].startswith("&lt;script&gt;")


def test_a_shown_table_has_every_position_once():
    grid = Grid((("a", "", "b"), ("c", "d", "e")), (Span(0, 0, 1, 2),))
    rows = table_rows(grid, Grid((("a", "c"),)))
    assert [[(cell.text, cell.col_span, cell.is_shared) for cell in row] for row in rows] == [
        [("a", 2, True), ("b", 1, False)],
        [("c", 1, True), ("d", 1, False), ("e", 1, False)],
    ]


def test_of_a_chart_the_points_that_are_wrong_are_marked_on_both_sides():
    truth = Chart("scatter", (Series("a", (("1.2", 940.0), ("1.9", 780.0))), Series("b", (("6.3", 430.0),))))
    found = Chart("scatter", (Series("a", (("1.2016", 939.3), ("1.9011", 600.0))), Series("b", (("6.3", 429.7),))))
    expected = _point_rows(truth, lambda fewer: points(fewer, found).n_right)
    read = _point_rows(found, lambda fewer: points(truth, fewer).n_right)
    assert [[row[0].is_shared for row in rows[1:]] for rows in (expected, read)] == [[True, False, True]] * 2


def test_a_huge_table_is_shown_in_part_and_says_so():
    rows = table_rows(Grid(tuple((str(number), "x") for number in range(100))), Grid(()))
    assert (len(rows), rows[-1][0].text, rows[-1][0].col_span) == (61, "… and 40 more rows", 2)


def test_a_box_passes_if_it_shows_the_thing_and_not_the_whole_page():
    thing = (0.1, 0.1, 0.5, 0.3)
    assert passes(thing, thing)
    assert passes(thing, (0.0, 0.1, 0.4, 0.4))
    assert not passes(thing, (0.0, 0.0, 1.0, 1.0))
    assert not passes(thing, (0.4, 0.2, 0.9, 0.4))
    assert ioa(thing, (0.3, 0.1, 0.5, 0.3)) == pytest.approx(0.5)
    assert ioa((0.2, 0.2, 0.2, 0.2), thing) == 0


EDGE = st.floats(0, 1)
BOX = st.tuples(EDGE, EDGE, EDGE, EDGE)


@given(BOX, BOX)
def test_a_share_of_a_box_is_a_share(box: Edges, other: Edges):
    assert 0 <= ioa(box, other) <= 1 + 1e-9
    assert ioa(box, (0.0, 0.0, 1.0, 1.0)) == pytest.approx(1 if area(box) > 0 else 0)


def collection(folder: Path, doc: Path) -> Path:
    """A ground truth of one table of `doc`."""
    row = {"doc": doc.name, "page": 1, "table_id": "t", "rows": [["item", "value"], ["boats", "12"]], "spans": [], "source": "icdar2013"}
    (folder / "tables").mkdir()
    (folder / "tables" / "tables.jsonl").write_text(json.dumps({**row, "gt_quality": "human"}))
    return folder


def test_the_command_scores_what_is_there_and_compares_two_datasets(make_pdf: MakePdf, tmp_path: Path):
    doc = make_pdf()
    truth = Truth((TruthTable("table t", "icdar2013", "human", doc, (1,), Grid((("item", "value"), ("boats", "12")))),))
    good, bad = perfect_rows(truth), perfect_rows(truth)
    bad["table_cells"][3] |= {"text": "21"}
    write(tmp_path / "good", "r", date(2026, 1, 1), good)
    write(tmp_path / "bad", "r", date(2026, 1, 1), bad)
    runner, place = CliRunner(env={"COLUMNS": "200"}), collection(tmp_path, doc)
    for out in ("good", "bad"):
        done = runner.invoke(app, ["evaluate", str(place), "--tasks", "tables", "--out", str(tmp_path / out), "--backend", NOWHERE])
        assert done.exit_code == 0, done.output
    assert "source icdar2013" in done.output
    assert "report.html" in done.output
    assert f"at {NOWHERE}" in done.output
    compared = runner.invoke(app, ["evaluate", "--compare", str(tmp_path / "good"), str(tmp_path / "bad")])
    assert compared.exit_code == 0
    assert "worse: 1 items" in compared.output
    assert "table t (sample.pdf), teds 1.000 to" in compared.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "no ground truth at nowhere"),
        ([], "name a ground truth, or two datasets with --compare"),
        (["--compare", "one", "other"], "one holds no evaluation: run longread evaluate with --out one first"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(arguments: list[str], says: str):
    done = CliRunner().invoke(app, ["evaluate", *arguments])
    assert done.exit_code == 2
    assert says in done.output
