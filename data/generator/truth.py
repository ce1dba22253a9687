"""What a sample document holds: the values of `data/samples/truth/*.json`.

Pages are 1-based. Boxes are x0, y0, x1, y1 in [0, 1] of the page, origin top left.
"""

from typing import Literal, TypeAlias

from schemas.extraction import AnswerKind, ChartType
from schemas.value import Value

Box: TypeAlias = tuple[float, float, float, float]


class Region(Value):
    """A part of a page."""

    page: int
    box: Box


class Span(Value):
    """A cell that covers more than one grid position; `row` and `col` are 0-based."""

    row: int
    col: int
    row_span: int
    col_span: int


class FragmentTruth(Value):
    """What a page shows of a table that crosses pages; rows and columns of the logical table, half-open."""

    page: int
    row_start: int
    row_end: int
    col_start: int
    col_end: int


class TableTruth(Value):
    """One logical table: headers repeated on later pages are left out, positions covered by a span hold ""."""

    pages: tuple[int, ...]
    title: str
    n_header_rows: int
    rows: tuple[tuple[str, ...], ...]
    spans: tuple[Span, ...]
    scale: int | None
    currency: str | None
    footnotes: tuple[str, ...]
    regions: tuple[Region, ...]
    direction: Literal["none", "rows", "columns"] | None = None
    """How the parts are joined, where the truth says; then so do `fragments` and `printed_again`."""
    fragments: tuple[FragmentTruth, ...] = ()
    printed_again: tuple[str, ...] = ()
    """Texts in the regions that repeat what is in `rows`: headings, labels beside further columns, totals brought forward."""


class SeriesTruth(Value):
    """One series as (x, y) pairs: x is the category or time, y the value, in horizontal bars too."""

    name: str
    points: tuple[tuple[str, float], ...]


class ChartTruth(Value):
    """One chart. `y_min` to `y_max` is the range of the value axis, `x_min` to `x_max` that of a numeric x axis."""

    page: int
    chart_type: ChartType
    orientation: str
    title: str
    x_label: str | None
    y_label: str | None
    x_min: float | None
    x_max: float | None
    y_min: float
    y_max: float
    printed: bool
    series: tuple[SeriesTruth, ...]
    box: Box


class DocumentTruth(Value):
    """Everything longread is asked to find in one document."""

    document: str
    n_pages: int
    tables: tuple[TableTruth, ...]
    charts: tuple[ChartTruth, ...]


class PageRef(Value):
    """A page that is accepted as evidence."""

    document: str
    page: int


class AnswerTruth(Value):
    """The expected answer to one question. `answer` is "" where the documents do not hold one; lists are joined by "; ".

    `tolerance` is the relative error allowed in a number: more where it has to be read off an axis.
    """

    id: str
    answer: str
    answer_kind: AnswerKind
    is_answerable: bool
    tolerance: float
    evidence: tuple[PageRef, ...]
