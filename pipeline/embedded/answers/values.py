"""What a segment of a row is: a number, a period, nothing, a footnote mark, running text."""

import re

from pipeline.embedded.answers.amounts import amounts
from pipeline.embedded.answers.layout import Row, Segment

PROSE_WORDS = 13
CELL_WORDS = 9
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)(?:[a-z]{3,6})?\.?"
_PERIOD = re.compile(
    rf"(?:(?:fy|cy)?\s?(?:19|20)\d\d|fy\s?['\u2019]?\d\d|q[1-4]|h[12]|{_MONTHS}(?:\s\d{{1,2}})?|[,./\-\u2013\s]|ended|years?|fiscal|months?"
    r"|(?:three|six|nine|twelve|as of|at)|\*|\(\w\))+",
    re.IGNORECASE,
)
_MEASURE = re.compile(r"[(\-\u2212\u2013+~<>≤≥±]*\s?(?:US)?[$€£¥]?\s?[(\-\u2212]?[.\d]")
_EMPTY = re.compile(r"(?:[$€£]\s?)?(?:[\u4e00\u30fc\-\u2013\u2014\u2212*]|n/?a|nil)+|[$€£¥%)]", re.IGNORECASE)
_MARK = re.compile(r"[(\[](?:\w{1,2}|000['\u2019]?s)[)\]]|[*†‡§]+")


def is_measure(segment: Segment) -> bool:
    """True if `segment` is a number with at most a unit, and not a year or other period."""
    is_short = len(segment.words) <= 5 and _MEASURE.match(segment.text)
    return bool(is_short and not _PERIOD.fullmatch(segment.text) and amounts(segment.text))


def is_bare(segment: Segment) -> bool:
    """True if `segment` is nothing but a number."""
    return is_measure(segment) and not any(word.text[:1].isalpha() or word.text[-1:].isalpha() for word in segment.words)


def is_empty(segment: Segment) -> bool:
    """True for a dash or sign that stands for no value, and for footnote marks."""
    return bool(_EMPTY.fullmatch(segment.text) or _MARK.fullmatch(segment.text))


def is_data(row: Row) -> bool:
    """True if the row holds a value, other than years or dates over columns."""
    first, *others = row.segments
    return (is_bare(first) or any(is_measure(segment) for segment in others)) and not is_prose(row)


def is_prose(row: Row) -> bool:
    """True if the row holds a line of running text."""
    return any(len(segment.words) >= PROSE_WORDS for segment in row.segments)


def numbers_in(segment: Segment) -> bool:
    """True if every word of `segment` is a number of its own."""
    return len(segment.words) > 1 and all(_MEASURE.match(word.text) for word in segment.words)
