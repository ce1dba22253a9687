"""What a PDF's text layer and outline tell about where to cut a document, pure: sections, kinds of pages, tables that go on.

A table goes on over a page break if rows of numbers end one page and begin the next, their columns end at the same places, and nothing
but column headings stands between: a title or a sentence makes them two tables. Lines that stand on both pages, such as running heads,
do not count. The words alone tell it, in about a millisecond a page.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

from schemas.document import PageKind

FEW_WORDS = 10
NUMERIC_SHARE = 0.3
"""Of the words: from here on a page is mostly numbers."""
SECTION_SHARE = 0.25
"""Of the pages: an outline that points to more of them says nothing about where to cut."""
LINES_AT_BREAK = 12
"""Lines at the head and the foot of a page that are looked at."""
ROWS_AT_BREAK = 4
HEADING_LINES = 4
"""From the top: the running heads and the first line below them."""
HEADING_WORDS = 14
LARGER = 1.12
"""Than the middle character: a heading's font."""
SAME_EDGE_PT = 6.0
SAME_COLUMNS = 0.6
_NUMBER = re.compile(r"[(\[$€£¥+\-–—]*\d[\d.,]*[)\]%]*|[-–—]+%?")
_YEAR = re.compile(r"(19|20)\d\d")
_UNIT_MARKS = frozenset("$€£¥%()") | {")%", "%)"}
_PAGE_NUMBER = re.compile(r"\W*(page\W+)?([a-z]-)?(\d+|[ivxl]+)\W*( of \d+)?", re.IGNORECASE)
_SCALE = re.compile(r"\W*((all )?amounts |(u\.?s\.? )?dollars |shares )?(\w+ )?(thousands|millions|billions)\b.{0,40}", re.IGNORECASE)
_CONTINUED = re.compile(r"\b(continued|cont'?d)\b", re.IGNORECASE)
_INTRODUCES = re.compile(r"\b(follows?|following|below)\b.{0,40}$", re.IGNORECASE)

Word = tuple[float, float, float, float, str]
"""Edges x0, y0, x1, y1 in points, and the text."""


class Span(NamedTuple):
    """A piece of text in one font."""

    box: tuple[float, float, float, float]
    """Edges x0, y0, x1, y1 in points."""
    size: float
    """Of its font, in points."""
    is_bold: bool
    n_chars: int


class _Line(NamedTuple):
    words: tuple[Word, ...]
    """From left to right."""
    numbers: tuple[Word, ...]
    """Those that stand apart, as the numbers of a table do."""
    stands_out: bool = False
    """Whether it is set larger or bolder than the page."""

    @property
    def is_row(self) -> bool:
        return len(self.numbers) > 1

    @property
    def text(self) -> str:
        return " ".join(word[4] for word in self.words)

    @property
    def masked(self) -> str:
        """The text, with every digit as #: a running head but for its page number."""
        return re.sub(r"\d", "#", self.text)


class PageHints(NamedTuple):
    """The kind of a page, and the lines at its head and its foot."""

    kind: PageKind = "picture"
    head: tuple[_Line, ...] = ()
    foot: tuple[_Line, ...] = ()


NO_HINTS = PageHints()


def page_hints(words: Sequence[Word], spans: Sequence[Span]) -> PageHints:
    """Return what the words and the fonts of a page, each in any order, tell."""
    if len(words) < FEW_WORDS:
        return NO_HINTS
    numeric = sum(_NUMBER.fullmatch(word[4]) is not None for word in words)
    lines = [*_lines(words)]
    head, foot = ([_line(line) for line in part] for part in (lines[:LINES_AT_BREAK], lines[-LINES_AT_BREAK:]))
    head[:HEADING_LINES] = _with_fonts(head[:HEADING_LINES], spans)
    return PageHints("numbers" if numeric > NUMERIC_SHARE * len(words) else "text", tuple(head), tuple(foot))


def goes_on(before: PageHints, after: PageHints) -> bool:
    """Tell whether the last table of a page goes on at the top of the next."""
    foot = _body(before.foot, after.foot)
    head = _body(after.head, before.head)
    headings = [*takewhile(lambda line: not line.is_row, head)]
    ended, begun = _rows(reversed(foot)), _rows(head[len(headings) :])
    return bool(ended and begun and foot[-1].is_row) and _same_columns(ended, begun) and not _new_table(headings, begun)


def begins_section(before: PageHints, after: PageHints) -> bool:
    """Tell whether the first line of a page, below a running head, is a heading."""
    first = next(iter(_body(after.head, before.head)), None)
    return first is not None and first.stands_out and _is_short(first) and not (_is_columnar(first) or _CONTINUED.search(first.text))


def section_pages(outline: Iterable[tuple[int, int]], n_pages: int) -> frozenset[int]:
    """Return the pages that an outline's (level, page number) entries point to, from the top level down as long as they are few."""
    entries = [(level, page_no) for level, page_no in outline if 1 <= page_no <= n_pages]
    found: frozenset[int] = frozenset()
    for deepest in sorted({level for level, _ in entries}):
        pages = frozenset(page_no for level, page_no in entries if level <= deepest)
        if len(pages) > SECTION_SHARE * n_pages:
            break
        found = pages
    return found


def _lines(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Yield the lines of words from the top."""
    line: list[Word] = []
    for word in sorted(words, key=lambda word: word[1] + word[3]):
        if line and word[1] + word[3] - line[-1][1] - line[-1][3] > 0.8 * _height(word):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _line(words: Iterable[Word]) -> _Line:
    ordered = tuple(sorted(words))
    told = [word for word in ordered if word[4] not in _UNIT_MARKS]
    numbers = [bool(_NUMBER.fullmatch(word[4])) for word in told]
    if all(_YEAR.fullmatch(word[4]) for word, is_number in zip(told, numbers, strict=True) if is_number):
        return _Line(ordered, ())
    gaps = [float("inf"), *(right[0] - left[2] for left, right in pairwise(told)), float("inf")]
    apart = [min(pair) > 0.6 * _height(word) for word, pair in zip(told, pairwise(gaps), strict=True)]
    return _Line(ordered, tuple(word for word, is_number, is_apart in zip(told, numbers, apart, strict=True) if is_number and is_apart))


def _with_fonts(lines: Sequence[_Line], spans: Sequence[Span]) -> list[_Line]:
    """Return the lines with whether each stands out."""
    n_chars = sum(span.n_chars for span in spans)
    usual = _median_size(spans)
    mostly_bold = 2 * sum(span.n_chars for span in spans if span.is_bold) > n_chars
    found = []
    for line in lines:
        top, bottom = min(word[1] for word in line.words), max(word[3] for word in line.words)
        own = [span for span in spans if span.n_chars and top < (span.box[1] + span.box[3]) / 2 < bottom]
        larger, bold = (own and all(span.size > LARGER * usual for span in own)), (own and all(span.is_bold for span in own))
        found.append(line._replace(stands_out=bool(larger or (bold and not mostly_bold))))
    return found


def _median_size(spans: Iterable[Span]) -> float:
    """Return the font size of the middle character."""
    ordered = sorted((span.size, span.n_chars) for span in spans)
    half = sum(count for _, count in ordered) / 2
    for size, count in ordered:
        half -= count
        if half <= 0:
            return size
    return 0.0


def _is_short(line: _Line) -> bool:
    """Tell whether a line may be a heading: a few words that do not end as a sentence does."""
    return len(line.words) <= HEADING_WORDS and any(word[4][0].isalpha() for word in line.words) and line.text[-1] not in ".,;"


def _body(lines: Sequence[_Line], other: Iterable[_Line]) -> list[_Line]:
    """Return the lines without page numbers and without those that stand on the other page, too."""
    repeated = {line.masked for line in other if not line.is_row}
    return [line for line in lines if line.masked not in repeated and not _PAGE_NUMBER.fullmatch(line.text)]


def _rows(lines: Iterable[_Line]) -> list[_Line]:
    """Return the rows among the first of some lines; one alone is no table."""
    rows = [line for line, _ in zip(lines, range(ROWS_AT_BREAK), strict=False) if line.is_row]
    return rows if len(rows) > 1 else []


def _same_columns(ended: Iterable[_Line], begun: Iterable[_Line]) -> bool:
    left, right = _edges(ended), _edges(begun)
    shared = sum(any(abs(edge - other) <= SAME_EDGE_PT for other in right) for edge in left)
    return shared > 1 and shared >= SAME_COLUMNS * max(len(left), len(right))


def _edges(rows: Iterable[_Line]) -> list[float]:
    """Return the places where the numbers of some rows end, each once."""
    edges = sorted(word[2] for row in rows for word in row.numbers)
    return [edge for n, edge in enumerate(edges) if n == 0 or edge - edges[n - 1] > SAME_EDGE_PT]


def _new_table(headings: Sequence[_Line], rows: Sequence[_Line]) -> bool:
    """Tell whether a title or a sentence stands above the rows; column headings may, and under them the label of a part of the table."""
    if any(_CONTINUED.search(line.text) for line in headings):
        return False
    columns, labels = min(word[0] for row in rows for word in row.numbers), min(row.words[0][0] for row in rows)
    apart = [line for line in headings if not (_is_columnar(line) or line.words[0][0] > columns - 20 or _SCALE.fullmatch(line.text))]
    if not apart:
        return False
    label = headings[-1]
    is_label = abs(label.words[0][0] - labels) < 15 and label.words[-1][2] < columns and not _INTRODUCES.search(label.text)
    return apart != [label] or not is_label


def _is_columnar(line: _Line) -> bool:
    return any(right[0] - left[2] > 1.5 * _height(right) for left, right in pairwise(line.words))


def _height(word: Word) -> float:
    return word[3] - word[1]
