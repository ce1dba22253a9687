"""What is printed on a page, put together from its lines: rows of segments (tables, charts) and sentences (prose)."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from pipeline.embedded.reading import Line, Reading, Rect, Word

_NUMERIC_WORD = re.compile(r"[(\-\u2212\u2013+]?[$€£¥]?[(\-\u2212]?\d[\d,.]*\)?%?\)?")
_TEXT_WORDS = 6
_HEADING_WORDS = 9
_SIGNS = {"$", "€", "£", "¥"}
_BULLET = re.compile(r"[•●▪■◦‣·*\-\u2013\u2014]|\(?(?:\d{1,2}|[a-z])[.)]")
_LEADER = re.compile(r"(?:\.\s?){3,}|_{3,}|…+")
_SENTENCE_END = re.compile(r"[.?!][\"'\u201d\u2019)]?$")
_NUMBERED = {"Table", "Figure", "Fig.", "Note", "Section", "Chapter", "Appendix", "Part", "Item", "Exhibit"}
_ABBREVIATION = re.compile(
    r"(?:\b(?:Inc|Corp|Co|Ltd|Mr|Mrs|Ms|Dr|No|Nos|vs|approx|Fig|St|Jr|U\.S|e\.g|i\.e|cf|al|Tab|Sec|max|min)|\b[A-Z])\.$"
)


class Segment(NamedTuple):
    """Words of one row that stand close together: a cell, a label, a piece of a text line."""

    words: tuple[Word, ...]
    rect: Rect
    text: str


class Row(NamedTuple):
    """Segments side by side, left to right."""

    segments: tuple[Segment, ...]
    rect: Rect


class Sentence(NamedTuple):
    """A sentence, a bullet or a heading; `paragraph` counts from the top of the page."""

    words: tuple[Word, ...]
    text: str
    paragraph: int
    is_bullet: bool
    is_heading: bool


class Layout(NamedTuple):
    """A page as rows and as sentences; `height` is the median height of a line in pixels."""

    rows: tuple[Row, ...]
    sentences: tuple[Sentence, ...]
    height: float


def hull(rects: Iterable[Rect]) -> Rect:
    """Return the smallest box around `rects`, of which there must be one."""
    x0s, y0s, x1s, y1s = zip(*rects, strict=True)
    return Rect(min(x0s), min(y0s), max(x1s), max(y1s))


@lru_cache(maxsize=1024)
def lay_out(reading: Reading) -> Layout:
    """Return the rows and sentences of one page. Words that run upwards (axis titles) are left out."""
    lines = [line for line in map(_upright, reading.lines) if line.words]
    if not lines:
        return Layout((), (), 10.0)
    height = median(line.rect.y1 - line.rect.y0 for line in lines)
    rows = _rows([segment for line in lines for segment in _split(line)])
    paragraphs = _paragraphs(_joined(lines), rows)
    prose = [line.rect for paragraph in paragraphs if _is_prose(paragraph) for line in paragraph]
    rows = _without_margins([_without_prose(row, prose) for row in rows], reading.height, height)
    told = [paragraph for paragraph in paragraphs if _is_prose(paragraph) or not _is_tabular(paragraph, rows)]
    return Layout(tuple(rows), tuple(_sentences(told, height)), height)


@lru_cache(maxsize=1024)
def printed_rows(reading: Reading) -> tuple[Row, ...]:
    """Return the rows of one page from top to bottom, also those that look like running text, and its margins."""
    return tuple(_rows([segment for line in map(_upright, reading.lines) if line.words for segment in _split(line)]))


def _without_margins(rows: list[Row], page_height: int, height: float) -> list[Row]:
    """Drop running heads and page numbers: rows in the outer strips of the page that stand apart from the rest."""
    start, end = 0, len(rows)
    if end > 2 and rows[0].rect.y1 < 0.07 * page_height and rows[1].rect.y0 - rows[0].rect.y1 > height:
        start = 1
    if end > 2 and rows[-1].rect.y0 > 0.92 * page_height and rows[-1].rect.y0 - rows[-2].rect.y1 > height:
        end -= 1
    return rows[start:end]


def _is_tabular(paragraph: list[Line], rows: list[Row]) -> bool:
    """True for a column of a table: most of its lines have something beside them, and they are short."""
    beside = sum(_is_cell(line, rows) for line in paragraph)
    words = sum(len(line.words) for line in paragraph)
    return beside >= 0.6 * len(paragraph) and words < 3.5 * len(paragraph)


def _is_cell(line: Line, rows: list[Row]) -> bool:
    """True for a short line with something beside it."""
    return len(line.words) < _TEXT_WORDS and any(len(row.segments) > 1 and _is_within(line.rect, row.rect) for row in rows)


def _is_prose(paragraph: list[Line]) -> bool:
    """True for running text: it must not be taken for the cells of a table beside it."""
    words = [word.text for line in paragraph for word in line.words]
    numbers = sum(bool(_NUMERIC_WORD.fullmatch(word)) for word in words)
    return len(paragraph) >= 3 and len(words) >= 5 * len(paragraph) and numbers < 0.2 * len(words)


def _without_prose(row: Row, prose: list[Rect]) -> Row:
    kept = tuple(s for s in row.segments if not any(_is_within(s.rect, rect) for rect in prose))
    return Row(kept, hull([s.rect for s in kept])) if kept else row


def _is_within(inner: Rect, outer: Rect) -> bool:
    middle = (inner.y0 + inner.y1) / 2
    return outer.y0 <= middle <= outer.y1 and outer.x0 - 2 <= inner.x0 and inner.x1 <= outer.x1 + 2


def _upright(line: Line) -> Line:
    words = tuple(_rejoined(sorted((word for word in line.words if not word.is_vertical), key=lambda word: word.rect.x0)))
    return line if words == line.words else Line(words, hull([w.rect for w in words]) if words else line.rect, line.score)


def _rejoined(words: list[Word]) -> list[Word]:
    """Join "1 17,600" and "91 .4": recognition cuts numbers beside the narrow 1 and before a point."""
    joined: list[Word] = []
    for word in words:
        last = joined[-1] if joined else None
        if last and _is_cut_number(last, word):
            joined[-1] = Word(last.text + word.text, hull([last.rect, word.rect]), min(last.score, word.score))
        else:
            joined.append(word)
    return joined


def _is_cut_number(a: Word, b: Word) -> bool:
    is_near = b.rect.x0 - a.rect.x1 < 0.45 * (a.rect.y1 - a.rect.y0)
    return is_near and bool(
        re.search(r"(?:^|[^\w,.])\d*1$", a.text) and re.fullmatch(r"(?:\d{1,2}(?:,\d{3})+|\d?\.\d+|\.\d+)\S?\.?,?", b.text)
    )


def _split(line: Line) -> list[Segment]:
    """Cut a line where the gap is wider than a word space; nearer where a number begins or ends a cell."""
    height = max(1.0, line.rect.y1 - line.rect.y0)
    groups: list[list[Word]] = [[]]
    for word in line.words:
        if _LEADER.fullmatch(word.text):
            groups.append([])
            continue
        if groups[-1] and _is_gap(groups[-1][-1], word, height):
            groups.append([])
        groups[-1].append(word)
    return [segment_of(group) for group in groups if group]


def _is_gap(left: Word, right: Word, height: float) -> bool:
    gap = right.rect.x0 - left.rect.x1
    if left.text in {*_SIGNS, "("} or right.text in {"%", ")", ")%"}:
        return False
    touches_number = bool(_NUMERIC_WORD.fullmatch(left.text) or _NUMERIC_WORD.fullmatch(right.text))
    return gap > (0.65 if touches_number else 1.1) * height


def segment_of(words: Sequence[Word]) -> Segment:
    """Return `words` as one segment."""
    text = _LEADER.sub(" ", " ".join(word.text for word in words)).strip()
    return Segment(tuple(words), hull([word.rect for word in words]), text)


def _rows(segments: list[Segment]) -> list[Row]:
    """Put segments whose middles are level into rows."""
    groups: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda s: (s.rect.y0 + s.rect.y1, s.rect.x0)):
        if groups and _is_level(groups[-1][0].rect, segment.rect):
            groups[-1].append(segment)
        else:
            groups.append([segment])
    rows = (tuple(_priced(sorted(group, key=lambda s: s.rect.x0))) for group in groups)
    return [Row(row, hull([s.rect for s in row])) for row in rows if row]


def _priced(segments: list[Segment]) -> Iterable[Segment]:
    """Join a currency sign that stands alone at the left of its column to the number after it."""
    sign: tuple[Word, ...] = ()
    for segment in segments:
        if segment.text in _SIGNS:
            sign = segment.words
        else:
            yield segment_of(sign + segment.words) if sign and _NUMERIC_WORD.match(segment.text) else segment
            sign = ()


def _is_level(a: Rect, b: Rect) -> bool:
    return abs((a.y0 + a.y1) - (b.y0 + b.y1)) < 1.1 * min(a.y1 - a.y0, b.y1 - b.y0)


def _sentences(paragraphs: list[list[Line]], height: float) -> Iterable[Sentence]:
    for number, paragraph in enumerate(paragraphs):
        words = [word for line in paragraph for word in line.words]
        is_bullet = _is_bullet(paragraph[0])
        is_heading = len(words) <= 14 and not _SENTENCE_END.search(words[-1].text) and _is_heading(paragraph, height)
        for sentence in _cut(words):
            text = " ".join(word.text for word in sentence)
            yield Sentence(tuple(sentence), text, number, is_bullet, is_heading)


def _is_heading(paragraph: list[Line], height: float) -> bool:
    tall = median(line.rect.y1 - line.rect.y0 for line in paragraph) > 1.15 * height
    return tall or (len(paragraph) == 1 and len(paragraph[0].words) <= 10 and paragraph[0].words[0].text[:1].isalnum())


def _joined(lines: list[Line]) -> list[Line]:
    """Join lines that stand level with no more than a wide word space between them."""
    joined: list[Line] = []
    for line in sorted(lines, key=lambda a: (round((a.rect.y0 + a.rect.y1) / 8), a.rect.x0)):
        last = joined[-1] if joined else None
        if last and _is_level(last.rect, line.rect) and -2 < line.rect.x0 - last.rect.x1 < last.rect.y1 - last.rect.y0:
            joined[-1] = Line(last.words + line.words, hull([last.rect, line.rect]), min(last.score, line.score))
        else:
            joined.append(line)
    return joined


def _paragraphs(lines: list[Line], rows: list[Row]) -> list[list[Line]]:
    """Chain each line to the one right above it, column by column."""
    paragraphs: list[list[Line]] = []
    in_table = {id(line): _is_cell(line, rows) for line in lines}
    for line in sorted(lines, key=lambda a: (a.rect.y0, a.rect.x0)):
        above = next((p for p in reversed(paragraphs[-24:]) if _is_below(p[-1].rect, line.rect)), None)
        if (
            above is None
            or _is_bullet(line)
            or not _continues(above[-1], line, above_in_table=in_table[id(above[-1])], in_table=in_table[id(line)])
        ):
            paragraphs.append([line])
        else:
            above.append(line)
    return paragraphs


def _is_bullet(line: Line) -> bool:
    first = line.words[0].text
    return bool(_BULLET.fullmatch(first)) or first[0] in "•●▪■◦‣"


def _is_below(a: Rect, b: Rect) -> bool:
    height = max(1.0, min(a.y1 - a.y0, b.y1 - b.y0))
    overlap = min(a.x1, b.x1) - max(a.x0, b.x0)
    is_near = -0.5 * height < b.y0 - a.y1 < 1.05 * height
    return is_near and overlap > 0.5 * min(a.x1 - a.x0, b.x1 - b.x0) and max(a.y1 - a.y0, b.y1 - b.y0) < 1.6 * height


def _continues(above: Line, line: Line, *, above_in_table: bool, in_table: bool) -> bool:
    """True unless a table, a number or a heading ends or begins between two lines."""
    if _is_numeric(above) != _is_numeric(line):
        return False
    is_open = len(above.words) >= _TEXT_WORDS and not _SENTENCE_END.search(above.words[-1].text)
    if above_in_table != in_table and not (in_table and is_open):
        return False
    is_short = above.rect.x1 - above.rect.x0 < 0.6 * (line.rect.x1 - line.rect.x0) and len(above.words) <= _HEADING_WORDS
    return not (is_short and not _SENTENCE_END.search(above.words[-1].text) and line.words[0].text[:1].isupper())


def _is_numeric(line: Line) -> bool:
    return all(_NUMERIC_WORD.fullmatch(word.text) for word in line.words)


def _cut(words: list[Word]) -> Iterable[list[Word]]:
    start = 0
    for at, (word, after) in enumerate(pairwise(words), start=1):
        is_numbered = word.text[:-1].isdigit() and (at == start + 1 or words[at - 2].text in _NUMBERED)
        is_end = _SENTENCE_END.search(word.text) and not _ABBREVIATION.search(word.text) and not is_numbered
        if is_end and (after.text[0].isupper() or after.text[0].isdigit() or after.text[0] in '\u201c"('):
            yield words[start:at]
            start = at
    yield words[start:]
