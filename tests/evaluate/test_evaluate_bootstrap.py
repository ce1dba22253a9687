"""Confidence intervals and what changed between two evaluations."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.bootstrap import difference_interval, ratio_interval
from pipeline.evaluate.compare import compare
from pipeline.evaluate.score import PAGE, Score
from pipeline.evaluate.summary import ALL, summarize

ITEMS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=20)


def columns(items: Sequence[tuple[str, int, int]]) -> tuple[list[str], list[float], list[float]]:
    return [doc for doc, _, _ in items], [float(min(right, out_of)) for _, right, out_of in items], [float(out) for _, _, out in items]


def score(item: str, right: float, out_of: float = 1, metric: str = "teds", doc: str = "a.pdf", kind: str = "human") -> Score:
    return Score(item, "tables", "here", kind, doc, 1, metric, right, out_of)


@given(ITEMS)
def test_an_interval_holds_its_value_and_lies_between_the_best_and_the_worst_document(items: list[tuple[str, int, int]]):
    docs, right, out_of = columns(items)
    found = ratio_interval(docs, right, out_of)
    shares = [
        sum(r for d, r in zip(docs, right, strict=True) if d == doc) / sum(o for d, o in zip(docs, out_of, strict=True) if d == doc)
        for doc in docs
    ]
    assert found.value == pytest.approx(sum(right) / sum(out_of))
    if len({*docs}) > 1:
        assert min(shares) - 1e-9 <= found.low <= found.high <= max(shares) + 1e-9
    assert found == ratio_interval(docs, right, out_of)


@given(ITEMS)
def test_the_same_scores_twice_differ_by_nothing(items: list[tuple[str, int, int]]):
    docs, right, out_of = columns(items)
    assert {*difference_interval(docs, (right, out_of), (right, out_of))} <= {0, None}


def test_items_of_one_document_count_as_one_draw():
    """Forty items of two documents that are all right or all wrong tell as little as two."""
    apart = ratio_interval([str(number) for number in range(40)], [1.0, 0.0] * 20, [1.0] * 40)
    together = ratio_interval(["a", "b"] * 20, [1.0, 0.0] * 20, [1.0] * 40)
    assert apart.value == together.value == 0.5
    assert (together.low, together.high) == (0, 1)
    assert apart.high - apart.low < 0.4


def test_of_one_document_there_is_nothing_to_draw():
    assert ratio_interval(["a", "a"], [1, 0], [1, 1]) == (0.5, None, None)


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    """200 samples of 40 documents, each right with probability .7: a 95 % interval should hold .7 in 190 of them or so."""
    state = 1
    covered = 0
    for _ in range(200):
        right = []
        for _ in range(40):
            state = (1103515245 * state + 12345) % 2**31
            right.append(float(state / 2**31 < 0.7))
        found = ratio_interval([str(number) for number in range(40)], right, [1.0] * 40)
        covered += found.low <= 0.7 <= found.high
    assert 175 <= covered <= 200


def test_pooled_values_weigh_by_size_and_means_do_not():
    (pooled,) = [one for one in summarize([score("big", 0, 98, "cells_f1"), score("small", 2, 2, "cells_f1")]) if one.group == ALL]
    assert (pooled.value, pooled.mean, pooled.n_items) == (0.02, 0.5, 2)


def test_a_comparison_names_what_is_better_worse_and_by_how_much():
    before = [score("t1", 0.9), score("t2", 0.2), score("t3", 0.5), score("gone", 1)]
    after = [score("t1", 0.4), score("t2", 0.3), score("t3", 0.5), score("new", 1)]
    compared = compare(before, after)
    assert [(one.item_id, pytest.approx(one.by)) for one in compared.changes] == [("t1", -0.5), ("t2", 0.1)]
    (shift,) = compared.shifts
    assert (shift.n_items, shift.n_better, shift.n_worse) == (3, 1, 1)
    assert shift.after - shift.before == pytest.approx(shift.difference.value)
    assert (compared.only_before, compared.only_after) == (("gone",), ("new",))


def test_an_answer_that_is_given_only_in_one_run_counts_in_the_precision_of_that_run():
    before = [score("q1", 1, metric="answer_precision"), score("q1", 1, metric="correct"), score("q2", 0, metric="correct")]
    after = [*before, score("q2", 0, metric="answer_precision")]
    shifts = {shift.metric: shift for shift in compare(before, after).shifts}
    assert (shifts["answer_precision"].before, shifts["answer_precision"].after) == (1, 0.5)
    assert compare(before, after).changes == ()


def test_a_table_found_on_an_empty_page_counts_though_the_other_run_does_not_list_the_page():
    before = [score("page 1 of a.pdf", 1, 1, "detection_precision", kind=PAGE)]
    after = [*before, score("page 2 of a.pdf", 0, 1, "detection_precision", kind=PAGE)]
    (shift,) = compare(before, after).shifts
    assert (shift.before, shift.after) == (1, 0.5)


def test_a_gain_of_every_document_is_clear_and_one_of_a_single_one_is_not():
    docs = [f"{number}.pdf" for number in range(12)]
    before = [score(doc, 0.5, doc=doc) for doc in docs]
    everywhere = [score(doc, 0.6, doc=doc) for doc in docs]
    once = [score(doc, 0.9 if doc == "0.pdf" else 0.5, doc=doc) for doc in docs]
    assert compare(before, everywhere).shifts[0].is_clear
    assert not compare(before, once).shifts[0].is_clear
