"""Pair the tables of the truth with those found, and score each pair and each page. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluate import tables
from pipeline.evaluate.boxes import box_metrics
from pipeline.evaluate.counted import Counted
from pipeline.evaluate.found import Found, FoundTable
from pipeline.evaluate.score import Metric, Score, of_counts, of_item, of_page
from pipeline.evaluate.tables import Grid, plain
from pipeline.evaluate.truth import Truth, TruthTable

_COUNTED = {"adjacency": tables.adjacency, "cells": tables.cells, "numeric_cells": tables.numeric_cells}


class TableMatch(NamedTuple):
    """A table of the truth and the one that was read for it, if any."""

    truth: TruthTable
    found: FoundTable | None


def match_tables(truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> tuple[TableMatch, ...]:
    """Return every table of the truth with its counterpart: one to one, and only tables that share a page."""
    matches: list[TableMatch] = []
    for doc in dict.fromkeys(table.doc for table in truth.tables):
        expected = [table for table in truth.tables if table.doc == doc]
        read = [table for table in found.tables if table.doc_id == doc_ids[doc]]
        for group in _sharing_pages(expected, read):
            matches += _paired(*group)
    return tuple(matches)


def _sharing_pages(expected: Sequence[TruthTable], read: Sequence[FoundTable]) -> Iterator[tuple[list[TruthTable], list[FoundTable]]]:
    """Yield tables in groups such that tables of different groups share no page."""
    groups: list[set[int]] = []
    for pages in (*(set(table.pages) for table in expected), *(set(table.pages) for table in read)):
        touched = [group for group in groups if group & pages]
        groups = [*(group for group in groups if not group & pages), pages.union(*touched)]
    for group in sorted(groups, key=min):
        yield [table for table in expected if group & set(table.pages)], [table for table in read if group & table.pages]


def _paired(expected: list[TruthTable], read: list[FoundTable]) -> Iterator[TableMatch]:
    pairs = dict(tables.paired([table.grid for table in expected], [table.grid for table in read]))
    for number, table in enumerate(expected):
        candidate = read[pairs[number]] if number in pairs else None
        yield TableMatch(table, candidate if candidate and candidate.pages & set(table.pages) else None)


def table_scores(match: TableMatch, sizes: Mapping[tuple[str, int], tuple[float, float]]) -> Iterator[Score]:
    """Yield the scores of one table."""
    yield from of_item("tables", match.truth, match.truth.pages[0], _metrics(match, sizes))


def _metrics(match: TableMatch, sizes: Mapping[tuple[str, int], tuple[float, float]]) -> Iterator[Metric]:
    truth, found = match.truth.grid, match.found
    yield "found", found is not None, 1
    yield "teds", tables.teds(truth, found.grid) if found else 0, 1
    for name, count in _COUNTED.items():
        yield from of_counts(name, _counted(count(truth, found.grid if found else truth), is_found=found is not None))
    if match.truth.regions:
        of_doc = {page_no: size for (doc_id, page_no), size in sizes.items() if found and doc_id == found.doc_id}
        yield from box_metrics(match.truth.regions, found.locations if found else (), of_doc)


def _counted(counts: Counted, *, is_found: bool) -> Counted:
    return counts if is_found else Counted(counts.n_truth, 0, 0)


def page_scores(matches: Iterable[TableMatch], truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> Iterator[Score]:
    """Yield detection page by page: tables of the truth, tables found, tables of the truth that have a counterpart there.

    A document whose truth is incomplete counts no table that belongs to nothing.
    """
    matches = [*matches]
    sources = {table.doc: table.source for table in truth.tables}
    for doc, source in sources.items():
        of_doc = [match for match in matches if match.truth.doc == doc]
        taken = {match.found.table_id for match in of_doc if match.found}
        read = [
            table for table in found.tables if table.doc_id == doc_ids[doc] and (doc not in truth.incomplete or table.table_id in taken)
        ]
        pages = {page for match in of_doc for page in match.truth.pages} | {page for table in read for page in table.pages}
        for page_no in sorted(pages):
            yield from of_page("tables", source, doc, page_no, _on_page(page_no, of_doc, read))


def _on_page(page_no: int, matches: Sequence[TableMatch], read: Sequence[FoundTable]) -> Counted:
    here = [match for match in matches if page_no in match.truth.pages]
    return Counted(
        n_truth=len(here),
        n_found=sum(page_no in table.pages for table in read),
        n_right=sum(match.found is not None and page_no in match.found.pages for match in here),
    )


def shared_texts(grid: Grid, other: Grid) -> Iterator[tuple[tuple[int, int], bool]]:
    """Yield the position of each cell that has text, and whether the other table has that text; each of its cells counts once."""
    left = Counter(plain(text) for row in other.rows for text in row)
    for row_no, row in enumerate(grid.rows):
        for col_no, text in enumerate(map(plain, row)):
            if text:
                yield (row_no, col_no), left[text] > 0
                left[text] -= 1
