"""Small tables share a request; nothing is left out of it, and a reply that fails costs no table."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.crops import Cost, together
from pipeline.run import run
from schemas.outcome import Outcome
from schemas.settings import Job, Settings
from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]
ROOM = Cost(1000, 500)


def read(server: ScriptedServer, out: Path, source: Path, **options: Any) -> Outcome:
    job = Job(sources=(str(source),), out=out, backend=server.url, profile="fast", **options)
    return asyncio.run(run(job, Settings(attempts=1, patience_s=0))).outcome


def kinds(outcome: Outcome) -> list[tuple[str, int]]:
    asked = [(r.request.kind, len(r.request.images)) for r in outcome.requests if r.request.kind in {"table", "tables"}]
    return sorted(asked)


@given(st.lists(st.builds(Cost, st.integers(1, 1500), st.integers(1, 700)), max_size=40), st.integers(1, 8))
def test_every_table_is_in_one_group_that_fits(costs: list[Cost], most: int) -> None:
    groups = together(costs, ROOM, most)
    assert sorted(number for group in groups for number in group) == list(range(len(costs)))
    for group in groups:
        assert group == sorted(group)
        assert len(group) <= most
        if len(group) > 1:
            assert sum(costs[number].prompt_tokens for number in group) <= ROOM.prompt_tokens
            assert sum(costs[number].reply_tokens for number in group) <= ROOM.reply_tokens


def test_small_tables_share_a_request_and_a_table_of_parts_has_its_own(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.continues = lambda page: page == 2
    outcome = read(scripted, tmp_path / "out", make_pdf(texts=("one", "two", "three", "four", "five")))
    assert kinds(outcome) == [("table", 2), ("tables", 3)]
    assert [(table.fragments[0].page_no, table.n_rows) for table in outcome.tables] == [(1, 9), (3, 5), (4, 5), (5, 5)]


def test_a_table_that_the_common_reply_leaves_out_is_asked_for_alone(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.leaves_out = 1
    outcome = read(scripted, tmp_path / "out", make_pdf())
    assert kinds(outcome) == [("table", 1), ("tables", 3)]
    assert [table.cells[2].text for table in outcome.tables] == ["p1 r0", "p2 r0", "p3 r0"]


@pytest.mark.parametrize("faults", [["garbage", "garbage"], ["500"], ["loop", "empty"]])
def test_where_the_common_reply_is_no_use_each_is_asked_for_alone(
    scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path, faults: list[str]
) -> None:
    scripted.script.faults = ["", *faults]
    outcome = read(scripted, tmp_path / "out", make_pdf())
    assert not outcome.failures
    assert len(outcome.tables) == 3
    assert sum(kind == "table" for kind, _ in kinds(outcome)) == 3


def test_a_common_reply_that_is_cut_keeps_its_whole_tables(scripted: ScriptedServer, make_pdf: MakePdf, tmp_path: Path) -> None:
    scripted.script.faults = ["", "cut"]
    outcome = read(scripted, tmp_path / "out", make_pdf())
    assert not outcome.failures
    assert len(outcome.tables) == 3
    assert 0 < sum(kind == "table" for kind, _ in kinds(outcome)) < 3
