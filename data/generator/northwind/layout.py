"""The pages of the annual reports: the cover, and body pages with running headers and footers."""

from reportlab.lib.colors import HexColor, white
from reportlab.pdfgen.canvas import Canvas

from data.generator.flowables import ACCENT, HAIR
from data.generator.pdf import LETTER, Layout, Leaf

MARGIN = 60.0
PALE = HexColor("#c9dbe6")


def report_layout(year: int) -> Layout:
    """Letter pages; the cover is drawn, not set."""

    def cover(canvas: Canvas, _: object) -> None:
        _draw_cover(canvas, year)

    def body(canvas: Canvas, _: object) -> None:
        _draw_frame(canvas, year)

    width, height = LETTER
    column = (MARGIN, 62.0, width - 2 * MARGIN, height - 134.0)
    leaves = (Leaf("cover", (column,), cover), Leaf("body", (column,), body))
    return Layout(f"Northwind Instruments, Inc. Annual Report {year}", LETTER, leaves)


def _draw_cover(canvas: Canvas, year: int) -> None:
    width, height = LETTER
    canvas.setFillColor(ACCENT)
    canvas.rect(0, height * 0.36, width, height * 0.64, stroke=0, fill=1)
    canvas.setStrokeColor(PALE)
    canvas.setLineWidth(1.2)
    for step in range(9):
        base = height * 0.40 + step * 13
        wave = canvas.beginPath()
        wave.moveTo(0, base)
        for crest in range(6):
            left = crest * width / 6
            wave.curveTo(left + 34, base + 16 - step, left + 68, base - 16 + step, left + width / 6, base)
        canvas.drawPath(wave, stroke=1, fill=0)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 34)
    canvas.drawString(MARGIN, height - 170, "Northwind Instruments")
    canvas.setFont("Helvetica", 20)
    canvas.drawString(MARGIN, height - 202, f"Annual Report {year}")
    canvas.setFillColor(ACCENT)
    canvas.setFont("Helvetica", 11)
    canvas.drawString(MARGIN, 120, f"Fiscal year ended December 31, {year}")
    canvas.drawString(MARGIN, 104, "400 Harbor Drive, Duluth, Minnesota 55802")
    canvas.drawString(MARGIN, 88, "New York Stock Exchange: NWI")


def _draw_frame(canvas: Canvas, year: int) -> None:
    width, height = LETTER
    canvas.setFont("Helvetica", 7.8)
    canvas.setFillColor(ACCENT)
    canvas.drawString(MARGIN, height - 42, "NORTHWIND INSTRUMENTS, INC.")
    canvas.drawRightString(width - MARGIN, height - 42, f"Annual Report {year}")
    canvas.setStrokeColor(HAIR)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, height - 48, width - MARGIN, height - 48)
    canvas.drawCentredString(width / 2, 34, str(canvas.getPageNumber()))
