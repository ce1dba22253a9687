"""How small the print of a page is, in points: from the text layer's visible text, or, of a scan, from the height of its strokes.

Runs in a worker process.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import pymupdf
from numpy.typing import NDArray

from pipeline.hints import Span, Word

SMALLEST_FONT_PT = 3.0
"""Some PDFs carry text of under a point; nobody reads it, and it would ask for a resolution that no page needs."""
POINTS_PER_INCH = 72
STROKES_DPI = 150.0
STROKE_TO_EM = 0.53
"""A quarter of the strokes on a page are lower than this share of the em of its smaller print: median of 88 pages of the corpus, half of
them within 0.48 to 0.54, with and without scanner noise."""
FEWEST_STROKES = 50
# MuPDF's flags of a character: painted inside, painted along its outline. Text of an OCR under a scan has neither.
_PAINTED = 8 | 16
_Edges = tuple[float, float, float, float]


class TextLine(NamedTuple):
    """A run of text without a wide gap."""

    text: str
    box: _Edges
    """x0, y0, x1, y1 in points of the unrotated page."""


class TextLayer(NamedTuple):
    """What the text layer of a page has."""

    n_chars: int
    """All characters, those of an OCR under a scan too."""
    sizes: "Counter[float]"
    """How many characters that can be seen there are at each font size in points."""
    words: Sequence[Word]
    """Where they are on the upright page."""
    lines: Sequence[TextLine]
    """MuPDF breaks a line at wide gaps, so each cell of a table is one."""
    spans: Sequence[Span]
    """Where they are on the upright page."""


def text_layer(page: pymupdf.Page) -> TextLayer:
    """Return how much text a page has, how large it is printed, its words and its lines."""
    text = page.get_textpage(flags=pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES)
    n_chars = 0
    sizes: Counter[float] = Counter()
    lines = [line for block in text.extractDICT()["blocks"] for line in block.get("lines", ())]
    for span in (span for line in lines for span in line["spans"]):
        n_chars += (length := len(span["text"].strip()))
        if span["char_flags"] & _PAINTED and span["alpha"]:
            sizes[round(span["size"], 1)] += length
    told = [TextLine("".join(span["text"] for span in line["spans"]).strip(), line["bbox"]) for line in lines]
    turn = page.rotation_matrix if page.rotation else None
    spans = [_span(span, turn) for line in lines for span in line["spans"]]
    return TextLayer(n_chars, +sizes, [(*_upright(word[:4], turn), word[4]) for word in text.extractWORDS()], told, spans)


def _span(span: dict[str, Any], turn: pymupdf.Matrix | None) -> Span:
    is_bold = bool(span["flags"] & pymupdf.TEXT_FONT_BOLD)
    return Span(_upright(span["bbox"], turn), span["size"], is_bold, len(span["text"].strip()))


def _upright(box: _Edges, turn: pymupdf.Matrix | None) -> _Edges:
    if turn is None:
        return box
    x0, y0, x1, y1 = pymupdf.Rect(box) * turn
    return x0, y0, x1, y1


def smaller_print(sizes: "Counter[float]") -> float | None:
    """Return the size that a tenth of the characters do not exceed; None if no character is large enough to be read."""
    legible = sorted((size, count) for size, count in sizes.items() if size >= SMALLEST_FONT_PT)
    rank = 0.1 * sum(count for _, count in legible)
    for size, count in legible:
        rank -= count
        if rank <= 0:
            return size
    return None


def scanned_print(page: pymupdf.Page, scan_dpi: float) -> float | None:
    """Return the size in points of the smaller print of a scan, within a sixth or so; None if it shows too few strokes to tell."""
    dpi = min(STROKES_DPI, scan_dpi)
    pixmap = page.get_pixmap(dpi=int(dpi), colorspace=pymupdf.csGRAY, alpha=False)
    drawn = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
    heights = _stroke_heights(drawn)
    if len(heights) < FEWEST_STROKES:
        return None
    size = float(np.percentile(heights, 25)) / STROKE_TO_EM / dpi * POINTS_PER_INCH
    return round(size, 1) if size >= SMALLEST_FONT_PT else None


def _stroke_heights(gray: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the heights in pixels of what may be letters: neither specks nor rules nor pictures."""
    _, ink = cv2.threshold(cv2.medianBlur(gray, 3), 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    _, _, found, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height, area = (found[1:, column] for column in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    is_letter = (height >= 4) & (height <= 80) & (width <= 3 * height) & (width >= 0.2 * height) & (area >= 0.15 * height * width)
    return height[is_letter].astype(np.int32)
