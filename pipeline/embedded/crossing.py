"""Whether the first table of a page is the last one of the page before, gone on: with further rows, or with further columns.

Only what the survey sees is asked: the lines of both pages, and where their tables are. What stands between them must be furniture, notes
or a title that says "continued"; then the headings, the row labels and the columns decide.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from rapidfuzz.fuzz import ratio

from pipeline.embedded.reading import Line, Reading, Rect, Word
from pipeline.embedded.tables.grid import inside, overlap, text_lines, text_of
from pipeline.embedded.tables.meaning import is_final_total, is_value, says_continued
from pipeline.embedded.tables.notes import is_footnote, notes_around

Joint = Literal["none", "rows", "columns"]

_EDGE = 0.07
"""Share of a page's height at its top and bottom where only furniture stands."""
_ALIKE = 88.0
"""How alike, of 100, two headings, labels or titles must be to count as the same: survey images cost the OCR letters."""
_NUMBERED = re.compile(r"(?:table|exhibit|schedule|figure)\s+([\w.-]*\w)", re.IGNORECASE)
_PHRASE_GAP = 0.9
"""Widest gap, in line heights, between two words of one cell."""


class _Phrase(NamedTuple):
    text: str
    x0: float
    x1: float


class _Seen(NamedTuple):
    """A table as the survey sees it: its printed lines as phrases, x as shares of the page's width."""

    heading: tuple[tuple[_Phrase, ...], ...]
    body: tuple[tuple[_Phrase, ...], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The row labels of the lines that hold values; "" where a line begins with a value."""
        lines = [line for line in self.body if any(is_value(phrase.text) for phrase in line)]
        return tuple("" if is_value(line[0].text) else line[0].text for line in lines)


def joint(start: Reading, previous: Reading, current: Reading) -> Joint:
    """Return how the first table of `current` goes on from the last of `previous`, which goes on since the page `start`."""
    last, first = _tables(previous)[-1:], _tables(current)[:1]
    if not last or not first:
        return "none"
    title = _title_between(previous, last[0], current, first[0])
    if title is None:
        return "none"
    old, new = _seen(previous, last[0]), _seen(current, first[0])
    if not old.body or not new.body:
        return "none"
    origin = _seen(start, _tables(start)[-1]) if _tables(start) else old
    if _adds_columns(old, new) or _adds_columns(origin, new):
        return "columns"
    return "rows" if _adds_rows(old, origin, new, says_so=bool(title)) else "none"


def furniture(reading: Reading) -> list[Line]:
    """Return the lines of a page that are running heads, page numbers and the like."""
    regions = [region.rect for region in reading.regions if region.kind in {"header", "footer"}]
    top, bottom = _EDGE * reading.height, (1 - _EDGE) * reading.height
    return [
        line
        for line in reading.lines
        if line.rect.y1 < top or line.rect.y0 > bottom or any(inside(line.rect, region) > 0.5 for region in regions)
    ]


def _tables(reading: Reading) -> list[Rect]:
    return [region.rect for region in reading.regions if region.kind == "table"]


def _title_between(previous: Reading, last: Rect, current: Reading, first: Rect) -> str | None:
    """Return the title above `first` that says it goes on, "" if there is none; None if something else stands between the two tables."""
    repeated = [*furniture(previous), *furniture(current)]
    below = [line for line in _beyond(previous, repeated, last) if line.rect.y0 > last.y1]
    above = [line for line in _beyond(current, repeated, first) if line.rect.y1 < first.y1]
    drawn_below = any(region.kind in {"chart", "picture"} and region.rect.y0 > last.y1 for region in previous.regions)
    drawn_above = any(region.kind in {"chart", "picture"} and region.rect.y1 < first.y0 for region in current.regions)
    if drawn_below or drawn_above or not _are_notes(below, last):
        return None
    old = [line.text for line in previous.lines if line.rect.y1 < last.y0 + 0.5 * (last.y1 - last.y0)]
    title = " ".join(line.text for line in above if not _is_among(line.text, old))
    if not title:
        return " ".join(line.text for line in above)
    return title if says_continued(title) and not _has_other_number(title, old) else None


def _beyond(reading: Reading, repeated: Sequence[Line], table: Rect) -> list[Line]:
    """Return the lines outside a table that are no furniture."""
    return [
        line
        for line in reading.lines
        if inside(line.rect, table) < 0.5 and not any(_is_again(line, other) for other in repeated) and line not in repeated
    ]


def _is_again(line: Line, other: Line) -> bool:
    return abs(line.rect.y0 - other.rect.y0) < 2 * (line.rect.y1 - line.rect.y0) and ratio(line.text, other.text) >= _ALIKE


def _are_notes(lines: Sequence[Line], table: Rect) -> bool:
    """Whether the lines below a table are its notes, or say that it goes on."""
    notes = " ".join(notes_around(lines, table).footnotes)
    return all(line.text in notes or says_continued(line.text) or is_footnote(line.text) for line in lines)


def _is_among(text: str, others: Sequence[str]) -> bool:
    return any(ratio(text.casefold(), other.casefold()) >= _ALIKE for other in others)


def _has_other_number(title: str, others: Sequence[str]) -> bool:
    """Whether a title is that of "Table 3", and the table before is "Table 2"."""
    number = _NUMBERED.search(title)
    known = [found.group(1) for other in others if (found := _NUMBERED.match(other))]
    return bool(number and known and number.group(1) not in known)


def _seen(reading: Reading, table: Rect) -> _Seen:
    words = [word for line in reading.lines for word in line.words if inside(word.rect, table) > 0.5 and not word.is_vertical]
    lines = [_phrases(line, reading.width) for line in text_lines(words)]
    count = next((number for number, line in enumerate(lines) if _has_values(line)), min(1, len(lines)))
    return _Seen(tuple(lines[:count]), tuple(lines[count:]))


def _phrases(words: Sequence[Word], width: int) -> tuple[_Phrase, ...]:
    groups: list[list[Word]] = []
    for word in words:
        gap = (word.rect.x0 - groups[-1][-1].rect.x1) / max(word.rect.y1 - word.rect.y0, 1.0) if groups else 0.0
        if groups and gap < _PHRASE_GAP:
            groups[-1].append(word)
        else:
            groups.append([word])
    return tuple(_Phrase(text_of(group), group[0].rect.x0 / width, group[-1].rect.x1 / width) for group in groups)


def _has_values(line: Sequence[_Phrase]) -> bool:
    return 2 * sum(is_value(phrase.text) for phrase in line) >= len(line)


def _adds_columns(old: _Seen, new: _Seen) -> bool:
    """Whether the rows are the same, by their labels or, where those are not printed again, by their number, under other headings."""
    if len(old.labels) != len(new.labels) or len(new.labels) < 2 or _same_heading(old, new):
        return False
    if not any(new.labels):
        return bool(new.heading) and not any(phrase.text for line in new.heading for phrase in line if _is_among(phrase.text, _heads(old)))
    return all(ratio(label, again) >= _ALIKE for label, again in zip(old.labels, new.labels, strict=True))


def _heads(seen: _Seen) -> list[str]:
    return [phrase.text for line in seen.heading for phrase in line]


def _same_heading(old: _Seen, new: _Seen) -> bool:
    text = _heading_text(new)
    return bool(text) and ratio(text, _heading_text(old)) >= _ALIKE


def _heading_text(seen: _Seen) -> str:
    """Return the headings proper: above the first values there may also be a section, or the rest of a row, in one phrase."""
    return " ".join(phrase.text for line in seen.heading if len(line) > 1 for phrase in line)


def _adds_rows(old: _Seen, origin: _Seen, new: _Seen, *, says_so: bool) -> bool:
    """Whether the rows of a table go on under the same headings, or without any in the same columns."""
    if old.labels == new.labels and any(new.labels):
        return False
    if _same_heading(origin, new) or _same_heading(old, new):
        return says_so or not _is_ended(old)
    is_headless = not _heading_text(new) or not _has_numbers(new)
    return is_headless and _same_columns(old, new)


def _has_numbers(seen: _Seen) -> bool:
    return any(is_value(phrase.text) for line in seen.body for phrase in line)


def _is_ended(seen: _Seen) -> bool:
    """Whether the last line is the one final total of a table, not one of a part of it."""
    totals = [number for number, line in enumerate(seen.body) if is_final_total(line[0].text)]
    return totals == [len(seen.body) - 1]


def _same_columns(old: _Seen, new: _Seen) -> bool:
    """Whether the columns lie one below the other, on the page or as shares of their tables' widths."""
    one, two = _columns(old), _columns(new)
    return len(one) == len(two) > 1 and (_are_level(one, two) or _are_level(_scaled(one), _scaled(two)))


def _columns(seen: _Seen) -> list[tuple[float, float]]:
    """Return the left and right edges of what is printed in each column below the headings."""
    columns: list[tuple[float, float]] = []
    for phrase in sorted((phrase for line in seen.body if len(line) > 1 for phrase in line), key=lambda phrase: phrase.x0):
        if columns and phrase.x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], phrase.x1))
        else:
            columns.append((phrase.x0, phrase.x1))
    return columns


def _scaled(columns: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    left, width = columns[0][0], max(columns[-1][1] - columns[0][0], 1e-6)
    return [((x0 - left) / width, (x1 - left) / width) for x0, x1 in columns]


def _are_level(one: Sequence[tuple[float, float]], two: Sequence[tuple[float, float]]) -> bool:
    shares = [overlap(old, new) / max(min(old[1] - old[0], new[1] - new[0]), 1e-6) for old, new in zip(one, two, strict=True)]
    return min(shares) > 0.5
