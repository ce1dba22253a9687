"""The tables of one page as longread reads them: survey, crops, table, text layer, at the resolutions of a run."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import merge, verify
from pipeline.embedded import layout
from pipeline.embedded.reading import Rect
from pipeline.embedded.tables import TablePart, read_table
from pipeline.embedded.worker import decode
from pipeline.evaluate.tables import Grid, Span
from pipeline.extract import TABLE_MARGIN
from pipeline.merge import PartialReading
from pipeline.open import open_document
from pipeline.plan import page_image, read_dpi, survey_dpi
from pipeline.rasterize import layer_words, rasterize
from schemas.document import Box, Document, Page, Source, box_of_thousandths
from schemas.located import Located, TableSite
from schemas.preset import ImageLimits
from schemas.result import Table

LIMITS = ImageLimits()


def read(path: Path, page_no: int) -> dict[str, list[Grid]]:
    """Return the tables of a page by what was used: the image alone, or the image and the PDF's text layer."""
    document = open_document(Source(uri=str(path), filename=path.name), str(path), 2**31, 20_000)
    page = document.page(page_no)
    seen = layout.survey(1, page_no, layout.read_page(_image(path, document, page, survey_dpi(page))))
    boxes = [box for table in seen.tables if (box := box_of_thousandths(table.box))]
    tables = [_table(path, document, page, box, number) for number, box in enumerate(boxes)]
    found = {"longread": [_grid(table) for table in tables]}
    if page.text_layer_chars:
        layers = layer_words(str(path), (page_no,))
        found["longread+layer"] = [_grid(verify.verify_table(table, layers), is_checked=True) for table in tables]
    return found


def _image(path: Path, document: Document, page: Page, dpi: float, crop: Box | None = None) -> NDArray[np.uint8]:
    encoded, _ = rasterize(str(path), page_image(document, page, dpi, LIMITS, crop), document.engine)
    return decode(encoded)


def _table(path: Path, document: Document, page: Page, box: Box, ordinal: int) -> Table:
    region = box.grown(*TABLE_MARGIN)
    image = _image(path, document, page, read_dpi(page), region)
    height, width = image.shape[:2]
    place = box.relative_to(region)
    edges = Rect(place.x0 * width, place.y0 * height, place.x1 * width, place.y1 * height)
    reading = read_table([TablePart(image, edges)])
    site = TableSite(doc_id=document.doc_id, parts=(Located(page_no=page.page_no, box=box),))
    (table,) = merge.merge(site, ordinal, [PartialReading(reading, site.parts, [region])])
    return table


def _grid(table: Table, *, is_checked: bool = False) -> Grid:
    """Return the texts of a table; `is_checked` puts what the text layer has in the place of a number that differs."""
    rows = [[""] * table.n_cols for _ in range(table.n_rows)]
    for cell in table.cells:
        rows[cell.row][cell.col] = (cell.layer_text or cell.text) if is_checked and cell.check == "mismatch" else cell.text
    wide = (cell for cell in table.cells if cell.row_span * cell.col_span > 1)
    return Grid(tuple(map(tuple, rows)), tuple(Span(cell.row, cell.col, cell.row_span, cell.col_span) for cell in wide))
