"""What the survey found, in the document's own terms."""

from schemas.document import Box
from schemas.extraction import PageKind
from schemas.value import Value


class Located(Value):
    """A table, a part of one, or a chart, on one page."""

    page_no: int
    box: Box
    title: str | None = None
    continues: bool = False
    """For a table: it goes on from the last table of the page before."""


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


class ChartSite(Value):
    """One chart."""

    doc_id: str
    place: Located
