"""What a question asks of a chart: a value or a label, the highest or the third, the one at a stated value. Pure."""

import re
from typing import Literal, NamedTuple

from pipeline.embedded.answers.amounts import amounts
from pipeline.embedded.answers.terms import terms

Computation = Literal["none", "difference", "ratio", "sum", "average"]

_HIGH = (
    r"highest|most|largest|greatest|biggest|leading|leads?|leader|best|top|longest|tallest|maximum|peak(?:ed)?|busiest|strongest|majority"
)
_LOW = r"lowest|least|smallest|fewest|worst|minimum|shortest|weakest|bottom|dip(?:ped)?"
_EXTREME = re.compile(rf"\b(?:(?P<low>{_LOW})|(?P<high>{_HIGH}))\b", re.IGNORECASE)
_RANKS = {"second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5}
_RANK = re.compile(rf"\b(?:(?P<a>{'|'.join(_RANKS)})[- ](?:{_HIGH}|{_LOW}|place)|ranked (?P<b>{'|'.join(_RANKS)}))\b", re.IGNORECASE)
_NO_LABEL = r"is|was|are|were|did|will|do|does|percent(?:age)?|share|proportion|fraction|amount|number|value|price"
_LABEL = re.compile(
    rf"^\W*(?:(?:in|on|at|by|for|from|since|during) )?(?:which|who|whose|when\b|what (?!(?:{_NO_LABEL})\b)\w+)", re.IGNORECASE
)
_TIME = re.compile(r"\b(?:(?:which|what) (?:year|month|quarter|season|decade|period)|when)\b", re.IGNORECASE)
_MEASURED = re.compile(rf"^\W*what (?:is|was|were|are) the (?:\w+[- ])?(?:{_HIGH}|{_LOW}) (?P<noun>.+)", re.IGNORECASE)
_PREVIOUS = re.compile(r"\b(?:previous|prior|preceding) year\b|\byear (?:earlier|before)\b", re.IGNORECASE)
_LATEST = re.compile(r"\b(?:current(?:ly)?|latest|most recent|now)\b", re.IGNORECASE)
_BEGINNING = re.compile(r"\b(?:begin|began|start(?:ed)?|earliest)\b", re.IGNORECASE)
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twenty": 20}
_SPELT = re.compile(rf"\b({'|'.join(_WORDS)})\b (?:percent|per cent|%|million|billion|thousand)", re.IGNORECASE)
_SCALED = re.compile(r"[\w.,]+ (?:thousand|million|billion|trillion)", re.IGNORECASE)
_FACTORS = (1.0, 1e3, 1e6, 1e9)
"""What a stated number may be printed in where a chart counts in a smaller unit: two billion as 2,000 million."""
_MOVE = re.compile(r"\b(?P<up>increase|growth|rise|gain)|(?P<down>decrease|decline|drop|fall)\b", re.IGNORECASE)
_COMPUTED: tuple[tuple[Computation, str], ...] = (
    ("difference", r"\bdifference\b|\bgap\b|\bhow (?:many|much) (?:more|less|fewer|higher|lower|larger)\b|\bchange (?:between|from)\b"),
    ("ratio", r"\bratio\b|\bhow many times\b|\bdivided by\b"),
    ("average", r"\b(?:average|mean) (?:of|over|across|between|value)\b"),
    ("sum", r"\b(?:sum|total) of\b|\bcombined\b|\btogether\b|\badd(?:ed|ing)? up\b|\bin total\b"),
)


class Asked(NamedTuple):
    """What is asked: a `label` or else a value; of which rank (1 is the first, 0 not asked for), from below if `is_least`.

    `values` are the numbers that the question states; `anchor` is "previous", "latest" or "first" where it names no period itself;
    `noun` is what a superlative describes.
    """

    text: str
    wants_label: bool
    wants_time: bool
    rank: int
    is_least: bool
    values: tuple[float, ...]
    computation: Computation
    anchor: Literal["", "previous", "latest", "first"]
    is_move: bool
    noun: tuple[str, ...]


def asked(question: str) -> Asked:
    """Take a question about a chart apart."""
    extreme, rank, measured, move = (pattern.search(question) for pattern in (_EXTREME, _RANK, _MEASURED, _MOVE))
    least = re.search(rf"\b(?:{_LOW})\b", question, re.IGNORECASE)
    return Asked(
        text=question,
        wants_label=bool(_LABEL.search(question)),
        wants_time=bool(_TIME.search(question)),
        rank=_RANKS[(rank["a"] or rank["b"]).lower()] if rank else int(bool(extreme)),
        is_least=bool(least) or bool(move and move["down"]),
        values=_values(question),
        computation=next((name for name, pattern in _COMPUTED if re.search(pattern, question, re.IGNORECASE)), "none"),
        anchor=_anchor(question),
        is_move=bool(move),
        noun=terms(re.split(r"\b(?:in|of|for|among|during|worldwide)\b", measured["noun"])[0]) if measured else (),
    )


def _values(question: str) -> tuple[float, ...]:
    printed = [(float(amount.value), question[amount.start :]) for amount in amounts(question) if amount.kind != "year"]
    spelt = [(float(_WORDS[found[1].lower()]), found[0]) for found in _SPELT.finditer(question)]
    return tuple(value * factor for value, rest in (*printed, *spelt) for factor in (_FACTORS if _SCALED.match(rest) else (1.0,)))


def _anchor(question: str) -> Literal["", "previous", "latest", "first"]:
    if _PREVIOUS.search(question):
        return "previous"
    if _LATEST.search(question):
        return "latest"
    return "first" if _BEGINNING.search(question) else ""
