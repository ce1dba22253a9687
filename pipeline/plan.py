"""Plan the resolution of every page, pure: geometry and font sizes in, sizes of page images out. No pixels.

The constants come from a measurement on 83 pages, scans and slides among them (docs/legibility.md): at 10 pixels per em of the page's
smaller print, 13 where rows of numbers are, 99 % of the numbers are read that are read at all, at 15 all but one in 200, and looking again
1.6 times finer where they disagree with the text layer brings most of the rest.
"""

from pipeline.tokens import page_grid
from schemas.batch import PageImage
from schemas.document import Box, Document, Page
from schemas.preset import ImageLimits

SURVEY_EM_PX = 10.0
SURVEY_NUMBERS_EM_PX = 13.0
"""Of pages with rows of numbers, half of the pages that have numbers at all: most of what is misread at 10 stands there."""
SURVEY_UNCHECKED_EM_PX = 12.0
READ_EM_PX = 15.0
READ_UNCHECKED_EM_PX = 20.0
"""Of pages without a text layer: nothing tells there that a finer look is needed."""
SURVEY_DPI = (72.0, 130.0)
READ_DPI = (110.0, 220.0)
USUAL_FONT_PT = 7.0
"""What is assumed where nothing tells how small a page is printed."""
FINER = 1.6
"""From one look at a page to the next finer one: two and a half times the tokens."""
WORTH_ASKING_AGAIN = 1.2
POINTS_PER_INCH = 72


def survey_dpi(page: Page) -> float:
    """Return the coarsest resolution at which the page's text is still legible."""
    if not page.text_layer_chars:
        return _resolution(page, SURVEY_UNCHECKED_EM_PX, SURVEY_DPI)
    return _resolution(page, SURVEY_NUMBERS_EM_PX if page.number_bands else SURVEY_EM_PX, SURVEY_DPI)


def read_dpi(page: Page) -> float:
    """Return the resolution at which tables and charts are read first, and pages that answer a question together."""
    return _resolution(page, READ_EM_PX if page.text_layer_chars else READ_UNCHECKED_EM_PX, READ_DPI)


def finer(document: Document, image: PageImage, limits: ImageLimits) -> PageImage | None:
    """Return the image at the next finer resolution; None if the model, or the scan itself, shows no more than this one does."""
    page = document.page(image.page_no)
    dpi = _no_finer_than_the_scan(page, image.dpi * FINER)
    next_image = page_image(document, page, dpi, limits, image.crop)
    return next_image if next_image.tokens > image.tokens * WORTH_ASKING_AGAIN else None


def page_image(document: Document, page: Page, dpi: float, limits: ImageLimits, crop: Box | None = None) -> PageImage:
    """Return the image of the page, or of a crop of it, on the model's grid at about `dpi`."""
    width, height = page.width_pt, page.height_pt
    if crop:
        width, height = width * (crop.x1 - crop.x0), height * (crop.y1 - crop.y0)
    grid = page_grid(width, height, dpi, limits)
    return PageImage(
        doc_id=document.doc_id,
        page_no=page.page_no,
        width=grid.width,
        height=grid.height,
        tokens=grid.tokens,
        dpi=round(grid.width / width * POINTS_PER_INCH, 1),
        crop=crop,
    )


def survey_images(document: Document, limits: ImageLimits) -> tuple[PageImage, ...]:
    """Return the survey image of every page that is not blank."""
    return tuple(page_image(document, page, survey_dpi(page), limits) for page in document.pages if not page.is_blank)


def _resolution(page: Page, em_px: float, bounds: tuple[float, float]) -> float:
    dpi = em_px * POINTS_PER_INCH / (page.font_size_pt or USUAL_FONT_PT)
    return _no_finer_than_the_scan(page, _clamp(dpi, bounds))


def _no_finer_than_the_scan(page: Page, dpi: float) -> float:
    return min(dpi, page.image_dpi) if page.image_dpi else dpi


def _clamp(value: float, bounds: tuple[float, float]) -> float:
    return max(bounds[0], min(bounds[1], value))
