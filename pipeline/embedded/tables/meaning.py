"""What the rows and columns of a grid mean: headings, sections, totals, row labels."""

import re
from collections.abc import Sequence

from rapidfuzz.fuzz import ratio

from pipeline.embedded.tables.grid import Grid, GridCell
from schemas.extraction import RowKind

_VALUE = re.compile(
    r"[(\[]?\s*(?:[$€£¥]|US\$|[A-Z]{3})?\s*[-+−–—(]?\s*\d[\d.,'’  ]*\s*(?:%|pp|bps|x|[KMB]|)?\s*[)\]]?\s*[*†‡a-e]?|[-−–—]+|n/?[am]\.?|nil",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:FY|Q[1-4]|H[12])?\s*'?(?:19|20)\d\d(?:\s*[-–/]\s*\d{2,4})?[AEFP]?", re.IGNORECASE)
_TOTAL = re.compile(r"\s*(?:grand\s+|sub-?\s*)?(?:total|subtotal|gesamt|summe|sum)\b", re.IGNORECASE)
_FINAL = re.compile(r"\s*(?:grand\s+)?(?:totals?|gesamt|summe|sum)\s*:?\s*", re.IGNORECASE)
_CARRIED = re.compile(r"\W*(?:\S+\s+){0,2}(?:carried|brought)\s+(?:forward|down|over)\b|[cb]/(?:f|d|fwd)\b", re.IGNORECASE)
_CONTINUED = re.compile(r"\b(?:continued|cont['’]?d|cont\.)|\(cont\)", re.IGNORECASE)
_SAME_HEADING = 85.0
"""How alike, of 100, a row of a later image and a heading must be to count as the heading printed again."""


def is_value(text: str) -> bool:
    """Whether `text` is a number as cells print them, a dash or "n/a"; a lone year is not, it may be a heading."""
    return bool(_VALUE.fullmatch(text.strip())) and not _YEAR.fullmatch(text.strip())


def says_continued(text: str) -> bool:
    """Whether `text` says that something goes on: "Table 2 (continued)"."""
    return bool(_CONTINUED.search(text))


def is_final_total(text: str) -> bool:
    """Whether `text` is the label of the total of a whole table: "Total", not "Total assets"."""
    return bool(_FINAL.fullmatch(text))


def is_carried(text: str) -> bool:
    """Whether `text` is the label of a running total at a page break: "Carried forward", "Balance b/f"."""
    return bool(_CARRIED.match(text))


def n_header_rows(grid: Grid) -> int:
    """Return how many rows at the top are column headings; at least one row is left for data."""
    rows = grid.rows()
    count = 0
    while count < len(rows) - 1 and _is_heading(rows[count], rows[count - 1] if count else ()):
        count = max(count + 1, *(cell.row + cell.row_span for cell in rows[count] if cell.row_span < grid.n_rows))
    return min(count, max(len(rows) - 1, 0))


def row_kinds(grid: Grid, headers: int) -> tuple[RowKind, ...]:
    """Return the kind of each row of a table whose first `headers` rows are headings."""
    return tuple("header" if row < headers else _body_kind(cells, grid.n_cols) for row, cells in enumerate(grid.rows()))


def n_repeated_headers(grid: Grid, headings: Sequence[str]) -> int:
    """Return how many rows at the top of a later image print the `headings`, one text per row, again."""
    rows = [" ".join(cell.text for cell in row if cell.text) for row in grid.rows()]
    for count in range(min(len(headings), len(rows)), 0, -1):
        if ratio(" ".join(rows[:count]), " ".join(headings[-count:])) >= _SAME_HEADING:
            return count
    return 0


def n_label_columns(grid: Grid, headers: int) -> int:
    """Return how many columns at the left hold row labels: those before the first column of values, at least one."""
    for col in range(1, grid.n_cols):
        texts = [cell.text for cell in grid.cells if cell.col == col and cell.row >= headers and cell.text]
        if texts and sum(is_value(text) or bool(_YEAR.fullmatch(text)) for text in texts) > 0.5 * len(texts):
            return col
    return 1


def _is_heading(cells: Sequence[GridCell], above: Sequence[GridCell]) -> bool:
    texts = [cell.text for cell in cells if cell.text]
    values = sum(is_value(text) for text in texts)
    if not above:
        return values <= 0.5 * len(texts)
    if values or len(texts) < 2:
        return False
    others = [cell.text for cell in cells if cell.text and cell.col > 0]
    is_under_spans = any(cell.text and cell.col_span > 1 for cell in above)
    return len(others) == len(texts) or is_under_spans or all(_YEAR.fullmatch(text) for text in others)


def _body_kind(cells: Sequence[GridCell], n_cols: int) -> RowKind:
    filled = [cell for cell in cells if cell.text]
    label = filled[0].text if filled and filled[0].col == 0 else ""
    if len(filled) == 1 and label and n_cols > 1 and not is_value(label):
        return "section"
    return "total" if _TOTAL.match(label) or is_carried(label) else "data"
