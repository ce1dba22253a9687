"""A slide deck: charts of every kind, drawn in several styles, and one table."""

import io
from collections.abc import Sequence
from typing import NamedTuple

from reportlab.lib.colors import HexColor, white
from reportlab.pdfgen.canvas import Canvas

from data.generator.charts import ChartSpec
from data.generator.flowables import INK, SANS, draw_table
from data.generator.pdf import Product, finish
from data.generator.script import INCH, Notes, new_notes
from data.generator.slide_charts import slide_charts
from data.generator.tables import Cell, TableSpec, data, head
from data.generator.truth import Region

SIZE = (960.0, 540.0)
NAVY = HexColor("#13294b")
RED = HexColor("#c8102e")
GRAY = HexColor("#7d8790")
LEFT = 54.0


class Slide(NamedTuple):
    """A title, lines of text, and charts by key with the lower left corner of each in points."""

    title: str
    lines: tuple[str, ...] = ()
    charts: tuple[tuple[str, float, float], ...] = ()
    table: str = ""
    text_at: tuple[float, float] = (LEFT, 400.0)


SLIDES = (
    Slide(
        "Where we stand",
        (
            "Orders for the Kestrel family reached $91.4 million in 2023, against a plan of $84 million",
            "Kestrel 200 overtook Kestrel 100 in the third quarter",
            "Return rates of the radio module have fallen for nine months in a row",
            "Two launches moved: Kestrel Buoy to October 2024, Kestrel Mini to January 2025",
            "Decision needed today: second source for the pressure die",
        ),
    ),
    Slide(
        "Orders by product family",
        charts=(("orders", LEFT, 54.0),),
        lines=("Kestrel is now the second", "largest family, ahead of", "Series 9."),
        text_at=(720.0, 330.0),
    ),
    Slide("Kestrel 200 overtook Kestrel 100", charts=(("shipments", LEFT, 54.0),)),
    Slide("Return rates keep falling", charts=(("returns", LEFT, 54.0),)),
    Slide("Distributors matter most in Europe", charts=(("channels", LEFT, 54.0),)),
    Slide(
        "Who uses our sensors",
        charts=(("industries", 60.0, 50.0),),
        lines=("Share of 184,000 instruments", "in the field at year end"),
        text_at=(640.0, 300.0),
    ),
    Slide("Faster sensors fetch higher prices", charts=(("prices", LEFT, 54.0),)),
    Slide("Why customers call us", charts=(("calls", LEFT, 54.0),)),
    Slide("Satisfaction and response time", charts=(("satisfaction", 40.0, 70.0), ("response", 490.0, 70.0))),
    Slide("Road map", table="road-map"),
    Slide(
        "Next steps",
        (
            "Qualify the second pressure die by July 12, 2024 (Priya Raman)",
            "Freeze the Kestrel Buoy enclosure by May 31, 2024 (Lars Eide)",
            "Present the Kestrel Mini cost review to the board in September",
        ),
    ),
)


def road_map() -> TableSpec:
    """Planned products with costs under a spanning heading."""
    rows = [
        head("", "", Cell("Per unit, in US dollars", col_span=2), "", ""),
        head("Product", "Launch", "Cost", "List price", "Target margin", "Status"),
        data("Kestrel 100 rev. C", "June 2024", "212", "495", "57.2%", "On track"),
        data("Kestrel 300", "August 2024", "348", "890", "60.9%", "On track"),
        data("Kestrel Buoy", "October 2024", "1,460", "3,950", "63.0%", "Delayed"),
        data("Kestrel Mini", "January 2025", "96", "259", "62.9%", "Delayed"),
        data("Kestrel Gateway", "March 2025", "405", "1,120", "63.8%", "On track"),
        data("Kestrel Ice", "To be decided", "\u2014", "\u2014", "\u2014", "Study"),
    ]
    return TableSpec(
        key="road-map",
        title="Road map",
        rows=tuple(rows),
        widths=(190.0, 140.0, 110.0, 110.0, 130.0, 140.0),
        look="banded",
        currency="USD",
        n_text_cols=2,
        font_size=15.0,
    )


def make_slides() -> Product:
    """The deck as a PDF with its truth."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=SIZE, invariant=1)
    canvas.setTitle("Kestrel product review 2023")
    notes, charts, table = new_notes(), slide_charts(), road_map()
    _draw_cover(canvas)
    for number, slide in enumerate(SLIDES, start=2):
        canvas.showPage()
        _draw_slide(canvas, slide, number)
        _place_charts(slide, charts, notes, number)
        if slide.table:
            flowable = draw_table(table, SANS, notes.placements)
            _, height = flowable.wrapOn(canvas, *SIZE)
            flowable.drawOn(canvas, LEFT, 410 - height)
    canvas.save()
    return finish("product-review-slides.pdf", buffer.getvalue(), notes, (table,), charts)


def _place_charts(slide: Slide, charts: Sequence[ChartSpec], notes: Notes, page: int) -> None:
    sizes = {spec.key: spec.size for spec in charts}
    for key, x, y in slide.charts:
        width, height = sizes[key][0] * INCH, sizes[key][1] * INCH
        box = (x / SIZE[0], 1 - (y + height) / SIZE[1], (x + width) / SIZE[0], 1 - y / SIZE[1])
        notes.placements[key].append(Region(page=page, box=(round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4))))


def _draw_cover(canvas: Canvas) -> None:
    canvas.setFillColor(NAVY)
    canvas.rect(0, 0, *SIZE, stroke=0, fill=1)
    canvas.setFillColor(RED)
    canvas.rect(LEFT, 300, 90, 6, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 44)
    canvas.drawString(LEFT, 235, "Kestrel product review")
    canvas.setFont("Helvetica", 20)
    canvas.drawString(LEFT, 195, "Results of 2023 and road map to 2025")
    canvas.drawString(LEFT, 60, "Northwind Instruments, Inc. \u00b7 April 18, 2024")


def _draw_slide(canvas: Canvas, slide: Slide, number: int) -> None:
    canvas.setFillColor(NAVY)
    canvas.setFont("Helvetica-Bold", 30)
    canvas.drawString(LEFT, 470, slide.title)
    canvas.setFillColor(RED)
    canvas.rect(LEFT, 452, 60, 4, stroke=0, fill=1)
    _draw_lines(canvas, slide)
    canvas.setFillColor(GRAY)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(LEFT, 22, "Northwind Instruments \u00b7 Kestrel product review \u00b7 Confidential")
    canvas.drawRightString(SIZE[0] - LEFT, 22, str(number))


def _draw_lines(canvas: Canvas, slide: Slide) -> None:
    x, y = slide.text_at
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 18)
    for number, line in enumerate(slide.lines):
        bullet = "" if slide.charts else "\u2022  "
        canvas.drawString(x, y - number * (26 if slide.charts else 44), bullet + line)
