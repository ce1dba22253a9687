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
_MOST_EDGE = 0.15
"""The same of what looks like a running head or foot."""
_ALIKE = 88.0
"""How alike, of 100, two headings, labels or titles must be to count as the same: survey images cost the OCR letters."""
_LEAST_ALIKE = 70.0
"""The same of one label among others: a short one loses a third of its likeness with a letter."""
_LEAST_VALUES = 0.35
"""Least share of a table's printed lines that hold values: wrapped text has fewer."""
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
    is_wordy: bool
    """Whether it holds words rather than numbers: then only its first line is known to be a heading, if any is."""

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
    if old.is_wordy or not _heading_text(old):  # layout may part a table at a section, and only its first part has the headings
        origin = _seen(previous, _tables(previous)[0]) if len(_tables(previous)) > 1 else origin
    if _adds_columns(old, new) or _adds_columns(origin, new):
        return "columns"
    return "rows" if _adds_rows(old, origin, new, says_so=bool(title)) else "none"


def furniture(reading: Reading) -> list[Line]:
    """Return the lines of a page that are running heads, page numbers and the like, or stand beside or beyond them."""
    top, bottom = _edges(reading)
    return [line for line in reading.lines if not top < (line.rect.y0 + line.rect.y1) / 2 < bottom]


def _edges(reading: Reading) -> tuple[float, float]:
    """Return the lower edge of the running heads and the upper edge of the running feet, in pixels."""
    near, far = _EDGE * reading.height, (1 - _EDGE) * reading.height
    heads = [region.rect.y1 for region in reading.regions if region.kind == "header" and region.rect.y1 < _MOST_EDGE * reading.height]
    feet = [region.rect.y0 for region in reading.regions if region.kind == "footer" and region.rect.y0 > (1 - _MOST_EDGE) * reading.height]
    return max([near, *heads]), min([far, *feet])


def _tables(reading: Reading) -> list[Rect]:
    return [region.rect for region in reading.regions if region.kind == "table"]


def _title_between(previous: Reading, last: Rect, current: Reading, first: Rect) -> str | None:
    """Return the title above `first` that says it goes on, "" if there is none; None if something else stands between the two tables."""
    below = [line for line in _beyond(previous, last, current) if line.rect.y0 > last.y1]
    above = [line for line in _beyond(current, first, previous) if line.rect.y1 < first.y1]
    drawn_below = any(rect.y0 > last.y1 for rect in _drawings(previous))
    drawn_above = any(rect.y1 < first.y0 for rect in _drawings(current))
    if drawn_below or drawn_above or not _are_notes(below, last):
        return None
    old = [line.text for line in previous.lines if line.rect.y1 < last.y0 + 0.5 * (last.y1 - last.y0)]
    title = " ".join(line.text for line in above if not _is_among(line.text, old))
    if not title:
        return " ".join(line.text for line in above)
    return title if says_continued(title) and not _has_other_number(title, old) else None


def _drawings(reading: Reading) -> list[Rect]:
    """Return the charts and pictures of a page that are no furniture: a logo may stand beside the running head."""
    top, bottom = _edges(reading)
    drawn = [region.rect for region in reading.regions if region.kind in {"chart", "picture"}]
    return [rect for rect in drawn if rect.y1 > top and rect.y0 < bottom]


def _beyond(reading: Reading, table: Rect, other: Reading) -> list[Line]:
    """Return the lines outside a table that are no furniture: neither at the page's edge nor at the same height of the other page too."""
    heads = furniture(reading)
    outside = [line for line in reading.lines if inside(line.rect, table) < 0.5 and line not in heads]
    scale = reading.height / other.height
    return [line for line in outside if not any(_is_again(line, again, scale) for again in other.lines)]


def _is_again(line: Line, other: Line, scale: float) -> bool:
    return abs(line.rect.y0 - scale * other.rect.y0) < line.rect.y1 - line.rect.y0 and ratio(line.text, other.text) >= _ALIKE


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
    with_values = [number for number, line in enumerate(lines) if _has_values(line)]
    is_wordy = not with_values or len(with_values) < _LEAST_VALUES * len(lines)
    count = 1 if is_wordy else with_values[0]
    return _Seen(tuple(lines[:count]), tuple(lines[count:]), is_wordy)


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
    likeness = [ratio(label, again) for label, again in zip(old.labels, new.labels, strict=True)]
    return min(likeness) >= _LEAST_ALIKE and sum(likeness) / len(likeness) >= _ALIKE


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
    is_headless = new.is_wordy if old.is_wordy else not _heading_text(new)
    return is_headless and _same_columns(old, new)


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
