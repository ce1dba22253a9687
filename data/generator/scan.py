"""A scanned report: drawn as a PDF, then made into crooked, noisy gray images without a text layer."""

import io
from collections.abc import Iterable
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import pymupdf
from reportlab.pdfgen.canvas import Canvas

from data.generator.flowables import SERIF
from data.generator.pdf import LETTER, Layout, Leaf, Product, make_document
from data.generator.script import Design, Script, read_text
from data.generator.tables import Cell, TableSpec, data, head, total
from data.generator.truth import Box, DocumentTruth, Region

Gray: TypeAlias = npt.NDArray[np.uint8]

DPI = 170
SKEWS = (0.7, -0.9, 1.1, -0.6)
"""Degrees by which each page lies askew, counterclockwise."""
NOISE = 5.0
PAPER = 246
QUALITY = 58
SEED = 31
MARGIN = 72.0


def make_scan() -> tuple[Product, Product]:
    """The scan, and the document as it was before it was scanned."""
    tables = (_ratings(), _thickness(), _costs())
    script = Script(
        text=read_text("inspection.txt"),
        facts={},
        tables={spec.key: spec for spec in tables},
        charts={},
        design=Design(text=SERIF, headings=SERIF, size=11.0, heading_size=14.0),
    )
    clean = make_document("inspection-scan.pdf", script, _layout())
    return Product(scanned(clean.pdf), _tilted(clean.truth)), clean


def scanned(pdf: bytes, dpi: int = DPI, skews: Iterable[float] = SKEWS, noise: float = NOISE, quality: int = QUALITY) -> bytes:
    """The pages, as many as there are skews, as JPEG images in a PDF: skewed by so many degrees, and noisy."""
    random = np.random.default_rng(SEED)
    with pymupdf.open(stream=pdf, filetype="pdf") as clean, pymupdf.open() as scan:
        for page, skew in zip(clean, skews, strict=False):
            pixels = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
            gray = np.frombuffer(pixels.samples, dtype=np.uint8).reshape(pixels.height, pixels.width)
            image = _jpeg(_worn(_turned(gray, skew), random, noise), quality)
            scan.new_page(width=page.rect.width, height=page.rect.height).insert_image(page.rect, stream=image)
        buffer = io.BytesIO()
        scan.save(buffer, garbage=4, deflate=True, no_new_id=True)
        return buffer.getvalue()


def _turned(gray: Gray, degrees: float) -> Gray:
    height, width = gray.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(gray, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255,))
    return np.asarray(turned, dtype=np.uint8)


def _worn(gray: Gray, random: np.random.Generator, noise: float) -> Gray:
    """Soft edges, a paper tone that darkens toward one edge, and grain."""
    soft = cv2.GaussianBlur(gray, (0, 0), 0.6).astype(np.float64)
    shade = np.linspace(PAPER - 8, PAPER, gray.shape[1])[np.newaxis, :]
    grain = random.normal(0.0, noise, gray.shape)
    return np.clip(30 + soft / 255 * (shade - 30) + grain, 0, 255).astype(np.uint8)


def _jpeg(gray: Gray, quality: int) -> bytes:
    _, encoded = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def _tilted(truth: DocumentTruth) -> DocumentTruth:
    """The truth with boxes that hold the skewed tables."""
    tables = [
        table.model_copy(update={"regions": tuple(Region(page=r.page, box=_tilt(r.box, SKEWS[r.page - 1])) for r in table.regions)})
        for table in truth.tables
    ]
    return truth.model_copy(update={"tables": tuple(tables)})


def _tilt(box: Box, degrees: float) -> Box:
    width, height = LETTER
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    x0, y0, x1, y1 = box
    corners = np.array([(x * width, y * height, 1.0) for x in (x0, x1) for y in (y0, y1)]) @ turn.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    edges = (low[0] / width, low[1] / height, high[0] / width, high[1] / height)
    return (round(edges[0], 4), round(edges[1], 4), round(edges[2], 4), round(edges[3], 4))


def _layout() -> Layout:
    width, height = LETTER

    def frame(canvas: Canvas, _: object) -> None:
        canvas.setFont("Times-Roman", 9)
        canvas.drawString(MARGIN, height - 46, "Harbor Authority of Port Lindqvist")
        canvas.drawRightString(width - MARGIN, height - 46, "Report HA-2023-117")
        canvas.drawCentredString(width / 2, 40, f"Page {canvas.getPageNumber()} of 3")

    body = (MARGIN, 64.0, width - 2 * MARGIN, height - 130.0)
    return Layout("Inspection of berths 4 to 7", LETTER, (Leaf("body", (body,), frame),))


def _ratings() -> TableSpec:
    rows = [
        head(Cell("Element", row_span=2), Cell("Condition rating", col_span=4), Cell("Action by", row_span=2)),
        head("Berth 4", "Berth 5", "Berth 6", "Berth 7"),
        data("Sheet pile wall", "3", "2", "4", "3", "2025"),
        data("Concrete deck", "2", "2", "3", "2", "2027"),
        data("Fenders", "4", "1", "2", "5", "2024"),
        data("Bollards", "1", "1", "2", "2", "2029"),
        data("Ladders", "2", "3", "3", "4", "2024"),
        data("Cathodic protection", "5", "3", "4", "4", "2024"),
        data("Drainage", "2", "1", "2", "2", "2028"),
    ]
    return TableSpec(
        key="ratings",
        title="Table 1. Condition of elements (1 = as new, 5 = replace at once)",
        rows=tuple(rows),
        widths=(128.0, 62.0, 62.0, 62.0, 62.0, 80.0),
        look="ruled",
        font_size=10.5,
    )


def _thickness() -> TableSpec:
    rows = [
        head("Station", "Level (m)", "As built (mm)", "Measured (mm)", "Loss (%)"),
        data("4-A", "+1.5", "12.7", "11.9", "6.3"),
        data("4-B", "\u22120.5", "12.7", "9.8", "22.8"),
        data("5-A", "+1.5", "12.7", "12.2", "3.9"),
        data("5-B", "\u22120.5", "12.7", "11.4", "10.2"),
        data("6-A", "+1.5", "11.0", "9.1", "17.3"),
        data("6-B", "\u22120.5", "11.0", "7.6", "30.9"),
        data("6-C", "\u22124.0", "11.0", "9.9", "10.0"),
        data("7-A", "+1.5", "11.0", "10.3", "6.4"),
        data("7-B", "\u22120.5", "11.0", "8.8", "20.0"),
        data("7-C", "\u22124.0", "11.0", "10.1", "8.2"),
    ]
    return TableSpec(
        key="thickness",
        title="Table 2. Thickness of the sheet piles",
        subtitle="Mean of five ultrasonic readings at each station",
        rows=tuple(rows),
        widths=(80.0, 80.0, 95.0, 95.0, 80.0),
        font_size=10.5,
    )


def _costs() -> TableSpec:
    rows = [
        head("Work", "Quantity", "Unit price", "Amount"),
        data("Anodes, berths 4, 6 and 7", "186", "1,150", "213,900"),
        data("Fender panels, berth 7", "14", "8,400", "117,600"),
        data("Fender panels, berth 4", "9", "8,400", "75,600"),
        data("Ladders", "11", "2,300", "25,300"),
        data("Plates on sheet piles, berth 6", "32", "1,875", "60,000"),
        total("Sum", "", "", "492,400"),
    ]
    return TableSpec(
        key="costs",
        title="Table 3. Estimated cost of repairs (US dollars)",
        rows=tuple(rows),
        widths=(190.0, 70.0, 80.0, 90.0),
        currency="USD",
        font_size=10.5,
    )
