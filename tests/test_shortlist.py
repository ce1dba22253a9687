"""The pages that documents are asked about together are chosen fairly, within the room there is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.shortlist import Lead, Room, fair_order, fitting
from schemas.batch import PageImage

LEADS = st.lists(st.builds(Lead, st.sampled_from("abcd"), st.integers(1, 9), st.integers(0, 5), st.booleans(), st.booleans()))


def image(doc_id: str, page_no: int, tokens: int = 100) -> PageImage:
    return PageImage(doc_id=doc_id, page_no=page_no, width=280, height=280, tokens=tokens, dpi=72)


@given(LEADS)
def test_no_document_is_two_pages_ahead_of_one_that_has_more(leads: list[Lead]) -> None:
    order = fair_order(lead._replace(starts_before=False, goes_on=False) for lead in leads)
    assert Counter(order) == Counter({lead.key for lead in leads})
    total = Counter(doc_id for doc_id, _ in order)
    taken = Counter[str]()
    for doc_id, _ in order:
        assert all(taken[other] >= min(taken[doc_id], total[other]) for other in total)
        taken[doc_id] += 1


@given(LEADS)
def test_neighbours_come_after_all_that_was_found(leads: list[Lead]) -> None:
    found = {lead.key for lead in leads}
    order = fair_order(leads)
    assert set(order[: len(found)]) == found
    assert set(order[len(found) :]) == {key for lead in leads for key in lead.neighbours} - found


def test_the_most_useful_page_of_a_document_comes_first_whichever_batch_it_is_from() -> None:
    assert fair_order([Lead("a", 1, 2), Lead("a", 2, 0), Lead("b", 1, 1), Lead("a", 3, 1)]) == (("a", 2), ("b", 1), ("a", 3), ("a", 1))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 20)), unique=True), st.integers(0, 2000), st.integers(1, 9))
def test_what_is_chosen_fits(order: list[tuple[str, int]], tokens: int, most_images: int) -> None:
    chosen = fitting(order, {key: image(*key, tokens=50 * key[1]) for key in order}, Room(tokens, 10, 20, most_images))
    assert sum(one.tokens + 10 for one in chosen) + 20 * len({one.doc_id for one in chosen}) <= tokens
    assert len(chosen) <= most_images


def test_a_page_that_is_too_large_makes_room_for_the_next() -> None:
    images = {("a", 1): image("a", 1, 900), ("b", 1): image("b", 1)}
    assert [one.doc_id for one in fitting([*images], images, Room(500, 1, 1))] == ["b"]
