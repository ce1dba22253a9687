"""Places on pages, as the model's contract wants them cited."""

from collections.abc import Sequence

from pipeline.embedded.answers.grid import Cell
from pipeline.embedded.answers.layout import hull
from pipeline.embedded.answers.seen import SeenPage
from pipeline.embedded.reading import Rect, Word
from schemas.extraction import CitedEvidence, ModelBox

_QUOTE_WORDS = 40


def cite_cell(page: SeenPage, cell: Cell) -> CitedEvidence:
    """Cite a value with its row label."""
    return CitedEvidence(
        doc=page.doc, page=page.page, box=_box(page, cell.row_rect), quote=cell.row_text or cell.text, source_kind=cell.source
    )


def cite_rect(page: SeenPage, rect: Rect, quote: str) -> CitedEvidence:
    """Cite a part of a table."""
    return CitedEvidence(doc=page.doc, page=page.page, box=_box(page, rect), quote=quote, source_kind="table")


def cite_words(page: SeenPage, words: Sequence[Word], around: int = 0) -> CitedEvidence:
    """Cite running text: of a long sentence, the part around word number `around`."""
    start = max(0, min(around - _QUOTE_WORDS // 2, len(words) - _QUOTE_WORDS))
    part = words[start : start + _QUOTE_WORDS]
    quote = " ".join(word.text for word in part)
    return CitedEvidence(doc=page.doc, page=page.page, box=_box(page, hull([word.rect for word in part])), quote=quote, source_kind="text")


def _box(page: SeenPage, rect: Rect) -> ModelBox:
    """Return `rect` in thousandths of the page image, a little larger than the ink."""
    width, height = max(1, page.reading.width), max(1, page.reading.height)
    x0, x1 = 1000 * (rect.x0 - 2) / width, 1000 * (rect.x1 + 2) / width
    y0, y1 = 1000 * (rect.y0 - 2) / height, 1000 * (rect.y1 + 2) / height
    return tuple(round(min(1000.0, max(0.0, edge))) for edge in (x0, y0, x1, y1))
