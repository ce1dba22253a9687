"""What the model is asked to write: its JSON Schemas are made from these values.

Each field's docstring is the description that the model reads. Boxes here are integers from 0 to 1000, as the model writes
them; `pipeline.parse` turns them into `Box`. An image is named by the numbers in the marker before it.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.value import Value

ModelBox = Annotated[tuple[int, ...], Field(min_length=4, max_length=4)]
"""x0, y0, x1, y1 of a region of one image, each 0 to 1000, origin top left."""

PageKind = Literal["cover", "contents", "text", "table", "chart", "slide", "form", "blank", "other"]
ChartType = Literal["bar", "stacked_bar", "line", "area", "pie", "scatter", "histogram", "box", "other"]
AxisKind = Literal["category", "number", "date", "log"]
RowKind = Literal["header", "repeated_header", "section", "total", "repeated", "continued", "data"]
AnswerKind = Literal["number", "percent", "currency", "date", "text", "list", "boolean", "none"]
SourceKind = Literal["text", "table", "chart", "figure"]
Operation = Literal[
    "none",
    "difference",
    "percent_change",
    "ratio",
    "share",
    "sum",
    "average",
    "product",
    "maximum",
    "minimum",
    "exceeds",
    "count",
    "formula",
]


class LocatedTable(Value):
    """A table, or the part of one, seen on a page."""

    box: ModelBox
    """The region of the whole table with its header rows, as [x0, y0, x1, y1] from 0 to 1000."""
    title: str | None = None
    """The title printed above the table, verbatim."""
    continues: bool = False
    """True if the rows of the last table of the page before go on here."""
    adds_columns: bool = False
    """True if the last table of the page before was too wide, and this shows further columns of the same rows."""


class LocatedChart(Value):
    """A chart seen on a page."""

    box: ModelBox
    """The region of the chart with its axes, labels and legend, as [x0, y0, x1, y1] from 0 to 1000."""
    title: str | None = None
    """The title of the chart, verbatim."""
    chart_type: ChartType = "other"
    """What kind of chart it is."""


class SurveyPage(Value):
    """What is on one page."""

    doc: int
    """The document's number in the marker before the page image."""
    page: int
    """The page's number in the marker before the page image."""
    kind: PageKind
    """What kind of page it is."""
    tables: tuple[LocatedTable, ...] = ()
    """Every table on the page, from top to bottom."""
    charts: tuple[LocatedChart, ...] = ()
    """Every chart that shows data on the page, from top to bottom; no photographs, logos or diagrams."""
    numbers: Annotated[tuple[str, ...], Field(json_schema_extra={"maxItems": 8})] = ()
    """Up to eight numbers of two digits or more from the page's smallest print, exactly as printed; empty if there are none."""

    @property
    def goes_on(self) -> bool:
        """Whether the page's last table is that of the page before, gone on."""
        return len(self.tables) == 1 and (self.tables[0].continues or self.tables[0].adds_columns)


class Survey(Value):
    """Which tables and charts are on which page: one entry for every page image, in order."""

    pages: tuple[SurveyPage, ...]
    """One entry for every page image, in the order of the images."""


class ReadCell(Value):
    """One cell. A position covered by a span of an earlier cell gets no cell of its own, as in HTML."""

    text: str
    """The text exactly as printed, with signs, parentheses, units and footnote marks; empty if nothing is printed."""
    row_span: int = 1
    """How many rows the cell covers."""
    col_span: int = 1
    """How many columns the cell covers."""
    box: ModelBox | None = None
    """The cell's region in its image, if known."""


class ReadRow(Value):
    """One row of the table."""

    image: int
    """The number of the image (1 for the first) that shows this row."""
    kind: RowKind
    """header: column headings; repeated_header: headings printed again on a later image; section: a heading inside the
    table; total: a sum of rows above; repeated: a section or a total printed again at the top of a later image, such as
    "Assets (continued)" or "Brought forward"; continued: at the top of a later image, the rest of the row before, which
    the page break cut; data: everything else."""
    cells: tuple[ReadCell, ...]
    """The row's cells from left to right."""


class TableReading(Value):
    """One table, read from one image or from several that show its parts in order."""

    title: str | None = None
    """The title printed above the table, verbatim."""
    caption: str | None = None
    """The caption, if it differs from the title."""
    footnotes: tuple[str, ...] = ()
    """The notes printed below the table, verbatim."""
    unit: str | None = None
    """The unit that the table states for its numbers, such as "kg"; not the currency."""
    scale: float | None = None
    """The factor that the table states: 1000 for "in thousands", 1000000 for "in millions"."""
    currency: str | None = None
    """The currency that the table states, as an ISO code such as "USD"."""
    n_cols: int
    """How many columns the table has."""
    n_row_header_cols: int = 1
    """How many columns at the left hold row labels."""
    n_rows: int
    """How many rows the table has over all images, headings and repeated headings included."""
    first_row: int = 0
    """The number of the first row in this reply: 0, or what the instruction asks to continue from."""
    rows: tuple[ReadRow, ...]
    """The rows from top to bottom. None is left out, shortened or summed up."""


class TableInImage(Value):
    """The table of one image."""

    image: int
    """The number of the image."""
    table: TableReading
    """The table that it shows, whole."""


class TableReadings(Value):
    """Several tables, each shown by an image of its own."""

    tables: tuple[TableInImage, ...]
    """One entry for every image, in order."""


class ReadAxis(Value):
    """One axis of a chart."""

    label: str | None = None
    """The axis title, verbatim."""
    unit: str | None = None
    """The unit of the axis, such as "%" or "USD million"."""
    kind: AxisKind = "number"
    """category, number, date or log."""


class ReadPoint(Value):
    """One data point. x is always the independent variable, in horizontal bars too."""

    x: str
    """The category, time or x value, as the axis prints it."""
    y: float | None
    """The value; null if it cannot be told."""
    y_text: str | None = None
    """The value as printed at the mark; null if it is not printed and y was read off the axis."""
    y_low: float | None = None
    """The lower end of an error bar or range."""
    y_high: float | None = None
    """The upper end of an error bar or range."""
    size: float | None = None
    """The third value of a bubble."""
    error: float | None = None
    """How far off y may be, in the unit of the axis, if it was read off the axis."""


class ReadSeries(Value):
    """One series of a chart."""

    name: str
    """The name in the legend; empty if the chart has one unnamed series."""
    axis: Literal["y", "y2"] = "y"
    """Which value axis the series belongs to."""
    points: tuple[ReadPoint, ...]
    """The points in the order of the x axis."""


class ChartReading(Value):
    """The data behind one chart."""

    chart_type: ChartType
    """What kind of chart it is."""
    orientation: Literal["vertical", "horizontal", "none"] = "vertical"
    """horizontal if bars grow to the right; none for a pie."""
    title: str | None = None
    """The title, verbatim."""
    caption: str | None = None
    """The caption or source note, verbatim."""
    x_axis: ReadAxis = ReadAxis(kind="category")
    """The independent axis: categories or time."""
    y_axis: ReadAxis = ReadAxis()
    """The value axis."""
    y2_axis: ReadAxis | None = None
    """The second value axis, if there is one."""
    series: tuple[ReadSeries, ...]
    """Every series in the order of the legend; empty if the chart cannot be read."""


class CitedEvidence(Value):
    """Where an answer is printed."""

    doc: int
    """The document's number in the marker before the page image."""
    page: int
    """The page's number in the marker before the page image."""
    box: ModelBox | None = None
    """The region of the page that shows it, from 0 to 1000."""
    quote: str
    """The words or numbers that prove the answer, copied verbatim from that region."""
    source_kind: SourceKind = "text"
    """Whether it is text, a table, a chart or another figure."""


class Operand(CitedEvidence):
    """One printed number that the answer is computed from, with the place that prints it; the quote holds the number and its label."""

    text: str
    """The number alone, exactly as printed, with its sign, parentheses, currency or percent sign, such as "(1,234.5)". What is spent
    or paid may be printed in parentheses: asked how much, leave them out."""
    scale: float | None = None
    """The factor that the table, axis or text states for it: 1000 for "in thousands", 1000000 for "in millions"."""
    unit: str | None = None
    """Its unit without the scale: a currency as an ISO code such as "USD", "%", or words such as "employees"."""
    label: str | None = None
    """What it is a number of, in few words, such as "net revenue 2023". For maximum and minimum only what is compared, worded as
    the answer would be, such as "2023" or "Northwind"."""


class AnswerReading(Value):
    """The answer to one question from the pages shown, or the statement that they do not hold it."""

    is_answerable: bool
    """False if the pages do not contain the answer or a number it needs, such as a year, company or figure that they do not report:
    then every other field stays empty."""
    kind: AnswerKind = "none"
    """What kind of value the answer is, as the question asks for it; none if there is no answer."""
    operation: Operation = "none"
    """How the answer follows from printed numbers; none if it is printed as it is. The second operand is what the first is set against.
    difference: first minus second. percent_change: by how many percent the first is above the second (the later value first).
    ratio: first divided by second. share: first as a percentage of second, the whole. sum, average, product: of all operands.
    maximum, minimum: the largest or smallest operand; the answer is its label, or its number if kind is a number.
    exceeds: whether the first is greater than the second, yes or no. count: how many items there are; list them in items.
    formula: several steps, written down in formula."""
    operands: tuple[Operand, ...] = ()
    """The printed numbers of the operation, in its order, from every document concerned. They are computed with exactly, so do not
    convert or round them."""
    formula: str | None = None
    """If operation is formula: its steps over the operands, which are called a, b, c and so on in their order, such as
    "a / ((b + c) / 2)"; only + - * /, parentheses and numbers. For a percentage write the fraction: it is multiplied by 100."""
    text: str | None = None
    """The answer in the fewest words; yes or no if kind is boolean."""
    number: float | None = None
    """The number, if the answer is one, as printed (7.5 for "7.5 %", -3 for "(3)")."""
    items: tuple[str, ...] = ()
    """The items, if the answer is a list or counts them."""
    unit: str | None = None
    """The unit or currency of the answer with its scale, such as "USD million"."""
    rationale: str | None = None
    """One sentence: how the evidence gives the answer."""
    confidence: float | None = None
    """From 0 to 1."""
    evidence: tuple[CitedEvidence, ...] = ()
    """Every place the answer rests on, operands aside. No evidence, no answer."""


class Finding(CitedEvidence):
    """One place that helps to answer the question, and what it says."""

    says: str = ""
    """What it contributes, in one sentence, with the numbers, their units and years, and whose they are."""
    relevance: float = 0.0
    """From 0 to 1: how surely the answer rests on it; 1 if it holds the answer itself."""
    starts_before: bool = False
    """True if its table or paragraph began on the page before."""
    goes_on: bool = False
    """True if its table or paragraph goes on on the next page."""


class QuestionFindings(Value):
    """What the pages contribute to one question."""

    question: int
    """Number of the question."""
    evidence: tuple[Finding, ...] = ()
    """Places that help to answer the question, of every document that has any, most useful first; for a number to compute also each
    of the numbers it needs. Empty if there are none."""


class Findings(Value):
    """What some of the pages in the scope of several questions contribute to their answers."""

    questions: tuple[QuestionFindings, ...]
    """Every question once, in order."""


class Transcript(Value):
    """The text of an image, line by line."""

    lines: tuple[str, ...]
    """Every printed line from top to bottom, verbatim."""
