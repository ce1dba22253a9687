"""The tables and charts that pages probably hold, pure: what there will be to read, before the survey has located it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.document import NumberBand, Page

SCAN_BANDS = (NumberBand(0.2, 0.6, 40),)
"""What a page without a text layer is taken to hold: one table or chart."""
PAGE_END, PAGE_START = 0.85, 0.15
"""A band that begins above the second follows one of the page before that ends below the first: one table."""


class Site(NamedTuple):
    """A table or chart that there probably is: its parts, page by page."""

    parts: tuple[tuple[Page, NumberBand], ...]

    @property
    def n_cells(self) -> int:
        """Cells of all parts."""
        return sum(band.n_cells for _, band in self.parts)


def probable_sites(pages: Sequence[Page]) -> Iterator[Site]:
    """Yield the tables and charts that the pages probably hold; one that goes on over a page break is one."""
    parts: list[tuple[Page, NumberBand]] = []
    for page in pages:
        bands = page.number_bands if page.text_layer_chars or page.is_blank else SCAN_BANDS
        for number, band in enumerate(bands):
            follows = number == 0 and parts and _goes_on(parts[-1], page, band)
            if parts and not follows:
                yield Site(tuple(parts))
                parts = []
            parts.append((page, band))
    if parts:
        yield Site(tuple(parts))


def _goes_on(last: tuple[Page, NumberBand], page: Page, band: NumberBand) -> bool:
    return last[0].page_no == page.page_no - 1 and last[1].y1 > PAGE_END and band.y0 < PAGE_START
