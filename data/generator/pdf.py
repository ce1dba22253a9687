"""Draws a script as a PDF and writes down the truth of it."""

import io
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import pymupdf
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from data.generator.charts import ChartSpec, DrawnChart, chart_truth, draw_chart
from data.generator.script import Heading, Notes, Script, flowables, new_notes
from data.generator.tables import TableSpec, table_truth
from data.generator.truth import ChartTruth, DocumentTruth, Region

Decorate: TypeAlias = Callable[[Canvas, object], None]

LETTER = (612.0, 792.0)


class Leaf(NamedTuple):
    """A kind of page: its frames as (x, y, width, height) in points and what is drawn around them."""

    name: str
    frames: tuple[tuple[float, float, float, float], ...]
    decorate: Decorate


class Layout(NamedTuple):
    """The kinds of pages of a document, the first page's kind first."""

    title: str
    size: tuple[float, float]
    leaves: tuple[Leaf, ...]


class Product(NamedTuple):
    """A finished document."""

    pdf: bytes
    truth: DocumentTruth


def make_document(name: str, script: Script, layout: Layout) -> Product:
    """Lay the script out twice, the second time with the page numbers found by the first, and lay the charts over it."""
    first = new_notes()
    _lay_out(script, layout, first, ())
    contents = tuple(heading for heading in first.headings if heading.text != "Contents" and heading.level == 1)
    notes = new_notes()
    pdf = _lay_out(script, layout, notes, contents)
    return finish(name, pdf, notes, tuple(script.tables.values()), tuple(script.charts.values()))


def finish(name: str, pdf: bytes, notes: Notes, tables: Sequence[TableSpec], charts: Sequence[ChartSpec]) -> Product:
    """Lay the charts into their gaps and gather the truth of everything that was placed."""
    placed = [spec for spec in charts if spec.key in notes.placements]
    drawn = {spec.key: draw_chart(spec) for spec in placed}
    whole, n_pages = overlay(pdf, [(drawn[spec.key], notes.placements[spec.key][0]) for spec in placed])
    truth = DocumentTruth(
        document=name,
        n_pages=n_pages,
        tables=tuple(
            sorted(
                (table_truth(spec, notes.placements[spec.key]) for spec in tables if spec.key in notes.placements),
                key=lambda table: (table.regions[0].page, table.regions[0].box[1]),
            )
        ),
        charts=tuple(sorted((_chart(spec, drawn[spec.key], notes) for spec in placed), key=_reading_order)),
    )
    return Product(whole, truth)


def overlay(pdf: bytes, charts: Sequence[tuple[DrawnChart, Region]]) -> tuple[bytes, int]:
    """The PDF with the charts drawn into their regions, and its number of pages."""
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        for chart, region in charts:
            page = document[region.page - 1]
            x0, y0, x1, y1 = region.box
            width, height = page.rect.width, page.rect.height
            with pymupdf.open(stream=chart.pdf, filetype="pdf") as drawing:
                page.show_pdf_page(pymupdf.Rect(x0 * width, y0 * height, x1 * width, y1 * height), drawing, 0)
        return document.tobytes(garbage=4, deflate=True, deflate_fonts=True, no_new_id=True), document.page_count


def _chart(spec: ChartSpec, drawn: DrawnChart, notes: Notes) -> ChartTruth:
    return chart_truth(spec, drawn, notes.placements[spec.key][0])


def _reading_order(chart: ChartTruth) -> tuple[int, float]:
    return chart.page, chart.box[1]


def _lay_out(script: Script, layout: Layout, notes: Notes, contents: tuple[Heading, ...]) -> bytes:
    buffer = io.BytesIO()
    template = BaseDocTemplate(buffer, pagesize=layout.size, title=layout.title, invariant=1, pageCompression=1)
    template.addPageTemplates(
        [
            PageTemplate(
                leaf.name,
                [Frame(*frame, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0) for frame in leaf.frames],
                onPage=leaf.decorate,
            )
            for leaf in layout.leaves
        ]
    )
    story = flowables(script, notes, contents)
    template.build(story)
    return buffer.getvalue()
