"""A page image set as a PDF page again: its words as invisible text, its ruled lines as vectors, so that PyMuPDF can read it.

PyMuPDF's layout model and its table finder need a page that has text. Laying the recognised words over the image gives
them one; on an image alone they see nothing. The only module of the embedded reader that calls PyMuPDF, which is not
thread-safe: one process, one page at a time.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import pymupdf
import pymupdf.layout
from numpy.typing import NDArray

from pipeline.embedded.reading import Line, Rect, Region, RegionKind, Word
from pipeline.embedded.tables.grid import Grid, GridCell, hull
from pipeline.embedded.tables.rules import Rules

_FONT = "helv"
_ASCENT, _DESCENT = 1.075, 0.299
"""Of Helvetica as MuPDF sets it, in ems: a word's box is as high as both together."""
_PHRASE_GAP = 0.8
"""Words of a line closer than this many line heights are set as one string, as a PDF would."""
_KINDS: dict[str, RegionKind] = {
    "table": "table",
    "picture": "picture",
    "title": "title",
    "section-header": "title",
    "list-item": "list",
    "caption": "caption",
    "page-header": "header",
    "page-footer": "footer",
    "footnote": "footnote",
    "formula": "formula",
}


class LocatedGrid(NamedTuple):
    """A table that PyMuPDF found: where, in pixels, and its empty grid."""

    rect: Rect
    grid: Grid


class Sight(NamedTuple):
    """What PyMuPDF sees on an image: its regions and the grids of its tables, in pixels."""

    regions: tuple[Region, ...]
    tables: tuple[LocatedGrid, ...]


def look(image: NDArray[np.uint8], lines: Sequence[Line], rules: Rules, scale: float) -> Sight:
    """Return the regions and tables of `image` (height, width, 3; RGB) with its `lines`; one pixel is `scale` points."""
    with pymupdf.open() as document:
        page = _compose(document, image, lines, rules, scale)
        groups = page.get_layout(return_raw=True) or page.layout_information or []
        finder = page.find_tables(union=True, refine=True)
        tables = finder.tables if finder else []
        return Sight(
            tuple(Region(_KINDS.get(group["class_name"], "text"), _pixels(group["group_bbox"], scale)) for group in groups),
            tuple(LocatedGrid(_pixels(table.bbox, scale), _grid(table, scale)) for table in tables),
        )


def _pixels(box: Sequence[float], scale: float) -> Rect:
    return Rect(*(float(side) / scale for side in box[:4]))


def _grid(table: pymupdf.table.Table, scale: float) -> Grid:
    taken: set[tuple[int, int]] = set()
    cells = []
    for row, placements in enumerate(table.placements or []):
        col = 0
        for placement in placements:
            while (row, col) in taken:
                col += 1
            rows, cols = placement.rowspan, placement.colspan
            taken.update((row + i, col + j) for i in range(rows) for j in range(cols))
            if placement.bbox:  # an empty placement has none
                cells.append(GridCell(row, col, rows, cols, _pixels(placement.bbox, scale), ""))
    n_rows = max((row + 1 for row, _ in taken), default=0)
    return Grid(n_rows, max((col + 1 for _, col in taken), default=0), tuple(cells))


def _compose(document: pymupdf.Document, image: NDArray[np.uint8], lines: Sequence[Line], rules: Rules, scale: float) -> pymupdf.Page:
    height, width = image.shape[:2]
    page = document.new_page(width=width * scale, height=height * scale)
    page.insert_font(fontname=_FONT)
    page.insert_image(page.rect, stream=_encoded(image))
    streams = [document.xref_stream(xref) for xref in page.get_contents()]
    xref = document.get_new_xref()
    document.update_object(xref, "<<>>")
    document.update_stream(xref, b"\n".join([*streams, _content(lines, rules, scale, page.rect.height)]))
    page.set_contents(xref)
    return page


def _encoded(image: NDArray[np.uint8]) -> bytes:
    _, buffer = cv2.imencode(".png", image[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return buffer.tobytes()


def _content(lines: Sequence[Line], rules: Rules, scale: float, height: float) -> bytes:
    words = [_set_word(word, scale, height) for line in lines for word in _phrases(line)]
    strokes = [_set_rule(rect, scale, height) for rect in (*rules.horizontal, *rules.vertical)]
    return "\n".join(["q BT 3 Tr", *words, "ET Q q 0 g", *strokes, "Q"]).encode("latin-1")


def _phrases(line: Line) -> list[Word]:
    phrases: list[Word] = []
    for word in line.words:
        gap = _PHRASE_GAP * (word.rect.y1 - word.rect.y0)
        if phrases and not word.is_vertical and 0 <= word.rect.x0 - phrases[-1].rect.x1 + 1 < gap:
            last = phrases.pop()
            phrases.append(last._replace(text=f"{last.text} {word.text}", rect=hull((last.rect, word.rect))))
        else:
            phrases.append(word)
    return phrases


def _set_rule(rect: Rect, scale: float, height: float) -> str:
    x0, y0, x1, y1 = (side * scale for side in rect)
    return f"{x0:.2f} {height - y1:.2f} {x1 - x0:.2f} {y1 - y0:.2f} re f"


def _set_word(word: Word, scale: float, height: float) -> str:
    x0, y0, x1, y1 = (side * scale for side in word.rect)
    text = word.text.encode("latin-1", "replace").decode("latin-1")
    along, across = (y1 - y0, x1 - x0) if word.is_vertical else (x1 - x0, y1 - y0)
    size = max(across / (_ASCENT + _DESCENT), 1.0)
    stretch = 100 * along / max(pymupdf.get_text_length(text, _FONT, size), 0.1)
    drop = _DESCENT * size
    place = f"0 1 -1 0 {x1 - drop:.2f} {height - y1:.2f}" if word.is_vertical else f"1 0 0 1 {x0:.2f} {height - y1 + drop:.2f}"
    return f"/{_FONT} {size:.2f} Tf {stretch:.1f} Tz {place} Tm ({_escaped(text)}) Tj"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
