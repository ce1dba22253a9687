"""Packing keeps order, fits the budget, shows context once, never cuts a table that fits, and wastes next to nothing."""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.bound import lower_bound
from pipeline.pack import pack, pack_stream
from pipeline.windows import Pages, Price, windows
from schemas.batch import Batch, PageImage, Segment
from schemas.errors import BudgetError

LAW = settings(max_examples=50)
PRICE = Price(per_image=10, per_document=20)
CAPACITY = 5000


def image(doc: int, page: int, tokens: int) -> PageImage:
    return PageImage(doc_id=f"d{doc}", page_no=page, width=28, height=28, tokens=tokens, dpi=72)


def document(doc: int, sizes: Iterable[int], **told: Iterable[int]) -> Pages:
    images = [image(doc, page, tokens) for page, tokens in enumerate(sizes, 1)]
    return Pages(f"{doc}.pdf", images, **{name: frozenset(numbers) for name, numbers in told.items()})


def documents(sizes: list[list[int]]) -> list[Pages]:
    return [document(doc, pages) for doc, pages in enumerate(sizes)]


def cost(segment: Segment) -> int:
    return segment.tokens + len(segment.images) * PRICE.per_image + PRICE.per_document


def owned(batches: Iterable[Batch]) -> list[tuple[str, int]]:
    return sorted((image.doc_id, image.page_no) for batch in batches for segment in batch.segments for image in segment.owned)


def pages_in(told: Iterable[Pages]) -> list[tuple[str, int]]:
    return sorted((image.doc_id, image.page_no) for pages in told for image in pages.images)


def cuts(pages: Pages, most_images: int | None = None) -> list[int]:
    """Return the numbers of the pages that open a window."""
    return [window.segment.owned[0].page_no for window in windows(pages, CAPACITY, PRICE, most_images)[1:]]


HINTS = st.sets(st.integers(1, 40), max_size=25)
MOST = st.none() | st.integers(1, 12)


@st.composite
def told(draw: st.DrawFn) -> list[Pages]:
    sizes = draw(st.lists(st.lists(st.integers(16, 2400), min_size=1, max_size=40), max_size=12))
    return [document(doc, own, sections=draw(HINTS), turns=draw(HINTS), continued=draw(HINTS)) for doc, own in enumerate(sizes)]


def at_once(told: list[Pages], most: int | None = None) -> tuple[Batch, ...]:
    return pack(told, CAPACITY, PRICE, most)


def as_a_stream(told: list[Pages], most: int | None = None) -> tuple[Batch, ...]:
    return tuple(pack_stream(iter(told), CAPACITY, PRICE, most, open_batches=2))


Pack = Callable[..., tuple[Batch, ...]]
PACKED = st.sampled_from([at_once, as_a_stream])


@LAW
@given(packed=PACKED, told=told(), most=MOST)
def test_every_page_is_owned_by_exactly_one_batch(packed: Pack, told: list[Pages], most: int | None) -> None:
    assert owned(packed(told, most)) == pages_in(told)


@LAW
@given(packed=PACKED, told=told(), most=MOST)
def test_no_batch_is_over_the_budget(packed: Pack, told: list[Pages], most: int | None) -> None:
    for batch in packed(told, most):
        assert sum(map(cost, batch.segments)) <= CAPACITY
        assert most is None or len(batch.images) <= most


@LAW
@given(packed=PACKED, told=told(), most=MOST)
def test_pages_are_consecutive_and_context_is_the_page_before(packed: Pack, told: list[Pages], most: int | None) -> None:
    for batch in packed(told, most):
        for segment in batch.segments:
            numbers = [image.page_no for image in segment.images]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert segment.n_context == 0 or (segment.n_context == 1 and segment.owned)


@LAW
@given(packed=PACKED, told=told(), most=MOST)
def test_a_batch_shows_documents_in_order_and_no_page_twice(packed: Pack, told: list[Pages], most: int | None) -> None:
    for batch in packed(told, most):
        shown = [(int(segment.doc_id[1:]), image.page_no) for segment in batch.segments for image in segment.images]
        assert shown == sorted(set(shown))


@LAW
@given(packed=PACKED, told=told(), most=MOST)
def test_packing_is_deterministic(packed: Pack, told: list[Pages], most: int | None) -> None:
    assert packed(told, most) == packed(told, most)


@LAW
@given(packed=PACKED, told=told(), most=MOST)
def test_batches_of_other_pages_have_other_ids(packed: Pack, told: list[Pages], most: int | None) -> None:
    batches = packed(told, most)
    assert len({batch.batch_id for batch in batches}) == len(batches)


@LAW
@given(told=told(), most=MOST)
def test_batches_come_in_the_order_of_their_first_documents(told: list[Pages], most: int | None) -> None:
    first = [(int(batch.segments[0].doc_id[1:]), batch.segments[0].owned[0].page_no) for batch in pack(told, CAPACITY, PRICE, most)]
    assert first == sorted(first)


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(50, 150), min_size=1, max_size=12), min_size=40, max_size=60))
def test_short_documents_take_no_more_than_a_batch_over_the_bound(sizes: list[list[int]]) -> None:
    assert len(pack(documents(sizes), CAPACITY, PRICE)) <= lower_bound(documents(sizes), CAPACITY, PRICE) + 1


def test_a_page_that_no_request_holds_is_named() -> None:
    with pytest.raises(BudgetError, match="page 2"):
        pack(documents([[100, 6000]]), CAPACITY, PRICE)


def test_documents_that_fit_one_request_share_it() -> None:
    assert len(pack(documents([[1000], [1000], [1000]]), CAPACITY, PRICE)) == 1


def test_few_documents_are_packed_as_tightly_as_they_go() -> None:
    # Largest first would put 1980 and 1980 together and need a third batch.
    sizes = [[2450], [1965], [1965], [1470], [980], [980]]
    assert sum(sum(pages) + 30 for pages in sizes) == 9990
    assert len(pack(documents(sizes), CAPACITY, PRICE)) == 2


def test_no_batch_waits_for_the_end_of_an_endless_stream() -> None:
    def endless() -> Iterator[Pages]:
        doc = 0
        while True:
            yield document(doc, [400] * (1 + doc % 30))
            doc += 1

    taken = [batch for batch, _ in zip(pack_stream(endless(), CAPACITY, PRICE, open_batches=4), range(200), strict=False)]
    assert len(taken) == 200
    assert sum(sum(map(cost, batch.segments)) for batch in taken) > 0.98 * 200 * CAPACITY


@LAW
@given(told=told(), open_batches=st.integers(0, 5))
def test_a_stream_holds_back_no_more_than_it_is_told(told: list[Pages], open_batches: int) -> None:
    read = 0

    def watched() -> Iterator[Pages]:
        nonlocal read
        for pages in told:
            read += sum(window.tokens for window in windows(pages, CAPACITY, PRICE))
            yield pages

    largest = max((sum(window.tokens for window in windows(pages, CAPACITY, PRICE)) for pages in told), default=0)
    sent = 0
    for batch in pack_stream(watched(), CAPACITY, PRICE, open_batches=open_batches):
        assert read - sent <= open_batches * CAPACITY + largest
        sent += sum(map(cost, batch.segments))


# Cuts


PLAIN = [40] * 240
"""Of which a window holds 99, and 98 beside its context."""


def test_windows_of_a_document_that_tells_nothing_are_full() -> None:
    assert cuts(document(0, PLAIN)) == [100, 198]


def test_a_cut_falls_on_the_section_that_begins_just_before_the_window_is_full() -> None:
    assert cuts(document(0, PLAIN, sections=[99, 196])) == [99, 196]


def test_a_section_far_from_the_end_of_a_window_is_not_worth_the_room() -> None:
    pages = document(0, PLAIN, sections=[20, 90, 110])
    assert not {20, 90, 110} & set(cuts(pages))


def test_a_section_is_a_better_place_than_another_kind_of_page() -> None:
    assert cuts(document(0, PLAIN[:120], turns=[98, 99], sections=[99])) == [99]
    assert cuts(document(0, PLAIN[:120], turns=[99])) == [99]


def test_the_window_that_is_not_full_may_be_the_first() -> None:
    assert cuts(document(0, PLAIN[:120], sections=[23])) == [23]


def test_a_table_over_a_page_break_stays_in_one_window() -> None:
    assert cuts(document(0, PLAIN[:120], continued=range(95, 105))) == [94]


def test_a_table_longer_than_a_window_is_cut_inside() -> None:
    assert len(cuts(document(0, PLAIN, continued=range(11, 231)))) == 2


def test_a_table_that_just_fills_a_window_goes_without_context() -> None:
    pages = document(0, [488] * 20, continued=range(3, 12))
    table = next(window.segment for window in windows(pages, CAPACITY, PRICE) if window.segment.owned[0].page_no == 2)
    assert [image.page_no for image in table.images] == [*range(2, 12)]


def test_pages_left_out_between_two_numbers_do_not_join_a_table() -> None:
    pages = document(0, [90] * 60, continued=range(2, 61))
    gaps = pages._replace(images=[image for image in pages.images if image.page_no != 50])
    assert cuts(gaps) == [51]


def atoms(pages: Pages) -> list[list[PageImage]]:
    """Return the runs of pages that no allowed cut divides."""
    runs: list[list[PageImage]] = []
    for page in pages.images:
        if runs and page.page_no in pages.continued:
            runs[-1].append(page)
        else:
            runs.append([page])
    return runs


def fits(run: list[PageImage], most: int | None) -> bool:
    return sum(page.tokens + PRICE.per_image for page in run) + PRICE.per_document <= CAPACITY and len(run) <= (most or len(run))


@LAW
@given(told=told(), most=MOST)
def test_no_table_is_cut_that_a_window_holds(told: list[Pages], most: int | None) -> None:
    for pages in told:
        whole = {page.page_no for run in atoms(pages) if fits(run, most) for page in run[1:]}
        assert not whole & set(cuts(pages, most))


@LAW
@given(told=told(), most=MOST)
def test_hints_cost_no_window(told: list[Pages], most: int | None) -> None:
    for pages in told:
        plain = Pages(pages.filename, pages.images, continued=pages.continued)
        assert len(cuts(pages, most)) == len(cuts(plain, most))


@LAW
@given(told=told(), most=MOST)
def test_windows_are_as_few_as_the_allowed_cuts_permit(told: list[Pages], most: int | None) -> None:
    for pages in told:
        runs = [part for run in atoms(pages) for part in ([run] if fits(run, most) else [[page] for page in run])]
        assert len(windows(pages, CAPACITY, PRICE, most)) == fewest_windows(runs, most)


def fewest_windows(runs: list[list[PageImage]], most: int | None) -> int:
    """Return the fewest windows over all ways to cut between runs; context is shown unless nothing fits beside it."""
    best = {0: 0}
    for start in range(len(runs)):
        if start not in best:
            continue
        context = [runs[start - 1][-1]] if start else []
        context = context if context and fits([*context, *runs[start]], most) else []
        for end in range(start + 1, len(runs) + 1):
            if fits([*context, *(page for run in runs[start:end] for page in run)], most):
                best[end] = min(best.get(end, best[start] + 1), best[start] + 1)
    return best[len(runs)]


# Documents that questions join


GROUPS = st.lists(st.lists(st.integers(0, 14).map(lambda doc: f"d{doc}"), min_size=1, max_size=5), max_size=6)


@LAW
@given(told=told(), groups=GROUPS, most=MOST)
def test_groups_change_neither_what_is_owned_nor_the_budget(told: list[Pages], groups: list[list[str]], most: int | None) -> None:
    batches = pack(told, CAPACITY, PRICE, most, groups)
    assert owned(batches) == pages_in(told)
    assert all(sum(map(cost, batch.segments)) <= CAPACITY and len(batch.images) <= (most or 10**6) for batch in batches)


@LAW
@given(told=told(), groups=GROUPS)
def test_a_group_that_fits_and_meets_no_other_shares_one_batch(told: list[Pages], groups: list[list[str]]) -> None:
    batches = pack(told, CAPACITY, PRICE, together=groups)
    sizes = {pages.images[0].doc_id: sum(window.tokens for window in windows(pages, CAPACITY, PRICE)) for pages in told}
    for group in groups:
        known = {doc_id for doc_id in group if doc_id in sizes}
        alone = all(known == set(other) & set(sizes) or known.isdisjoint(other) for other in groups)
        if known and alone and sum(sizes[doc_id] for doc_id in known) <= CAPACITY:
            assert sum(not known.isdisjoint(batch.doc_ids) for batch in batches) == 1


def test_groups_that_overlap_share_one_batch_as_long_as_they_fit() -> None:
    told = documents([[1500], [1500], [1500], [1500], [4000]])
    batches = pack(told, CAPACITY, PRICE, together=[("d3", "d0"), ("d0", "d2"), ("d2", "d1")])
    assert next(batch.doc_ids for batch in batches if "d0" in batch.doc_ids) == ("d3", "d0", "d2")


def test_joined_documents_open_their_batch() -> None:
    batches = pack(documents([[100], [100], [100], [100]]), CAPACITY, PRICE, together=[("d3", "d1")])
    assert [batch.doc_ids for batch in batches] == [("d3", "d1", "d0", "d2")]


def test_a_group_too_large_for_a_request_is_packed_as_usual() -> None:
    told = documents([[3000], [3000], [100] * 90, [1900]])
    assert pack(told, CAPACITY, PRICE, together=[("d0", "d1"), ("d2", "d3")]) == pack(told, CAPACITY, PRICE)


# The bound


TINY = Price(per_image=0, per_document=1)
TINY_CAPACITY = 12


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=4), min_size=1, max_size=4), st.none() | st.integers(2, 4))
def test_the_lower_bound_holds_for_the_best_of_all_packings(sizes: list[list[int]], most: int | None) -> None:
    best = min(fewest_bins([*choice], most) for choice in ways(sizes, most))
    assert lower_bound(documents(sizes), TINY_CAPACITY, TINY, most) <= best <= len(pack(documents(sizes), TINY_CAPACITY, TINY, most))


def ways(sizes: list[list[int]], most: int | None) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield (tokens, images) of all windows, for every way to cut the documents that are longer than a request."""
    if not sizes:
        yield ()
        return
    for first in ways_of_one(sizes[0], most):
        for rest in ways(sizes[1:], most):
            yield (*first, *rest)


def ways_of_one(pages: list[int], most: int | None) -> Iterator[list[tuple[int, int]]]:
    slots = most or len(pages)
    if sum(pages) < TINY_CAPACITY and len(pages) <= slots:
        yield [(sum(pages) + 1, len(pages))]
        return
    for n in range(1, len(pages)):
        for cut in combinations(range(1, len(pages)), n):
            found = []
            for start, end in pairwise((0, *cut, len(pages))):
                with_context = start and pages[start - 1] + pages[start] < TINY_CAPACITY and slots > 1
                shown = pages[start - 1 if with_context else start : end]
                found.append((sum(shown) + 1, len(shown)))
            if all(tokens <= TINY_CAPACITY and images <= slots for tokens, images in found):
                yield found


def fewest_bins(items: list[tuple[int, int]], most: int | None) -> int:
    """Return the fewest bins, by trying everything."""

    def place(rest: list[tuple[int, int]], bins: list[tuple[int, int]]) -> int:
        if not rest:
            return len(bins)
        tokens, images = rest[0]
        tries = [
            place(rest[1:], [*bins[:n], (used + tokens, held + images), *bins[n + 1 :]])
            for n, (used, held) in enumerate(bins)
            if used + tokens <= TINY_CAPACITY and held + images <= (most or 10**6)
        ]
        return min([*tries, place(rest[1:], [*bins, (tokens, images)])]) if len(bins) < len(items) else min(tries)

    return place(items, [])


@LAW
@given(packed=PACKED, told=told(), most=MOST)
def test_no_packing_goes_below_the_bound(packed: Pack, told: list[Pages], most: int | None) -> None:
    assert lower_bound(told, CAPACITY, PRICE, most) <= len(packed(told, most))


def test_nothing_takes_no_batch() -> None:
    assert lower_bound([], CAPACITY, PRICE) == 0
    assert pack([], CAPACITY, PRICE) == ()


def test_documents_over_half_a_request_are_known_to_take_one_each() -> None:
    assert lower_bound(documents([[2600]] * 7), CAPACITY, PRICE) == 7
