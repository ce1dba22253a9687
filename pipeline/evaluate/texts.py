"""Words, lists, dates and verdicts in answers, pure."""

import ast
import re
import unicodedata
from collections.abc import Sequence

from dateutil import parser as dateutil_parser

_EMPTY = frozenset({"a", "an", "the", "and"})
_NEGATIONS = frozenset({"not", "no", "never", "none", "without", "cannot", "isn't", "aren't", "doesn't", "don't"})
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
_WORDINESS = 15


def plain(text: str) -> str:
    """Return the text in one kind of letters, quotes and spaces, without case, a full stop and quotes around it."""
    folded = unicodedata.normalize("NFKC", text).translate(str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2212", "''\"\"--"))
    return " ".join(folded.split()).casefold().strip(" .'\"")


def words(text: str) -> list[str]:
    """Return the words and numbers of a text without articles and "and"."""
    return [word for word in re.findall(r"\d[\d.,]*\d|\d|[^\W\d_]+(?:'[^\W\d_]+)?", plain(text)) if word not in _EMPTY]


def content(text: str) -> set[str]:
    """Return the longer words and the numbers of a text."""
    return {word for word in words(text) if len(word) > 3 or word.isdigit()}


def holds(told: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether the words stand in a row in an answer that is not much longer."""
    size = len(wanted)
    is_short = size > 0 and len(told) <= size + _WORDINESS
    return is_short and any(list(told[start : start + size]) == list(wanted) for start in range(len(told) - size + 1))


def is_denied(told: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether one says "not" and the other does not."""
    return bool(_NEGATIONS & set(told)) != bool(_NEGATIONS & set(wanted))


def digits(text: str) -> set[str]:
    """Return the numbers in a text without thousands separators."""
    return {number.replace(",", "") for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


def items(answer: str) -> tuple[str, ...]:
    """Return the items of a written list: Python's or JSON's, or separated by semicolons, line breaks or commas."""
    if answer.lstrip().startswith("["):
        try:
            literal = ast.literal_eval(answer.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            answer = answer.strip(" []")
        else:
            return tuple(str(item).strip() for item in literal)
    mark = next((mark for mark in (r";", r"\n", r",(?!\d{3}\b)\s*(?:and )?| and ") if re.search(mark, answer)), ";")
    return tuple(item.strip(" -\u2022'\"") for item in re.split(mark, answer) if item.strip(" -\u2022'\""))


def date(text: str) -> tuple[int | None, int | None, int | None] | None:
    """Return year, month and day, None for a part that the text leaves out: two readings with unlike defaults tell which."""
    try:
        first, second = (dateutil_parser.parse(text, default=dateutil_parser.parse(day)) for day in ("2000-01-01", "2004-12-28"))
    except (ValueError, OverflowError):
        return None
    pairs = ((first.year, second.year), (first.month, second.month), (first.day, second.day))
    year, month, day = (a if a == b else None for a, b in pairs)
    return year, month, day


def verdict(text: str) -> bool | None:
    """Return what a text that opens with yes or no says; None for any other."""
    first = next(iter(re.findall(r"[a-z]+", text.casefold())), "")
    return True if first in _YES else False if first in _NO else None
