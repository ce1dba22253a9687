"""What there is to find: the values that every format of ground truth is read into. Pure."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pipeline.evaluate.answers import Expected
from pipeline.evaluate.charts import Chart
from pipeline.evaluate.tables import Grid
from schemas.settings import Task

Edges: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 from 0 to 1, origin at the page's top left."""


class Region(NamedTuple):
    """A part of a page. `in_points`: the edges are PDF points from the page's bottom left, as ICDAR publishes them."""

    page_no: int
    edges: Edges
    in_points: bool = False

    def on_page(self, width_pt: float, height_pt: float) -> Edges:
        """Return the edges in parts of a page of that size."""
        if not self.in_points:
            return self.edges
        x0, y0, x1, y1 = self.edges
        return x0 / width_pt, 1 - y1 / height_pt, x1 / width_pt, 1 - y0 / height_pt


class PageOf(NamedTuple):
    """A page of a document."""

    doc: Path
    page_no: int


class TruthTable(NamedTuple):
    """One table; `kind` says who vouches for it."""

    item_id: str
    source: str
    kind: str
    doc: Path
    pages: tuple[int, ...]
    grid: Grid
    regions: tuple[Region, ...] = ()

    @property
    def docs(self) -> tuple[Path, ...]:
        """The document."""
        return (self.doc,)


class TruthChart(NamedTuple):
    """One chart."""

    item_id: str
    source: str
    doc: Path
    page_no: int
    chart: Chart
    regions: tuple[Region, ...] = ()

    @property
    def kind(self) -> str:
        """What is drawn, such as bar or line."""
        return self.chart.kind

    @property
    def docs(self) -> tuple[Path, ...]:
        """The document."""
        return (self.doc,)


class TruthQuestion(NamedTuple):
    """One question of one document or several; `kind` is the format of its answer."""

    item_id: str
    source: str
    kind: str
    docs: tuple[Path, ...]
    question: str
    expected: Expected
    evidence: tuple[PageOf, ...] = ()
    """The pages that prove the answer; empty where nobody says."""
    one_proves: bool = False
    """Each of those pages is proof by itself; otherwise all of them are needed."""

    @property
    def is_answerable(self) -> bool:
        """Whether the documents hold an answer."""
        return self.expected.kind != "none"


Item: TypeAlias = TruthTable | TruthChart | TruthQuestion


class Truth(NamedTuple):
    """Everything that one folder or file of ground truth asks for."""

    tables: tuple[TruthTable, ...] = ()
    charts: tuple[TruthChart, ...] = ()
    questions: tuple[TruthQuestion, ...] = ()
    incomplete: frozenset[Path] = frozenset()
    """Documents that show more tables than the truth has: what is found there beyond it is not held to be wrong."""

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything to be scored."""
        return (*self.tables, *self.charts, *self.questions)

    @property
    def docs(self) -> tuple[Path, ...]:
        """Every document once, sorted."""
        return tuple(sorted({doc for item in self.items for doc in item.docs}))

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the items come from, sorted."""
        return tuple(sorted({item.source for item in self.items}))

    def where(self, keep: Callable[[Item], bool]) -> "Truth":
        """Return the truth without the items that are not to be kept."""
        return self._replace(
            tables=tuple(filter(keep, self.tables)),
            charts=tuple(filter(keep, self.charts)),
            questions=tuple(filter(keep, self.questions)),
        )

    def of_tasks(self, tasks: Collection[Task]) -> "Truth":
        """Return what those tasks are to find."""
        return self._replace(
            tables=self.tables if "tables" in tasks else (),
            charts=self.charts if "charts" in tasks else (),
            questions=self.questions if "answers" in tasks else (),
        )

    def of_docs(self, docs: Collection[Path]) -> "Truth":
        """Return the items all of whose documents are among these."""
        return self.where(lambda item: all(doc in docs for doc in item.docs))


def joined(truths: Iterable[Truth]) -> Truth:
    """Return several truths as one."""
    truths = [*truths]
    return Truth(
        tables=tuple(table for truth in truths for table in truth.tables),
        charts=tuple(chart for truth in truths for chart in truth.charts),
        questions=tuple(question for truth in truths for question in truth.questions),
        incomplete=frozenset(doc for truth in truths for doc in truth.incomplete),
    )
