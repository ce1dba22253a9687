"""Stand strips of one table beside one another, pure: further columns of the same rows, on pages of their own."""

from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz.fuzz import ratio

from pipeline.strip import PartialReading, PlacedCell, Strip, squashed
from schemas.located import Located

# How alike, of 100, a row label and its print beside further columns must be: an OCR may misread a letter of one of them.
LABEL_RATIO = 85.0


class Beside(NamedTuple):
    """A strip in its place: how many rows are above it and columns before it, and what of it prints the row labels again."""

    strip: Strip
    parts: Sequence[Located]
    readings: Sequence[PartialReading]
    row: int = 0
    col: int = 0
    n_labels: int = 0
    """Columns at its left that print the row labels again."""
    again: frozenset[PlacedCell] = frozenset()
    """The cells that do."""

    @property
    def end_col(self) -> int:
        """The column after its last one."""
        return self.col + self.strip.n_cols - self.n_labels

    @property
    def cells(self) -> tuple[PlacedCell, ...]:
        """Its cells at their places in the table, without those that print a label again."""
        return tuple(self._moved(at) for at in self.strip.cells if at not in self.again)

    def _moved(self, at: PlacedCell) -> PlacedCell:
        # Of a cell that begins among the labels only the rest is beside them.
        start = max(at.col, self.n_labels)
        cell = at.cell.model_copy(update={"col_span": at.col + at.cell.col_span - start})
        return at._replace(row=self.row + at.row, col=self.col + start - self.n_labels, cell=cell)


def stood_beside(table: Sequence[Beside], new: Beside) -> Beside | None:
    """Return a strip as it stands beside those of a table; None if its rows are not the table's.

    They are if there are as many below the headings and, where the strip prints row labels, they are the table's labels.
    """
    first = table[0]
    if not new.strip.kinds or _n_body(first.strip) != _n_body(new.strip):
        return None
    n_labels = _n_labels(first, new.strip)
    if not n_labels and _has_labels(new):
        return None
    return new._replace(col=table[-1].end_col, n_labels=n_labels, again=_again(first.strip, new.strip, n_labels))


def leveled(strips: Sequence[Beside]) -> tuple[Beside, ...]:
    """Return the strips with their first rows below the headings side by side: some have fewer rows of headings."""
    height = max(beside.strip.n_header_rows for beside in strips)
    return tuple(beside._replace(row=height - beside.strip.n_header_rows) for beside in strips)


def _n_body(strip: Strip) -> int:
    return len(strip.kinds) - strip.n_header_rows


def _n_labels(first: Beside, strip: Strip) -> int:
    """Return how many columns at the left of a further strip are the first one's row labels; one of its own is left at least."""
    most = min(first.readings[0].reading.n_row_header_cols, strip.n_cols - 1)
    return next((col for col in range(most) if not _is_same_column(first.strip, strip, col)), max(most, 0))


def _is_same_column(first: Strip, other: Strip, col: int) -> bool:
    one, two = first.column(col), other.column(col)
    rows = range(_n_body(first))
    pairs = [(one.get(first.n_header_rows + row, ""), two.get(other.n_header_rows + row, "")) for row in rows]
    return any(text.strip() for text, _ in pairs) and all(_is_alike(text, again) for text, again in pairs)


def _is_alike(text: str, again: str) -> bool:
    """Whether two labels are the same but for a letter misread; their digits never differ."""
    old, new = squashed(text), squashed(again)
    digits = [char for char in old if char.isdigit()] == [char for char in new if char.isdigit()]
    return digits and (old == new or ratio(old, new) >= LABEL_RATIO)


def _has_labels(beside: Beside) -> bool:
    """Whether the first column of a strip holds row labels, as the reader says and as most of its texts look."""
    strip = beside.strip
    texts = [text for row, text in strip.column(0).items() if row >= strip.n_header_rows and text.strip()]
    is_claimed = beside.readings[0].reading.n_row_header_cols > 0
    return is_claimed and sum(not any(map(str.isdigit, text)) for text in texts) > 0.5 * len(texts)


def _again(first: Strip, strip: Strip, n_labels: int) -> frozenset[PlacedCell]:
    """Return the cells among the labels; of one that reaches beyond them, a section's, only if the first strip says the same there."""
    labels = [first.column(col) for col in range(n_labels)]
    down = first.n_header_rows - strip.n_header_rows
    return frozenset(
        at
        for at in strip.cells
        if at.col < n_labels and (at.col + at.cell.col_span <= n_labels or _is_alike(labels[at.col].get(at.row + down, ""), at.cell.text))
    )
