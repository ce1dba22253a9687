"""ReportLab flowables that remember where they were drawn."""

from collections import defaultdict
from html import escape
from typing import Any, Literal, NamedTuple, TypeAlias

from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, Table

from data.generator.tables import TableSpec, grid, placed_cells
from data.generator.truth import Box, Region

INK = HexColor("#1c1c1c")
RULE = HexColor("#3a3a3a")
HAIR = HexColor("#b4b4b4")
BAND = HexColor("#eef2f5")
ACCENT = HexColor("#1f4e6b")

Command: TypeAlias = tuple[Any, ...]
Placements: TypeAlias = defaultdict[str, list[Region]]


class Fonts(NamedTuple):
    """The names under which ReportLab knows the faces of a document."""

    regular: str
    bold: str
    italic: str


SERIF = Fonts("Times-Roman", "Times-Bold", "Times-Italic")
SANS = Fonts("Helvetica", "Helvetica-Bold", "Helvetica-Oblique")


def page_box(canvas: Canvas, width: float, height: float) -> Box:
    """The box of a flowable that is being drawn at the canvas's origin, as shares of the page."""
    page_width, page_height = canvas._pagesize  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way to ask
    x0, y0 = canvas.absolutePosition(0, 0)
    box = (x0 / page_width, 1 - (y0 + height) / page_height, (x0 + width) / page_width, 1 - y0 / page_height)
    return (round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4))


class PlacedTable(Table):
    """A table whose parts note the page and box they were drawn in."""

    key = ""
    placements: Placements | None = None
    size = (0.0, 0.0)

    def wrap(self, availWidth: float, availHeight: float) -> tuple[float, float]:  # noqa: N803 - ReportLab's names
        """Lay the rows out and keep the size."""
        width, height = super().wrap(availWidth, availHeight)
        self.size = (width, height)
        return width, height

    def split(self, availWidth: float, availHeight: float) -> list[Any]:  # noqa: N803 - ReportLab's names
        """Split as ReportLab does; the parts note their places too."""
        parts: list[Any] = super().split(availWidth, availHeight)
        for part in parts:
            part.key, part.placements = self.key, self.placements
        return parts

    def draw(self) -> None:
        """Draw the table and note where."""
        if self.placements is not None:
            box = page_box(self.canv, *self.size)
            self.placements[self.key].append(Region(page=self.canv.getPageNumber(), box=box))
        super().draw()


class PlacedGap(Flowable):
    """An empty rectangle that a chart is laid over once the page exists."""

    def __init__(self, key: str, width: float, height: float, placements: Placements) -> None:
        """Reserve width by height points."""
        super().__init__()
        self.key = key
        self.width = width
        self.height = height
        self.placements = placements

    def draw(self) -> None:
        """Note the place; nothing is drawn."""
        box = page_box(self.canv, self.width, self.height)
        self.placements[self.key].append(Region(page=self.canv.getPageNumber(), box=box))


class MoneyCell(Flowable):
    """The dollar sign at the left edge of a column and the number at the right edge."""

    def __init__(self, text: str, font: str, size: float) -> None:
        """Take the text with its "$"."""
        super().__init__()
        self.text = text.removeprefix("$").strip()
        self.font = font
        self.size = size

    def wrap(self, availWidth: float, availHeight: float) -> tuple[float, float]:  # noqa: ARG002, N803
        """Take the whole width of the column and the height of one line."""
        self.width = availWidth
        return availWidth, self.size * 1.2

    def draw(self) -> None:
        """Draw both parts on one baseline."""
        self.canv.setFont(self.font, self.size)
        self.canv.setFillColor(INK)
        shift = stringWidth(")", self.font, self.size) if self.text.endswith(")") else 0
        self.canv.drawString(self.width * 0.2, self.size * 0.2, "$")
        self.canv.drawRightString(self.width + shift, self.size * 0.2, self.text)


def draw_table(spec: TableSpec, fonts: Fonts, placements: Placements | None = None) -> PlacedTable:
    """The flowable of a table."""
    table = PlacedTable(
        _content(spec, fonts),
        colWidths=list(spec.widths),
        repeatRows=spec.n_header_rows if spec.has_repeated_header else 0,
        hAlign="LEFT",
    )
    table.key, table.placements = spec.key, placements
    table.setStyle([*_shared_commands(spec, fonts), *_row_commands(spec, fonts), *_look_commands(spec)])
    return table


def _content(spec: TableSpec, fonts: Fonts) -> list[list[Any]]:
    content: list[list[Any]] = [list(row) for row in grid(spec)]
    for row, col, cell in placed_cells(spec.rows):
        kind = spec.rows[row].kind
        if kind == "header" or (col in spec.wrapped_cols and kind != "section"):
            content[row][col] = Paragraph(escape(cell.text), _cell_style(spec, fonts, row, col, cell.col_span))
        elif spec.money_left and cell.text.startswith("$"):
            content[row][col] = MoneyCell(cell.text, _face(fonts, kind), spec.font_size)
    return content


def _face(fonts: Fonts, kind: str) -> str:
    return fonts.regular if kind == "data" else fonts.bold


def _cell_style(spec: TableSpec, fonts: Fonts, row: int, col: int, col_span: int) -> ParagraphStyle:
    kind = spec.rows[row].kind
    is_heading = kind == "header"
    alignment: Literal[0, 1, 2] = TA_LEFT if col < spec.n_text_cols else TA_CENTER if col_span > 1 or spec.look == "ruled" else TA_RIGHT
    is_inverse = is_heading and spec.look == "banded"
    is_indented = col == 0 and kind == "data" and any(other.kind == "section" for other in spec.rows)
    return ParagraphStyle(
        "cell",
        fontName=_face(fonts, kind),
        fontSize=spec.font_size,
        leading=spec.font_size * 1.2,
        alignment=alignment,
        textColor=white if is_inverse else INK,
        leftIndent=8 if is_indented else 0,
    )


def _shared_commands(spec: TableSpec, fonts: Fonts) -> list[Command]:
    first = spec.n_text_cols
    return [
        ("FONT", (0, 0), (-1, -1), fonts.regular, spec.font_size, spec.font_size * 1.2),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("ALIGN", (first, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
        ("LEFTPADDING", (0, 0), (0, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ]


def _row_commands(spec: TableSpec, fonts: Fonts) -> list[Command]:
    commands: list[Command] = [
        ("SPAN", (s.col, s.row), (s.col + s.cell.col_span - 1, s.row + s.cell.row_span - 1))
        for s in placed_cells(spec.rows)
        if s.cell.col_span > 1 or s.cell.row_span > 1
    ]
    for row_no, row in enumerate(spec.rows):
        if row.kind != "data":
            commands.append(("FONTNAME", (0, row_no), (-1, row_no), fonts.bold))
        if row.kind == "section":
            commands.append(("TOPPADDING", (0, row_no), (-1, row_no), 6))
    return commands


def _look_commands(spec: TableSpec) -> list[Command]:
    last = spec.n_header_rows - 1
    if spec.look == "ruled":
        shade: list[Command] = [("BACKGROUND", (0, 0), (-1, last), BAND)] if spec.n_header_rows else []
        return [("GRID", (0, 0), (-1, -1), 0.6, RULE), *shade, ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    if spec.look == "banded":
        stripes = [("BACKGROUND", (0, row), (-1, row), BAND) for row in range(last + 2, len(spec.rows), 2)]
        return [("BACKGROUND", (0, 0), (-1, last), ACCENT), *stripes, ("LINEBELOW", (0, -1), (-1, -1), 0.8, ACCENT)]
    heading = _heading_rules(spec)
    if spec.look == "open":
        return heading
    frame: list[Command] = [
        ("LINEABOVE", (0, 0), (-1, 0), 1.0, RULE),
        ("LINEBELOW", (0, last), (-1, last), 0.6, RULE),
        ("LINEBELOW", (0, -1), (-1, -1), 1.0, RULE),
    ]
    return [*frame, *heading, *_total_rules(spec)]


def _heading_rules(spec: TableSpec) -> list[Command]:
    """A thin rule under each heading that covers several columns, and under the last heading row."""
    return [
        ("LINEBELOW", (place.col, place.row), (place.col + place.cell.col_span - 1, place.row), 0.5, RULE)
        for place in placed_cells(spec.rows[: spec.n_header_rows])
        if place.cell.text and place.col >= spec.n_text_cols and place.cell.row_span == 1
    ]


def _total_rules(spec: TableSpec) -> list[Command]:
    commands: list[Command] = []
    for row_no, row in enumerate(spec.rows):
        if row.kind in {"total", "grand_total"}:
            commands.append(("LINEABOVE", (spec.n_text_cols, row_no), (-1, row_no), 0.5, RULE))
        if row.kind == "grand_total":
            commands.append(("LINEBELOW", (spec.n_text_cols, row_no), (-1, row_no), 0.5, RULE, 1, None, None, 2, 1.5))
    return commands
