"""What is where on a page: its lines, its regions, and the survey of consecutive pages."""

import re
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.ocr import read_lines
from pipeline.embedded.reading import Line, Reading, Rect, Region, Word
from pipeline.embedded.tables.facsimile import look
from pipeline.embedded.tables.grid import inside, overlap
from pipeline.embedded.tables.rules import find_rules
from schemas.extraction import LocatedChart, LocatedTable, ModelBox, PageKind, SurveyPage

_PAGE_HEIGHT = 792.0
"""Points that the longer side of a page image is taken to be: Letter; A4, slides and scans are near enough."""
_NUMBER = re.compile(r"[($€£¥+\-−–]*\d[\d,. ]*[)%KMBkmb]*")
_TABLE_TITLE = re.compile(r"\s*(table|tabelle|tableau|exhibit|schedule)\b", re.IGNORECASE)
_CONTINUED = re.compile(r"\(?\b(continued|cont['’.]?d?\.?)\b\)?", re.IGNORECASE)


def read_page(image: NDArray[np.uint8]) -> Reading:
    """Return the lines and regions of a page image (height, width, 3; RGB)."""
    height, width = image.shape[:2]
    lines = read_lines(image)
    sight = look(image, lines, find_rules(image), _PAGE_HEIGHT / max(height, width))
    tables = [table.rect for table in sight.tables]
    others = [region for region in sight.regions if region.kind != "table" and not _within(region.rect, tables)]
    regions = [*(Region("table", rect) for rect in tables), *(_judged(image, lines, region) for region in others)]
    return Reading(width, height, lines, tuple(sorted(regions, key=lambda region: (region.rect.y0, region.rect.x0))))


def survey_pages(pages: Sequence[tuple[int, int, Reading]]) -> tuple[SurveyPage, ...]:
    """Return the survey of `pages`, each (document number, page number, reading), in order.

    A table continues the page before only if that page is here too, is the one before it and of the same document.
    """
    before: dict[tuple[int, int], Reading] = {(doc, page): reading for doc, page, reading in pages}
    return tuple(_surveyed(doc, page, reading, before.get((doc, page - 1))) for doc, page, reading in pages)


def survey(doc: int, page: int, reading: Reading) -> SurveyPage:
    """Return the survey of one page on its own, of which no table is a continuation."""
    return _surveyed(doc, page, reading, None)


def continues(previous: Reading, current: Reading) -> bool:
    """Whether the first table of `current` is the continuation of the last table of `previous`."""
    last, first = _tables(previous)[-1:], _tables(current)[:1]
    if not last or not first:
        return False
    title = title_above(current, first[0])
    if title and not _CONTINUED.search(title) and title != title_above(previous, last[0]):
        return False
    return _ends_page(previous, last[0]) and _starts_page(current, first[0]) and _same_columns(previous, last[0], current, first[0])


def title_above(reading: Reading, table: Rect) -> str:
    """Return the title printed above `table`, or an empty string."""
    near = [
        region
        for region in reading.regions
        if region.kind in {"title", "caption", "text"}
        and -0.5 * _line_height(reading) < table.y0 - region.rect.y1 < 2.5 * _line_height(reading)
        and overlap((region.rect.x0, region.rect.x1), (table.x0, table.x1)) > 0
    ]
    for region in sorted(near, key=lambda region: -region.rect.y1):
        text = " ".join(line.text for line in reading.lines if inside(line.rect, region.rect) > 0.5)
        if text and (region.kind != "text" or _TABLE_TITLE.match(text)):
            return text
    return ""


def _surveyed(doc: int, page: int, reading: Reading, previous: Reading | None) -> SurveyPage:
    follows = previous is not None and continues(previous, reading)
    tables = tuple(
        LocatedTable(box=_model_box(reading, rect), title=title_above(reading, rect) or None, continues=follows and i == 0)
        for i, rect in enumerate(_tables(reading))
    )
    charts = tuple(
        LocatedChart(box=_model_box(reading, region.rect)) for region in reading.regions if region.kind == "chart"
    )
    return SurveyPage(doc=doc, page=page, kind=_page_kind(reading), tables=tables, charts=charts)


def _page_kind(reading: Reading) -> PageKind:
    area = reading.width * reading.height
    shares = {kind: sum(_area(r.rect) for r in reading.regions if r.kind == kind) / area for kind in ("table", "chart")}
    if not reading.lines:
        return "blank" if not reading.regions else "other"
    if max(shares.values()) > 0.15:
        return "table" if shares["table"] >= shares["chart"] else "chart"
    if reading.width > reading.height:
        return "slide"
    return "text"


def _tables(reading: Reading) -> list[Rect]:
    return [region.rect for region in reading.regions if region.kind == "table"]


def _within(rect: Rect, others: Sequence[Rect]) -> bool:
    return any(inside(rect, other) > 0.8 for other in others)


def _judged(image: NDArray[np.uint8], lines: Sequence[Line], region: Region) -> Region:
    if region.kind == "picture" and _looks_like_chart(image, lines, region.rect):
        return region._replace(kind="chart")
    return region


def _looks_like_chart(image: NDArray[np.uint8], lines: Sequence[Line], rect: Rect) -> bool:
    words = [word for line in lines for word in line.words if inside(word.rect, rect) > 0.5]
    numbers = [word for word in words if _NUMBER.fullmatch(word.text)]
    return len(numbers) >= 3 and _flatness(image, rect) > 0.3


def _flatness(image: NDArray[np.uint8], rect: Rect) -> float:
    """Return the share of pixels that equal their neighbors: near 1 in drawings, near 0 in photographs."""
    x0, y0, x1, y1 = (int(side) for side in rect)
    gray = cv2.cvtColor(image[max(y0, 0) : y1, max(x0, 0) : x1], cv2.COLOR_RGB2GRAY).astype(np.int16)
    return float((np.abs(np.diff(gray, axis=1)) <= 2).mean()) if gray.size else 0.0


def _ends_page(reading: Reading, table: Rect) -> bool:
    return not any(region.rect.y0 > table.y1 for region in _body(reading, table))


def _starts_page(reading: Reading, table: Rect) -> bool:
    return not any(region.rect.y1 < table.y0 and region.kind != "title" for region in _body(reading, table))


def _body(reading: Reading, table: Rect) -> list[Region]:
    return [region for region in reading.regions if region.kind not in {"header", "footer", "footnote"} and region.rect != table]


def _same_columns(previous: Reading, last: Rect, current: Reading, first: Rect) -> bool:
    tolerance = 0.03
    old = (last.x0 / previous.width, last.x1 / previous.width)
    new = (first.x0 / current.width, first.x1 / current.width)
    return abs(old[0] - new[0]) < tolerance and abs(old[1] - new[1]) < 2 * tolerance


def _line_height(reading: Reading) -> float:
    heights = [word.rect.y1 - word.rect.y0 for word in _words(reading)]
    return float(np.median(heights)) if heights else 1.0


def _words(reading: Reading) -> list[Word]:
    return [word for line in reading.lines for word in line.words]


def _area(rect: Rect) -> float:
    return (rect.x1 - rect.x0) * (rect.y1 - rect.y0)


def _model_box(reading: Reading, rect: Rect) -> ModelBox:
    xs, ys = (1000 / reading.width, 1000 / reading.height)
    box = (rect.x0 * xs, rect.y0 * ys, rect.x1 * xs, rect.y1 * ys)
    return tuple(min(max(round(side), 0), 1000) for side in box)
