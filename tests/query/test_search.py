"""Words lead to the page and the box."""

from pathlib import Path

from pipeline.query import search
from pipeline.query.search import INDEX
from tests.query.truth_dataset import of, write_run

PAPER, PRICES = "tide-gauge-paper.pdf", "price-list.png"


def test_words_find_the_row_with_its_document_and_page(dataset: Path) -> None:
    (hit, *_) = search(dataset, "employees at year end 2023").to_pylist()
    assert (hit["kind"], hit["filename"], hit["page_no"]) == ("table", "northwind-annual-report-2023.pdf", 3)
    assert "2023: 4,316" in hit["says"]


def test_charts_and_answers_are_found_with_their_boxes(dataset: Path) -> None:
    hits = search(dataset, "hours until first reply", 40).to_pylist()
    (chart, *_) = [hit for hit in hits if hit["kind"] == "chart"]
    assert chart["filename"] == "product-review-slides.pdf"
    assert 0 <= chart["x0"] < chart["x1"] <= 1
    answers = [hit for hit in search(dataset, "goodwill", 40).to_pylist() if hit["kind"] == "answer"]
    assert answers
    assert all(hit["page_no"] for hit in answers)


def test_one_and_many_are_the_same_word(dataset: Path) -> None:
    assert search(dataset, "employee").num_rows == search(dataset, "employees").num_rows > 0


def test_words_that_are_nowhere_find_nothing(dataset: Path) -> None:
    assert search(dataset, "zyzzyva").num_rows == 0
    assert search(dataset, "").num_rows == 0


def test_what_a_later_run_adds_is_found(tmp_path: Path) -> None:
    write_run(tmp_path, of(PAPER), 0)
    assert PRICES not in search(tmp_path, "price").column("filename").to_pylist()
    write_run(tmp_path, of(PRICES), 1)
    assert PRICES in search(tmp_path, "price").column("filename").to_pylist()
    assert len([*(tmp_path / INDEX).iterdir()]) == 1


def test_a_kept_index_finds_the_same_as_a_new_one(tmp_path: Path) -> None:
    write_run(tmp_path, of(PAPER))
    assert search(tmp_path, "error budget") == search(tmp_path, "error budget")
