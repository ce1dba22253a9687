"""Whatever a model wraps its JSON in, the value comes out; whatever cannot be used is refused by name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import parse
from schemas.document import box_of_thousandths
from schemas.errors import Malformed, Repetition, Truncated, Ungrounded
from schemas.extraction import Survey, TableReading, Transcript
from schemas.message import Completion, FinishReason, Usage

PLAIN = '{"lines": ["Net revenue 1,234"]}'


def completion(text: str, reason: FinishReason = "stop") -> Completion:
    return Completion(request_id="r", model="m", text=text, finish_reason=reason, usage=Usage(), latency_ms=1)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"```json\n{PLAIN}\n```",
        f"<|begin_of_box|>{PLAIN}<|end_of_box|>",
        f"<|begin_of_box|>{PLAIN}",
        f"<think>hm {{</think>\n{PLAIN}",
        f"Here is the text:\n{PLAIN}",
        f"{PLAIN}\n{PLAIN}",
        '{"lines": ["Net revenue 1,234"], "confidence": 0.9}',
        "{'lines': ['Net revenue 1,234',]}",
    ],
)
def test_wrapped_json_is_read(text: str) -> None:
    assert parse.read(completion(text), Transcript).lines == ("Net revenue 1,234",)


@pytest.mark.parametrize("text", ["", "no JSON here", "[1, 2]", '{"lines": 3}', "{" * 5000])
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse.read(completion(text), Transcript)


@given(st.text(max_size=300))
def test_no_reply_brings_the_parser_down(text: str) -> None:
    try:
        parse.read(completion(text), Transcript)
    except Malformed as error:
        assert str(error)


def test_a_cut_or_looping_reply_is_named() -> None:
    with pytest.raises(Truncated):
        parse.read(completion(PLAIN, "length"), Transcript)
    with pytest.raises(Repetition):
        parse.read(completion(PLAIN, "repetition"), Transcript)


@given(st.integers(0, 400))
def test_a_cut_survey_keeps_its_whole_pages(cut: int) -> None:
    pages = [{"doc": 1, "page": number, "kind": "text", "tables": [], "charts": []} for number in range(1, 6)]
    text = json.dumps({"pages": pages})
    kept = parse.salvage_survey(completion(text[:cut], "length")).pages
    assert [page.page for page in kept] == list(range(1, len(kept) + 1))
    assert len(kept) >= min(4, text[:cut].count("}") - 1)


def test_a_cut_table_keeps_its_whole_rows() -> None:
    row = {"image": 1, "kind": "data", "cells": [{"text": "a"}, {"text": "1"}]}
    text = json.dumps({"n_cols": 2, "n_rows": 9, "rows": [row, row, row]})
    reading = parse.salvage_table(completion(text[:-20], "length"))
    assert isinstance(reading, TableReading)
    assert (len(reading.rows), reading.n_rows) == (2, 9)


def test_a_page_that_was_not_shown_is_ungrounded() -> None:
    survey = Survey.model_validate({"pages": [{"doc": 1, "page": 7, "kind": "text"}]})
    with pytest.raises(Ungrounded, match="page 7"):
        parse.surveyed(survey, {1: "a"}, {("a", 1)})


@given(st.one_of(st.none(), st.tuples(*[st.integers(-50, 1100)] * 4)))
def test_boxes_are_inside_the_page_or_none(edges: tuple[int, ...] | None) -> None:
    box = box_of_thousandths(edges)
    assert box is None or (0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1)
