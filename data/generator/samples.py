"""All sample documents with the text of their pages."""

from typing import NamedTuple

import pymupdf

from data.generator.crossing.cases import make_crossing_tables
from data.generator.northwind.layout import report_layout
from data.generator.northwind.reports import report_script
from data.generator.paper import make_paper
from data.generator.pdf import Product, make_document
from data.generator.price_list import make_price_list
from data.generator.scan import make_scan
from data.generator.slides import make_slides


class Sample(NamedTuple):
    """A document and the text of each page, known even where the document itself is only an image."""

    product: Product
    texts: tuple[str, ...]


def all_samples() -> tuple[Sample, ...]:
    """Every sample document."""
    with_text = [make_document(f"northwind-annual-report-{year}.pdf", report_script(year), report_layout(year)) for year in (2022, 2023)]
    with_text += [make_paper(), make_slides(), make_crossing_tables()]
    images = [make_scan(), make_price_list()]
    return (
        *(Sample(product, page_texts(product.pdf)) for product in with_text),
        *(Sample(product, page_texts(clean.pdf)) for product, clean in images),
    )


def page_texts(pdf: bytes) -> tuple[str, ...]:
    """The text layer of each page."""
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        return tuple(page.get_text() for page in document)
