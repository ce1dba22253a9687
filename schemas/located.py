"""What the survey found, in the document's own terms."""

from itertools import pairwise

from schemas.document import Box
from schemas.extraction import PageKind
from schemas.value import Value


class Located(Value):
    """A table, a part of one, or a chart, on one page."""

    page_no: int
    box: Box
    title: str | None = None
    continues: bool = False
    """For a table: the rows of the last table of the page before go on here."""
    adds_columns: bool = False
    """For a table: further columns of the rows of the last table of the page before."""


class SurveyedPage(Value):
    """What is on one page."""

    doc_id: str
    page_no: int
    kind: PageKind
    tables: tuple[Located, ...] = ()
    charts: tuple[Located, ...] = ()
    numbers: tuple[str, ...] = ()
    """Some numbers of the smallest print, as read: they tell whether the page image was fine enough."""


class TableSite(Value):
    """One logical table: its parts on one page or on several in a row."""

    doc_id: str
    parts: tuple[Located, ...]

    @property
    def strips(self) -> tuple[tuple[Located, ...], ...]:
        """The parts by the columns they show: the rows of a strip go on from part to part, the next strip has further columns of them."""
        starts = [0, *(number for number, part in enumerate(self.parts) if number and part.adds_columns), len(self.parts)]
        return tuple(self.parts[start:end] for start, end in pairwise(starts))


class ChartSite(Value):
    """One chart."""

    doc_id: str
    place: Located
