"""What the first row of a page is to the last one of the page before."""

import pytest

from pipeline.embedded.tables.breaks import kind_after_break
from schemas.extraction import ReadRow, RowKind


def row(*texts: str, kind: RowKind = "data") -> ReadRow:
    return ReadRow.model_validate({"image": 1, "kind": kind, "cells": [{"text": text} for text in texts]})


@pytest.mark.parametrize(
    ("before", "first"),
    [
        (row("Provision for repairs that were", "1,318"), row("ordered and not carried out", "", kind="section")),
        (row("Provision for repairs that were", "", kind="section"), row("ordered and not carried out", "1,318")),
        (row("Income from lettings and", "", kind="section"), row("Other rents", "57")),
        (row("Dover", "Test the alarm circuit,"), row("", "write the result down")),
    ],
)
def test_a_text_that_begins_within_a_sentence_goes_on(before: ReadRow, first: ReadRow) -> None:
    assert kind_after_break(first, before) == "continued"


@pytest.mark.parametrize(
    ("before", "first"),
    [
        (row("Cash", "12"), row("Land", "40")),
        (row("Cash", "12"), row("iPhone", "40")),
        (row("iPad", "Tablet"), row("iPhone", "Telephone")),
        (row("Assets", "", kind="section"), row("Cash", "12")),
        (row("Total", "12", kind="total"), row("of which leased", "")),
        (row("Item", "2023", kind="header"), row("of steel", "")),
    ],
)
def test_a_row_of_its_own_does_not(before: ReadRow, first: ReadRow) -> None:
    assert kind_after_break(first, before) == first.kind


@pytest.mark.parametrize("label", ["Brought forward", "Balance brought forward", "Total carried forward", "Carried over"])
def test_a_running_total_at_the_head_of_a_page_is_printed_again(label: str) -> None:
    assert kind_after_break(row(label, "31", kind="total"), row("Pipe", "4")) == "repeated"


def test_a_section_that_says_so_is_printed_again() -> None:
    assert kind_after_break(row("Assets (continued)", "", kind="section"), row("Cash", "4")) == "repeated"
    assert kind_after_break(row("Assets", "", kind="section"), row("Cash", "4")) == "section"
