"""Draws a case on small pages, one block below the other, and writes down the truth of it."""

import io
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, TypeVar

import pymupdf
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from data.generator.flowables import ACCENT, INK, SANS, Fonts, Placements, draw_table
from data.generator.pdf import Product
from data.generator.tables import Look, Row, TableSpec, grid, spans
from data.generator.truth import DocumentTruth, FragmentTruth, TableTruth

PAGE = (396.0, 306.0)
"""Half a Letter page, wide."""
LANDSCAPE = (468.0, 306.0)
MARGIN = 30.0
FONT_SIZE = 8.5
SCAN_DPI = 150
T = TypeVar("T")

PROSE = (
    "The figures are those of the branch offices as they were reported at the end of the period. They have been checked against the "
    "ledgers of the group, and differences were settled before the books were closed. Amounts are rounded to the nearest unit."
)


class Whole(NamedTuple):
    """A logical table: its rows as they are once the parts are joined, headings first."""

    title: str
    rows: tuple[Row, ...]
    widths: tuple[float, ...]
    look: Look = "rules"
    n_text_cols: int = 1

    @property
    def n_header_rows(self) -> int:
        """How many rows at the top are column headings."""
        return sum(row.kind == "header" for row in self.rows)


class Part(NamedTuple):
    """What a page shows of a table: body rows `start` to `stop`, of all columns or of some with or without the labels."""

    table: int
    start: int
    stop: int
    title: str = ""
    has_header: bool = True
    cols: tuple[int, int] | None = None
    """The columns, half-open, of a part of a wide table."""
    has_labels: bool = False
    """Whether such a part shows the first column too."""
    again: tuple[Row, ...] = ()
    """Rows printed again above the body rows."""
    first: Row | None = None
    """The rest of the first row, which the page break cut."""
    last: Row | None = None
    """The beginning of the last one."""
    widths: tuple[float, ...] | None = None


class Text(NamedTuple):
    """A paragraph, a heading or a small note."""

    text: str
    style: Literal["text", "title", "note"] = "text"


class Bars(NamedTuple):
    """A bar chart."""

    values: tuple[float, ...]


Block: TypeAlias = Part | Text | Bars


class Sheet(NamedTuple):
    """A page: its blocks from top to bottom; they stand at the foot of the page where something goes on."""

    blocks: tuple[Block, ...]
    is_low: bool = False
    size: tuple[float, float] = PAGE


class Case(NamedTuple):
    """A document and the tables in it."""

    name: str
    tables: tuple[Whole, ...]
    sheets: tuple[Sheet, ...]
    fonts: Fonts = SANS
    has_furniture: bool = True
    is_scanned: bool = False
    is_held_out: bool = False


def draw_case(case: Case) -> Product:
    """Return the PDF of a case with its truth."""
    return draw_cases(f"{case.name}.pdf", [case], is_scanned=case.is_scanned)


def draw_cases(name: str, cases: Sequence[Case], *, is_scanned: bool = False) -> Product:
    """Return one PDF of several cases, one after the other, with their truth."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=PAGE, invariant=1, pageCompression=1)
    tables: list[TableTruth] = []
    n_pages = 0
    for case in cases:
        placements: Placements = defaultdict(list)
        for number, sheet in enumerate(case.sheets, start=n_pages + 1):
            _draw_sheet(canvas, case, sheet, number, placements)
        tables += [_truth(case, number, n_pages, placements) for number in range(len(case.tables))]
        n_pages += len(case.sheets)
    canvas.save()
    pdf = _scanned(buffer.getvalue()) if is_scanned else buffer.getvalue()
    return Product(pdf, DocumentTruth(document=name, n_pages=n_pages, tables=tuple(tables), charts=()))


def _draw_sheet(canvas: Canvas, case: Case, sheet: Sheet, number: int, placements: Placements) -> None:
    width, height = sheet.size
    canvas.setPageSize(sheet.size)
    if case.has_furniture and sheet.blocks:
        canvas.setFont(case.fonts.italic, 7.5)
        canvas.setFillColor(INK)
        canvas.drawString(MARGIN, height - 18, "Harbor and Mill Group · Annual figures")
        canvas.drawCentredString(width / 2, 13, f"– {number} –")
    drawn = [_flowable(case, block, placements) for block in sheet.blocks]
    sizes = [flowable.wrapOn(canvas, width - 2 * MARGIN, height) for flowable in drawn]
    gaps = [_gap(block) for block in sheet.blocks]
    taken = sum(size[1] for size in sizes) + sum(gaps)
    if taken > height - 62:
        msg = f"page {number} of {case.name} needs {taken:.0f} points"
        raise ValueError(msg)
    y = 28 + taken if sheet.is_low else height - 30
    for flowable, (_, size), gap in zip(drawn, sizes, gaps, strict=True):
        y -= size + gap
        flowable.drawOn(canvas, MARGIN, y)
    canvas.showPage()


def _gap(block: Block) -> float:
    """Points above a block."""
    return 4.0 if isinstance(block, Part) else 3.0 if isinstance(block, Text) and block.style == "note" else 7.0


class _BarChart(Paragraph):
    """Bars over an axis."""

    values: tuple[float, ...] = ()

    def wrap(self, availWidth: float, availHeight: float) -> tuple[float, float]:  # noqa: ARG002, N803 - ReportLab's names
        """Take the width and 98 points."""
        self.width, self.height = availWidth, 98.0
        return self.width, self.height

    def draw(self) -> None:
        """Draw the axes, the bars and their labels."""
        canvas, step = self.canv, (self.width - 60) / len(self.values)
        canvas.setFont("Helvetica", 7.5)
        for tick in range(5):
            canvas.drawRightString(26, 14 + 18 * tick, str(25 * tick))
        canvas.line(30, 16, 30, 94)
        canvas.line(30, 16, self.width - 20, 16)
        canvas.setFillColor(ACCENT)
        for number, value in enumerate(self.values):
            canvas.rect(38 + step * number, 16, 0.6 * step, 0.75 * value, stroke=0, fill=1)
        canvas.setFillColor(INK)
        for number in range(len(self.values)):
            canvas.drawCentredString(38 + step * (number + 0.3), 5, f"Q{number + 1}")


def _flowable(case: Case, block: Block, placements: Placements) -> Paragraph:
    if isinstance(block, Bars):
        chart = _BarChart("", ParagraphStyle("chart"))
        chart.values = block.values
        return chart
    if isinstance(block, Text):
        size = {"text": 8.5, "title": 9.5, "note": 7.5}[block.style]
        font = case.fonts.bold if block.style == "title" else case.fonts.regular
        return Paragraph(block.text, ParagraphStyle(block.style, fontName=font, fontSize=size, leading=1.25 * size, textColor=INK))
    whole = case.tables[block.table]
    table: Paragraph = draw_table(_spec(whole, block), case.fonts, placements)  # type: ignore[assignment]
    return table


def _spec(whole: Whole, part: Part) -> TableSpec:
    head = whole.rows[: whole.n_header_rows] if part.has_header else ()
    body = [*whole.rows[whole.n_header_rows :][part.start : part.stop]]
    if part.first:
        body[0] = part.first
    if part.last:
        body[-1] = part.last
    rows = tuple(_cut(row, part) for row in (*head, *part.again, *body))
    return TableSpec(
        key=str(part.table),
        title=whole.title,
        rows=rows,
        widths=part.widths or tuple(_chosen(whole.widths, part)),
        look=whole.look,
        n_text_cols=whole.n_text_cols if part.cols is None or part.has_labels or part.cols[0] == 0 else 0,
        wrapped_cols=tuple(range(whole.n_text_cols)),
        has_repeated_header=False,
        font_size=FONT_SIZE,
    )


def _cut(row: Row, part: Part) -> Row:
    return row if part.cols is None else row._replace(cells=tuple(_chosen(row.cells, part)))


def _chosen(items: Sequence[T], part: Part) -> list[T]:
    """Return what belongs to the columns that a part shows."""
    if part.cols is None:
        return [*items]
    return [*(items[:1] if part.has_labels else ()), *items[slice(*part.cols)]]


def _truth(case: Case, number: int, before: int, placements: Placements) -> TableTruth:
    whole = case.tables[number]
    spec = TableSpec(key="", title=whole.title, rows=whole.rows, widths=whole.widths)
    parts = [(page, part) for page, sheet in enumerate(case.sheets, start=before + 1) for part in _parts(sheet, number)]
    return TableTruth(
        pages=tuple(sorted({page for page, _ in parts})),
        title=whole.title,
        n_header_rows=whole.n_header_rows,
        rows=tuple(tuple(row) for row in grid(spec)),
        spans=spans(spec),
        scale=None,
        currency=None,
        footnotes=(),
        regions=tuple(placements[str(number)]),
        direction="none" if len(parts) < 2 else "columns" if parts[-1][1].cols else "rows",
        fragments=tuple(_fragment(whole, page, part, is_first=part is parts[0][1]) for page, part in parts),
        printed_again=tuple(text for _, part in parts for text in _printed_again(whole, part, is_first=part is parts[0][1])),
    )


def _parts(sheet: Sheet, number: int) -> list[Part]:
    return [block for block in sheet.blocks if isinstance(block, Part) and block.table == number]


def _fragment(whole: Whole, page: int, part: Part, *, is_first: bool) -> FragmentTruth:
    begins = is_first or (part.cols is not None and part.start == 0)
    return FragmentTruth(
        page=page,
        row_start=0 if begins else whole.n_header_rows + part.start,
        row_end=whole.n_header_rows + part.stop,
        col_start=part.cols[0] if part.cols else 0,
        col_end=part.cols[1] if part.cols else len(whole.widths),
    )


def _printed_again(whole: Whole, part: Part, *, is_first: bool) -> list[str]:
    """Return the texts of a part that are no part of the logical table: they are in it already."""
    again = [cell.text for row in part.again for cell in row.cells]
    head = [cell.text for row in whole.rows[: whole.n_header_rows] for cell in _cut(row, part).cells] if part.has_header else []
    if part.cols is None:
        return again if is_first else [*head, *again]
    labels = [row.cells[0].text for row in whole.rows[whole.n_header_rows :][part.start : part.stop]] if part.has_labels else []
    if part.start:
        return [*head, *labels]
    return [*(head[:1] if part.has_labels else []), *labels]


def _scanned(pdf: bytes) -> bytes:
    """Return the pages as images: gray, a little soft, without a text layer."""
    with pymupdf.open(stream=pdf, filetype="pdf") as clean, pymupdf.open() as scan:
        for page in clean:
            pixels = page.get_pixmap(dpi=SCAN_DPI, colorspace=pymupdf.csGRAY)
            image = pixels.tobytes("jpeg", jpg_quality=60)
            scan.new_page(width=page.rect.width, height=page.rect.height).insert_image(page.rect, stream=image)
        buffer = io.BytesIO()
        scan.save(buffer, garbage=4, deflate=True, no_new_id=True)
        return buffer.getvalue()
