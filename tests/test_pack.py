"""Packing keeps order, fits the budget, shows context once and wastes little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pack import Pages, Price, cost, pack
from schemas.batch import PageImage
from schemas.errors import BudgetError

PRICE = Price(per_image=10, per_document=20)
CAPACITY = 5000


def image(doc: int, page: int, tokens: int) -> PageImage:
    return PageImage(doc_id=f"d{doc}", page_no=page, width=28, height=28, tokens=tokens, dpi=72)


def documents(sizes: list[list[int]]) -> list[Pages]:
    return [Pages(f"{doc}.pdf", [image(doc, page, tokens) for page, tokens in enumerate(pages, 1)]) for doc, pages in enumerate(sizes)]


SIZES = st.lists(st.lists(st.integers(16, 2400), min_size=1, max_size=40), max_size=30)


@given(SIZES)
def test_every_page_is_owned_by_exactly_one_batch(sizes: list[list[int]]) -> None:
    batches = pack(documents(sizes), CAPACITY, PRICE)
    owned = [(image.doc_id, image.page_no) for batch in batches for segment in batch.segments for image in segment.owned]
    assert sorted(owned) == sorted((f"d{doc}", page) for doc, pages in enumerate(sizes) for page in range(1, len(pages) + 1))


@given(SIZES)
def test_no_batch_is_over_the_budget(sizes: list[list[int]]) -> None:
    for batch in pack(documents(sizes), CAPACITY, PRICE):
        assert sum(cost(segment, PRICE) for segment in batch.segments) <= CAPACITY


@given(SIZES)
def test_pages_are_consecutive_and_context_is_the_page_before(sizes: list[list[int]]) -> None:
    for batch in pack(documents(sizes), CAPACITY, PRICE):
        for segment in batch.segments:
            numbers = [image.page_no for image in segment.images]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert segment.n_context in {0, 1}


@given(SIZES)
def test_packing_is_deterministic(sizes: list[list[int]]) -> None:
    assert pack(documents(sizes), CAPACITY, PRICE) == pack(documents(sizes), CAPACITY, PRICE)


@given(st.lists(st.lists(st.integers(50, 150), min_size=1, max_size=12), min_size=40, max_size=80))
def test_short_documents_are_packed_close_to_the_lower_bound(sizes: list[list[int]]) -> None:
    batches = pack(documents(sizes), CAPACITY, PRICE)
    total = sum(cost(segment, PRICE) for batch in batches for segment in batch.segments)
    assert len(batches) <= -(-total // CAPACITY) * 1.2 + 1


def test_a_page_that_no_request_holds_is_named() -> None:
    with pytest.raises(BudgetError, match="page 2"):
        pack(documents([[100, 6000]]), CAPACITY, PRICE)


def test_documents_that_fit_one_request_share_it() -> None:
    assert len(pack(documents([[1000], [1000], [1000]]), CAPACITY, PRICE)) == 1


@given(st.lists(st.lists(st.integers(1, 900), min_size=1, max_size=12), min_size=1, max_size=12), st.integers(2, 6))
def test_a_batch_shows_no_more_images_than_a_service_takes(sizes: list[list[int]], most: int) -> None:
    batches = pack(documents(sizes), CAPACITY, PRICE, most)
    assert all(len(batch.images) <= most for batch in batches)
    owned = [(image.doc_id, image.page_no) for batch in batches for segment in batch.segments for image in segment.owned]
    assert sorted(owned) == sorted((image.doc_id, image.page_no) for pages in documents(sizes) for image in pages.images)
