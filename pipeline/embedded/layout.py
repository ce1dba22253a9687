"""What is where on a page: its lines, its regions, and the survey of consecutive pages."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.crossing import Joint, furniture, joint
from pipeline.embedded.ocr import read_lines
from pipeline.embedded.pictures import (
    find_marks,
    has_bars,
    has_colored_boxes,
    has_marks,
    is_chart,
    is_figure,
    split_charts,
    with_strokes,
    with_title,
)
from pipeline.embedded.reading import Line, Reading, Rect, Region, Word
from pipeline.embedded.tables.bare import bare_table
from pipeline.embedded.tables.facsimile import LocatedGrid, Sight, look
from pipeline.embedded.tables.grid import area, hull, inside
from pipeline.embedded.tables.notes import notes_around
from pipeline.embedded.tables.rules import Rules, find_rules
from pipeline.embedded.tables.skew import find_skew, turned, turned_back
from schemas.extraction import LocatedChart, LocatedTable, ModelBox, PageKind, SurveyPage

_PAGE_HEIGHT = 792.0
"""Points that the longer side of a page image is taken to be: Letter; A4, slides and scans are near enough."""
_CONTENTS = re.compile(r"\s*(?:table\s+of\s+)?contents\s*|\s*index\s*|\s*(?:inhalt|sommaire)\w*\s*", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^[^\d,%$]*(\d{1,3})$")
_LABEL = re.compile(r"(?:table|exhibit)\s+\w{1,4}[.:]", re.IGNORECASE)
_NUMBERS_REPORTED = 8


def read_page(image: NDArray[np.uint8]) -> Reading:
    """Return the lines and regions of a page image (height, width, 3; RGB), in the pixels of that image."""
    height, width = image.shape[:2]
    angle = find_skew(image)
    upright = turned_back(image, angle)
    lines = read_lines(upright)
    rules = find_rules(upright, lines)
    sight = look(upright, lines, rules, _PAGE_HEIGHT / max(height, width))
    regions = _regions(upright, lines, rules, sight)
    turned_regions = [region._replace(rect=turned(region.rect, angle, width, height)) for region in regions]
    ordered = sorted(turned_regions, key=lambda region: (region.rect.y0, region.rect.x0))
    return Reading(width, height, tuple(_turned_line(line, angle, width, height) for line in lines), tuple(ordered))


class Surveyed(NamedTuple):
    """Where a survey stands: the page read last, and the one on which its last table began; none before the first page."""

    doc: int
    start: Reading
    last: Reading


def survey_pages(pages: Sequence[tuple[int, int, Reading]]) -> tuple[SurveyPage, ...]:
    """Return the survey of `pages`, each (document number, page number, reading), in the same order.

    A table continues the page before only if that page is here too, just before, and of the same document; blank pages do not count.
    """
    found: list[SurveyPage] = []
    before: Surveyed | None = None
    for doc, page, reading in pages:
        found.append(survey(doc, page, reading, before))
        before = after(found[-1], reading, before)
    return tuple(found)


def survey(doc: int, page: int, reading: Reading, before: Surveyed | None = None) -> SurveyPage:
    """Return the survey of one page, which follows what was surveyed `before`."""
    kind = _page_kind(reading)
    how: Joint = joint(before.start, before.last, reading) if before and before.doc == doc and kind != "contents" else "none"
    tables = tuple(
        LocatedTable(
            box=_model_box(reading, rect),
            title=_title(reading, rect) or None,
            continues=how == "rows" and i == 0,
            adds_columns=how == "columns" and i == 0,
        )
        for i, rect in enumerate(_tables(reading))
    )
    charts = tuple(LocatedChart(box=_model_box(reading, region.rect)) for region in reading.regions if region.kind == "chart")
    shown = () if kind == "contents" else tables
    return SurveyPage(doc=doc, page=page, kind=kind, tables=shown, charts=charts, numbers=smallest_numbers(reading.lines))


def after(page: SurveyPage, reading: Reading, before: Surveyed | None) -> Surveyed | None:
    """Return where a survey stands after a page."""
    if page.kind == "blank":
        return before
    return Surveyed(page.doc, before.start if before and page.goes_on else reading, reading)


def _regions(image: NDArray[np.uint8], lines: Sequence[Line], rules: Rules, sight: Sight) -> list[Region]:
    marks = find_marks(image, lines, rules)
    bare = bare_table(image.shape[1], image.shape[0], lines, rules)
    if bare and not marks and not has_bars(image, lines):
        return [Region("table", bare)]
    strokes = (*marks, *rules.horizontal, *rules.vertical)
    headings = [region.rect for region in sight.regions if region.kind in {"title", "caption"}]
    tables, charts = _parted(image, lines, marks, sight.tables, headings)
    if _is_figure(image, lines, marks, sight, tables):
        return [Region("chart", Rect(0.0, 0.0, float(image.shape[1]), float(image.shape[0])))]
    drawn = [region.rect for region in sight.regions if region.kind == "picture" and not _is_in(region.rect, tables)]
    pictures = [Region("picture", rect) for rect in drawn if not is_chart(image, lines, rect)]
    charts += [part for rect in drawn if is_chart(image, lines, rect) for part in split_charts(image, lines, rect)]
    free = [line for line in lines if not _is_in(line.rect, tables)]
    found = [
        *(Region("table", rect) for rect in tables),
        *(Region("chart", with_title(free, with_strokes(strokes, rect))) for rect in charts),
        *pictures,
    ]
    taken = [region.rect for region in found]
    others = (region for region in sight.regions if region.kind not in {"table", "picture"})
    return [*found, *(region for region in others if not _is_in(region.rect, taken))]


def _is_figure(image: NDArray[np.uint8], lines: Sequence[Line], marks: Sequence[Rect], sight: Sight, tables: Sequence[Rect]) -> bool:
    """Whether the page is one chart; the grid behind it passes for a table, but no table has marks."""
    located = [*tables, *(region.rect for region in sight.regions if region.kind == "picture")]
    are_drawn = all(has_marks(marks, rect) for rect in tables) or has_colored_boxes(image, lines)
    return are_drawn and is_figure(image, lines, located, marks)


def _parted(
    image: NDArray[np.uint8],
    lines: Sequence[Line],
    marks: Sequence[Rect],
    located: Sequence[LocatedGrid],
    headings: Sequence[Rect],
) -> tuple[list[Rect], list[Rect]]:
    """Return the tables, and the charts that were taken for a part of a table because they stand right below it."""
    tables, charts = list[Rect](), list[Rect]()
    labels = [line.rect for line in lines if _LABEL.match(line.text)]
    for table in located:
        parts = _cut(table.rect, headings)
        drawn = [part for part in parts if has_marks(marks, part) and is_chart(image, lines, part)]
        if drawn and len(drawn) < len(parts):
            charts += drawn
            tables += [part for part in parts if part not in drawn]
        else:
            tables += _cut(table.rect, labels)
    return _without_nested(tables), charts


def _without_nested(tables: Sequence[Rect]) -> list[Rect]:
    """Return the tables, one around others cut into what is above, between and below these: the layout model took several for one."""
    parts = list[Rect]()
    for table in tables:
        nested = sorted((other for other in tables if other != table and inside(other, table) > 0.8), key=lambda other: other.y0)
        edges = [table.y0, *(edge for other in nested for edge in (other.y0 - 1, other.y1 + 1)), table.y1]
        least = min((other.y1 - other.y0 for other in nested), default=0) / 2
        parts += [table._replace(y0=top, y1=end) for top, end in zip(edges[::2], edges[1::2], strict=True) if end - top > least]
    return parts


def _cut(table: Rect, headings: Sequence[Rect]) -> list[Rect]:
    """Return the parts of `table` that the headings inside it, if any, separate: a chart below a table, two tables."""
    parts, top = [], table.y0
    for heading in sorted(headings, key=lambda heading: heading.y0):
        if inside(heading, table) > 0.8 and heading.y0 - top > 2 * (heading.y1 - heading.y0):
            parts.append(table._replace(y0=top, y1=heading.y0 - 1))
            top = heading.y0
    return [*parts, table._replace(y0=top)]


def _turned_line(line: Line, angle: float, width: int, height: int) -> Line:
    if not angle:
        return line
    words = tuple(word._replace(rect=turned(word.rect, angle, width, height)) for word in line.words)
    return Line(words, hull(word.rect for word in words), line.score)


def smallest_numbers(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return some numbers of the smallest print: those that blur first."""
    lines = sorted(lines, key=lambda line: min(line.rect.y1 - line.rect.y0, line.rect.x1 - line.rect.x0))
    numbers = [word.text for line in lines for word in line.words if sum(map(str.isdigit, word.text)) >= 2]
    return tuple(numbers[:_NUMBERS_REPORTED])


def _page_kind(reading: Reading) -> PageKind:
    if not reading.lines:
        return "other" if reading.regions else "blank"
    if _is_contents(reading):
        return "contents"
    page = reading.width * reading.height
    shares = {kind: sum(area(r.rect) for r in reading.regions if r.kind == kind) / page for kind in ("table", "chart")}
    if max(shares.values()) > 0.15:
        return "table" if shares["table"] >= shares["chart"] else "chart"
    return "slide" if reading.width > reading.height else "text"


def _is_contents(reading: Reading) -> bool:
    """Whether a page says so and its right margin is a column of page numbers; 10-Ks link to it from every page."""
    if not any(_CONTENTS.fullmatch(line.text) for line in reading.lines if line.rect.y1 < 0.35 * reading.height):
        return False
    margin = max(line.rect.x1 for line in reading.lines) - 0.03 * reading.width
    ends = [line.words[-1].text for line in sorted(reading.lines, key=lambda line: line.rect.y0) if line.rect.x1 > margin]
    numbers = [int(found.group(1)) for text in ends if (found := _PAGE_NUMBER.search(text))]
    others = sum(word.rect.x1 <= margin and word.text.replace(",", "").isdigit() for word in _words(reading))
    is_column = len(numbers) >= 4 and len(numbers) > 0.6 * len(ends) and others < 0.5 * len(numbers)
    return is_column and numbers == sorted(numbers)


def _tables(reading: Reading) -> list[Rect]:
    return [region.rect for region in reading.regions if region.kind == "table"]


def _is_in(rect: Rect, others: Sequence[Rect]) -> bool:
    return any(inside(rect, other) > 0.8 for other in others)


def _title(reading: Reading, table: Rect) -> str:
    heads = furniture(reading)
    return notes_around([line for line in reading.lines if inside(line.rect, table) < 0.5 and line not in heads], table).title


def _words(reading: Reading) -> list[Word]:
    return [word for line in reading.lines for word in line.words]


def _model_box(reading: Reading, rect: Rect) -> ModelBox:
    box = (rect.x0 / reading.width, rect.y0 / reading.height, rect.x1 / reading.width, rect.y1 / reading.height)
    return tuple(min(max(round(1000 * side), 0), 1000) for side in box)
