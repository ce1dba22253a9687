"""A one-page price list as a PNG image."""

import pymupdf
from reportlab.pdfgen.canvas import Canvas

from data.generator.flowables import ACCENT, SANS
from data.generator.pdf import LETTER, Layout, Leaf, Product, make_document
from data.generator.script import Design, Script, read_text
from data.generator.tables import Cell, TableSpec, data, head, section

DPI = 130
MARGIN = 54.0


def make_price_list() -> tuple[Product, Product]:
    """The image, and the PDF it was made of."""
    table = _prices()
    script = Script(
        text=read_text("price-list.txt"),
        facts={},
        tables={table.key: table},
        charts={},
        design=Design(text=SANS, headings=SANS, size=9.5, heading_size=20.0),
    )
    page = make_document("price-list.png", script, _layout())
    return Product(_image(page.pdf), page.truth), page


def _image(pdf: bytes) -> bytes:
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        image: bytes = document[0].get_pixmap(dpi=DPI).tobytes("png")
        return image


def _layout() -> Layout:
    width, height = LETTER

    def frame(canvas: Canvas, _: object) -> None:
        canvas.setFillColor(ACCENT)
        canvas.rect(0, height - 28, width, 28, stroke=0, fill=1)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(MARGIN, 36, "Northwind Instruments \u00b7 prices in US dollars without tax \u00b7 subject to change")

    body = (MARGIN, 60.0, width - 2 * MARGIN, height - 110.0)
    return Layout("Price list", LETTER, (Leaf("body", (body,), frame),))


def _prices() -> TableSpec:
    rows = [
        head("", "", Cell("Price per unit", col_span=3), ""),
        head("Order no.", "Product", "1\u20139", "10\u201349", "50+", "Lead time"),
        section("Level sensors", 6),
        data("K100-26", "Kestrel 100, 26 GHz, 15 m", "495.00", "465.00", "431.00", "2 weeks"),
        data("K200-80", "Kestrel 200, 80 GHz, 30 m", "780.00", "735.00", "689.00", "3 weeks"),
        data("K200-80X", "Kestrel 200, hazardous areas", "1,140.00", "1,085.00", "1,020.00", "6 weeks"),
        section("Flow meters", 6),
        data("AQ-050", "Aqua electromagnetic meter, DN 50", "1,260.00", "1,195.00", "1,110.00", "4 weeks"),
        data("AQ-100", "Aqua electromagnetic meter, DN 100", "1,685.00", "1,600.00", "1,490.00", "4 weeks"),
        data("AQ-200", "Aqua electromagnetic meter, DN 200", "2,540.00", "2,415.00", "2,250.00", "5 weeks"),
        data("S9-C", "Series 9 ultrasonic clamp-on meter", "3,120.00", "2,980.00", "2,795.00", "8 weeks"),
        section("Accessories", 6),
        data("GW-LTE", "Kestrel gateway, LTE", "1,120.00", "1,065.00", "995.00", "2 weeks"),
        data("BAT-19", "Lithium battery, 19 Ah", "38.50", "35.00", "31.20", "1 week"),
        data("ARM-12", "Mounting arm, 1.2 m, stainless steel", "164.00", "152.00", "139.00", "1 week"),
        data("CAL-ISO", "Calibration certificate", "85.00", "85.00", "70.00", "\u2014"),
    ]
    return TableSpec(
        key="prices",
        title="Instruments and accessories",
        rows=tuple(rows),
        widths=(64.0, 190.0, 62.0, 62.0, 62.0, 60.0),
        look="banded",
        currency="USD",
        n_text_cols=2,
        font_size=9.0,
    )
