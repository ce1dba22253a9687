"""What is wrong about the tables of a document that cross pages: their number, pages, rows, parts and cells."""

from collections.abc import Iterator, Sequence

from data.generator.truth import DocumentTruth, TableTruth
from pipeline.evaluate.tables import plain
from schemas.result import Table


def faults(truth: DocumentTruth, tables: Sequence[Table]) -> tuple[str, ...]:
    """Return what differs between the truth and the tables read, in reading order; nothing if all is right."""
    if len(tables) != len(truth.tables):
        pages = [[fragment.page_no for fragment in table.fragments] for table in tables]
        return (f"{len(tables)} tables on pages {pages} instead of {len(truth.tables)}",)
    return tuple(fault for one, table in zip(truth.tables, tables, strict=True) for fault in _faults(one, table))


def _faults(truth: TableTruth, table: Table) -> Iterator[str]:
    size, expected = (table.n_rows, table.n_cols), (len(truth.rows), len(truth.rows[0]))
    if size != expected:
        yield f"{size} rows and columns instead of {expected}"
    if table.merge_direction != truth.direction:
        yield f"joined by {table.merge_direction} instead of {truth.direction}"
    parts = [(one.page_no, one.row_start, one.row_end, one.col_start, one.col_end) for one in table.fragments]
    shown = [(one.page, one.row_start, one.row_end, one.col_start, one.col_end) for one in truth.fragments]
    if parts != shown:
        yield f"parts {parts} instead of {shown}"
    read = {(cell.row, cell.col): cell.text for cell in table.cells}
    for row, texts in enumerate(truth.rows):
        for col, text in enumerate(texts):
            if _seen(read.get((row, col), "")) != _seen(text):
                yield f"row {row}, column {col}: {read.get((row, col), '')!r} instead of {text!r}"


def _seen(text: str) -> str:
    """Return a text as it looks: a capital I and a small l are one stroke in a face without serifs."""
    return plain(text).replace("I", "l")
