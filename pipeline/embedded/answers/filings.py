"""What is known of the statements in companies' filings: their titles and lines, and the measures computed from them; pure data."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

import yaml

from pipeline.embedded.answers.terms import terms

_NOTE = re.compile(r"\s*[(\[](?:note|see|including|net of|less|\d{1,2}[)\]]|[a-z][)\]]).*$|\s*\$?\s*$", re.IGNORECASE)
_QUOTES = str.maketrans("\u2018\u2019\u2013\u2014", "''--")


class Kind(NamedTuple):
    """A kind of statement: how it is headed, and rows that are typical of it."""

    name: str
    title: re.Pattern[str]
    rows: tuple[re.Pattern[str], ...]


class Line(NamedTuple):
    """A line of a statement, and `instead` the formula that stands for it where it is not printed."""

    name: str
    statement: str
    asks: re.Pattern[str]
    labels: tuple[re.Pattern[str], ...]
    is_size: bool
    instead: str


class Measure(NamedTuple):
    """A measure by its usual definition; `otherwise` where a line of it is not printed."""

    asks: re.Pattern[str]
    formula: str
    otherwise: str
    is_percent: bool


class Filings(NamedTuple):
    """All of it; `plain` are the terms of questions that ask for no other figure."""

    kinds: tuple[Kind, ...]
    lines: Mapping[str, Line]
    measures: tuple[Measure, ...]
    plain: frozenset[str]


@cache
def known() -> Filings:
    """Return what `filings.yaml` says."""
    told = yaml.safe_load(files("pipeline.embedded.answers").joinpath("filings.yaml").read_text("utf-8"))
    kinds = tuple(Kind(name, _pattern(one["titles"]), tuple(map(_pattern, one["rows"]))) for name, one in told["statements"].items())
    lines = {
        name: Line(
            name,
            one["statement"],
            _named(one["asks"]),
            tuple(map(_pattern, one["labels"])),
            one.get("is_size", False),
            one.get("instead", ""),
        )
        for name, one in told["lines"].items()
    }
    measures = tuple(
        Measure(_named(one["asks"]), one["formula"], one.get("otherwise", ""), one.get("is_percent", False)) for one in told["measures"]
    )
    return Filings(kinds, MappingProxyType(lines), measures, frozenset(terms(told["plain"])))


def plain_label(label: str) -> str:
    """Return a label without notes, with one kind of dash and quote, in small letters."""
    text = " ".join(label.translate(_QUOTES).split()).casefold()
    return _NOTE.sub("", text).strip(" :.-*$")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _named(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w&])(?:{text})(?![\w])", re.IGNORECASE)
