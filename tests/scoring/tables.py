"""How much of the tables was found."""

from collections.abc import Sequence
from typing import NamedTuple

from data.generator.truth import DocumentTruth, TableTruth
from tests.scoring.matching import best_pairs
from tests.scoring.samples import FoundTable
from tests.scoring.text import cell_text


class TableScore(NamedTuple):
    """One truth table: cells that are not empty, those found in their place, those found anywhere in the same table."""

    document: str
    title: str
    pages: tuple[int, ...]
    n_cells: int
    n_right: int
    n_anywhere: int
    is_found: bool

    @property
    def share(self) -> float:
        """The share of cells found in their place."""
        return self.n_right / self.n_cells


class TableScores(NamedTuple):
    """All truth tables, and how many tables of the output belong to none of them."""

    tables: tuple[TableScore, ...]
    n_spurious: int

    @property
    def share(self) -> float:
        """The share of all cells of all tables that were found in their place."""
        return sum(table.n_right for table in self.tables) / max(1, sum(table.n_cells for table in self.tables))


def score_tables(documents: Sequence[DocumentTruth], found: Sequence[FoundTable]) -> TableScores:
    """Pair the tables of each document one to one so that the most cells agree; a table without a pair scores 0."""
    scores: list[TableScore] = []
    n_paired = 0
    for document in documents:
        candidates = [table for table in found if table.document == document.document]
        weights = [[_weight(truth, table) for table in candidates] for truth in document.tables]
        pairs = dict(best_pairs(weights))
        n_paired += len(pairs)
        for number, truth in enumerate(document.tables):
            scores.append(_score(document.document, truth, candidates[pairs[number]] if number in pairs else None))
    return TableScores(tuple(scores), len(found) - n_paired)


def true_cells(truth: TableTruth) -> dict[tuple[int, int], str]:
    """The cells that are not empty, normalized, by position."""
    return {(row_no, col_no): cell_text(text) for row_no, row in enumerate(truth.rows) for col_no, text in enumerate(row) if text.strip()}


def cells_right(truth: TableTruth, table: FoundTable) -> int:
    """How many cells of the truth stand at the same row and column with the same text."""
    return sum(cell_text(table.cells.get(place, "")) == text for place, text in true_cells(truth).items())


def cells_anywhere(truth: TableTruth, table: FoundTable) -> int:
    """How many cells of the truth have a cell of the same text anywhere, each cell used once."""
    left = [cell_text(text) for text in table.cells.values()]
    n_found = 0
    for text in true_cells(truth).values():
        if text in left:
            left.remove(text)
            n_found += 1
    return n_found


def _weight(truth: TableTruth, table: FoundTable) -> float:
    """Cells in place count most, then cells anywhere; tables that share no page cannot be a pair."""
    if not table.pages & set(truth.pages):
        return 0.0
    return cells_right(truth, table) + 0.01 * cells_anywhere(truth, table)


def _score(document: str, truth: TableTruth, table: FoundTable | None) -> TableScore:
    return TableScore(
        document=document,
        title=truth.title,
        pages=truth.pages,
        n_cells=len(true_cells(truth)),
        n_right=cells_right(truth, table) if table else 0,
        n_anywhere=cells_anywhere(truth, table) if table else 0,
        is_found=table is not None,
    )
