"""Ground truth in the formats in which people publish it, in files made up here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.evaluate.charts import Series
from pipeline.evaluate.tables import Span
from pipeline.evaluate.truth import PageOf, Truth
from pipeline.evaluate.truths.formats import load_truth
from schemas.errors import SettingsError

ICDAR_CELLS = """<?xml version="1.0" encoding="UTF-8"?>
<document filename='boats.pdf'>
 <table id='1'>
  <region id='1' page='2' col-increment='0' row-increment='0'>
   <cell id='1' start-row='0' start-col='0' end-col='1'>
    <bounding-box x1='72' y1='600' x2='300' y2='612'/><content>Boats &amp; crews</content></cell>
   <cell id='2' start-row='1' start-col='0'><bounding-box x1='72' y1='580' x2='100' y2='592'/><content>Aurora</content></cell>
   <cell id='3' start-row='1' start-col='1'><bounding-box x1='200' y1='580' x2='220' y2='592'/><content>12</content></cell>
  </region>
  <region id='2' page='3' col-increment='0' row-increment='2'>
   <cell id='1' start-row='0' start-col='0'><bounding-box x1='72' y1='700' x2='100' y2='712'/><content>Borealis</content></cell>
   <cell id='2' start-row='0' start-col='1'><bounding-box x1='200' y1='700' x2='220' y2='712'/><content>9</content></cell>
  </region>
 </table>
</document>"""
ICDAR_REGIONS = """<?xml version="1.0" encoding="UTF-8"?>
<document filename='boats.pdf'>
 <table id='1'>
  <region id='1' page='2'><bounding-box x1='61.2' y1='396' x2='306' y2='633.6'/></region>
  <region id='2' page='3'><bounding-box x1='61.2' y1='633.6' x2='306' y2='712.8'/></region>
 </table>
</document>"""
PUBTABNET = {
    "filename": "T1.png",
    "split": "val",
    "imgid": 5,
    "html": {
        "structure": {
            "tokens": [
                *("<thead>", "<tr>", "<td", ' rowspan="2"', ">", "</td>", "<td", ' colspan="2"', ">", "</td>", "</tr>"),
                *("<tr>", "<td>", "</td>", "<td>", "</td>", "</tr>", "</thead>"),
                *("<tbody>", "<tr>", "<td>", "</td>", "<td>", "</td>", "<td>", "</td>", "</tr>", "</tbody>"),
            ]
        },
        "cells": [
            {"tokens": ["<b>", "D", "o", "s", "e", "</b>"], "bbox": [1, 1, 9, 9]},
            {"tokens": [*"Group"], "bbox": [1, 1, 9, 9]},
            {"tokens": ["A"], "bbox": [1, 1, 9, 9]},
            {"tokens": ["B", "<sup>", "2", "</sup>"], "bbox": [1, 1, 9, 9]},
            {"tokens": [*"10 mg"], "bbox": [1, 1, 9, 9]},
            {"tokens": []},
            {"tokens": [*"0.5"], "bbox": [1, 1, 9, 9]},
        ],
    },
}


def lines(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def there(*paths: Path) -> None:
    """Make files that only have to exist."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_an_icdar_table_over_two_pages_is_one_table_with_its_regions(tmp_path: Path):
    (tmp_path / "boats-str.xml").write_text(ICDAR_CELLS)
    (tmp_path / "boats-reg.xml").write_text(ICDAR_REGIONS)
    there(tmp_path / "boats.pdf")
    (table,) = load_truth(tmp_path).truth.tables
    assert table.grid.rows == (("Boats & crews", ""), ("Aurora", "12"), ("Borealis", "9"))
    assert table.grid.spans == (Span(0, 0, 1, 2),)
    assert (table.pages, table.source) == ((2, 3), "icdar2013")
    assert table.regions[0].on_page(612, 792) == pytest.approx((0.1, 0.2, 0.5, 0.5))
    assert table.regions[1].on_page(612, 792) == pytest.approx((0.1, 0.1, 0.5, 0.2))


def test_an_icdar_row_before_the_first_is_moved_into_place_with_its_region(tmp_path: Path):
    """As us-019 of the competition has it: a heading in row -1 of a region that is moved down by one."""
    moved = ICDAR_CELLS.replace("start-row='1'", "start-row='-1'").replace("row-increment='0'", "row-increment='1'")
    (tmp_path / "boats-str.xml").write_text(moved)
    there(tmp_path / "boats.pdf")
    assert load_truth(tmp_path).truth.tables[0].grid.rows == (("Aurora", "12"), ("Boats & crews", ""), ("Borealis", "9"))


def test_an_icdar_table_without_regions_is_still_a_table(tmp_path: Path):
    (tmp_path / "boats-str.xml").write_text(ICDAR_CELLS)
    there(tmp_path / "boats.pdf")
    assert load_truth(tmp_path / "boats-str.xml").truth.tables[0].regions == ()


def test_a_pubtabnet_cell_that_spans_pushes_those_of_the_next_row_aside(tmp_path: Path):
    file = lines(tmp_path / "PubTabNet_Examples.json", PUBTABNET)  # so they are called, though they are lines
    there(tmp_path / "val" / "T1.png")
    (table,) = load_truth(file).truth.tables
    assert table.grid.rows == (("Dose", "Group", ""), ("", "A", "B2"), ("10 mg", "", "0.5"))
    assert {*table.grid.spans} == {Span(0, 0, 2, 1), Span(0, 1, 1, 2)}
    assert table.doc == tmp_path / "val" / "T1.png"


def test_mmlongbench_writes_its_lists_as_text_and_none_is_no_answer(tmp_path: Path):
    known = {"doc_id": "a.pdf", "doc_type": "Report", "evidence_sources": "['Table']"}
    asked = [
        {**known, "question": "Who?", "answer": "['Ann', 'Bo']", "evidence_pages": "[3, 5]", "answer_format": "List"},
        {**known, "question": "Why?", "answer": "Not answerable", "evidence_pages": "[]", "answer_format": "None"},
    ]
    doc = tmp_path / "data" / "documents" / "a.pdf"
    there(doc)
    (tmp_path / "data" / "samples.json").write_text(json.dumps(asked))
    who, why = load_truth(tmp_path).truth.questions
    assert (who.evidence, who.expected.kind) == ((PageOf(doc, 3), PageOf(doc, 5)), "list")
    assert (why.evidence, why.is_answerable) == ((), False)


def test_financebench_counts_pages_from_zero(tmp_path: Path):
    row = {
        "financebench_id": "financebench_id_1",
        "company": "Acme",
        "doc_name": "ACME_2020_10K",
        "question_type": "metrics-generated",
        "question": "How much was spent?",
        "answer": "$12.00",
        "evidence": [{"evidence_text": "spent 12", "doc_name": "ACME_2020_10K", "evidence_page_num": 59}],
    }
    lines(tmp_path / "data" / "financebench_open_source.jsonl", row)
    there(tmp_path / "pdfs" / "ACME_2020_10K.pdf")
    (asked,) = load_truth(tmp_path).truth.questions
    assert asked.evidence == (PageOf(tmp_path / "pdfs" / "ACME_2020_10K.pdf", 60),)
    assert (asked.expected.kind, asked.kind) == ("number", "metrics-generated")


def test_chartqa_asks_of_images_and_their_tables_are_charts(tmp_path: Path):
    asked = [
        {"imgname": "7.png", "query": "What is the value in 2020?", "label": "4.5"},
        {"imgname": "7.png", "query": "Which years are shown?", "label": "[2019, 2020]"},
    ]
    (tmp_path / "test_human.json").write_text(json.dumps(asked))
    there(tmp_path / "png" / "7.png", tmp_path / "tables" / "7.csv")
    (tmp_path / "tables" / "7.csv").write_text("Year,Boats,Crews\n2019,3,\n2020,4.5,7\n")
    truth = load_truth(tmp_path).truth
    assert [(one.expected.kind, one.expected.answer) for one in truth.questions] == [("number", "4.5"), ("list", "[2019, 2020]")]
    (chart,) = truth.charts
    assert chart.chart.series == (Series("Boats", (("2019", 3.0), ("2020", 4.5))), Series("Crews", (("2020", 7.0),)))


def test_a_collection_lists_horizontal_bars_as_they_are_drawn(tmp_path: Path):
    known = {"stacked": False, "source": "vega-lite", "points_are": "[x, y] in axis order as drawn", "chart_type": "bar"}
    lines(
        tmp_path / "charts" / "charts.jsonl",
        {**known, "image": "charts/img/h.png", "value_axis": "x", "series": [{"name": "", "points": [[3.5, "A"], [None, "B"]]}]},
        {**known, "image": "charts/img/v.png", "value_axis": "y", "series": [{"name": "", "points": [[[0, 10], 4]]}]},
    )
    there(tmp_path / "charts" / "img" / "h.png", tmp_path / "charts" / "img" / "v.png")
    across, upright = load_truth(tmp_path).truth.charts
    assert across.chart.series == (Series("", (("A", 3.5),)),)
    assert upright.chart.series == (Series("", (("0-10", 4.0),)),)


def test_evidence_of_a_joint_question_of_a_collection_names_no_document_and_is_not_checked(tmp_path: Path):
    known = {"source": "s", "answer": "4", "answer_format": "Int", "evidence_pages": [2]}
    lines(
        tmp_path / "docs" / "questions.jsonl",
        {**known, "id": "one", "question": "a?", "docs": ["docs/pdf/a.pdf"]},
        {**known, "id": "both", "question": "b?", "docs": ["docs/pdf/a.pdf", "docs/pdf/b.pdf"]},
    )
    there(tmp_path / "docs" / "pdf" / "a.pdf", tmp_path / "docs" / "pdf" / "b.pdf")
    one, both = load_truth(tmp_path).truth.questions
    assert (one.evidence, both.evidence) == ((PageOf(tmp_path / "docs/pdf/a.pdf", 2),), ())


def test_the_samples_of_the_project_are_ground_truth(samples: Path):
    loaded = load_truth(samples)
    assert loaded.missing == ()
    assert {len(loaded.truth.tables), len(loaded.truth.charts), len(loaded.truth.questions)} == {47, 20, 82}
    assert any(len(set(table.pages)) > 1 for table in loaded.truth.tables)
    assert load_truth(samples / "truth") == loaded


def test_items_whose_document_was_not_downloaded_are_left_out_and_named(tmp_path: Path):
    known = {"question": "Who?", "answer": "Ann", "evidence_pages": "[1]", "evidence_sources": "[]", "answer_format": "Str"}
    (tmp_path / "samples.json").write_text(json.dumps([{**known, "doc_id": "here.pdf"}, {**known, "doc_id": "gone.pdf"}]))
    there(tmp_path / "documents" / "here.pdf")
    loaded = load_truth(tmp_path)
    assert [one.docs[0].name for one in loaded.truth.questions] == ["here.pdf"]
    assert [path.name for path in loaded.missing] == ["gone.pdf"]


def _nothing(_: Path) -> None: ...


def _strange(folder: Path) -> None:
    (folder / "notes.txt").write_text("words")


def _alone(folder: Path) -> None:
    (folder / "boats-str.xml").write_text(ICDAR_CELLS)


def _torn(folder: Path) -> None:
    (folder / "boats-str.xml").write_text(ICDAR_CELLS[:200])


def _unlike(folder: Path) -> None:
    lines(folder / "tables" / "tables.jsonl", {"doc": "a.pdf", "rows": 7})


def _broken(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "questions.jsonl").write_text('{"id": 1\n')


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_nothing, "holds no ground truth that longread knows"),
        (_strange, "holds no ground truth that longread knows"),
        (_alone, r"none of the documents of .* is there, such as .*boats\.pdf: download them too"),
        (_torn, r"boats-str\.xml is not XML"),
        (_unlike, "but is not as published"),
        (_broken, r"questions\.jsonl, line 1 is not JSON"),
    ],
)
def test_what_is_no_ground_truth_is_refused_in_a_sentence(tmp_path: Path, make: Callable[[Path], None], says: str):
    make(tmp_path)
    with pytest.raises(SettingsError, match=says):
        load_truth(tmp_path)


def test_a_path_that_is_not_there_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(SettingsError, match="no ground truth at"):
        load_truth(tmp_path / "nowhere")


def test_the_collection_of_real_documents_is_read_whole(shared: Path):
    loaded = load_truth(shared / "corpus")
    assert (len(loaded.truth.tables), len(loaded.truth.charts), len(loaded.truth.questions)) == (110, 54, 346)
    assert loaded.missing == ()
    assert isinstance(loaded.truth, Truth)
