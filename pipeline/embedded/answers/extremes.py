"""Answer "which ... had the highest ..." from a column or a row of a table, or from the labels of a chart."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.grid import Cell, cells
from pipeline.embedded.answers.lookup import found_in
from pipeline.embedded.answers.patterns import MONTH
from pipeline.embedded.answers.question import Query
from pipeline.embedded.answers.terms import terms

_PAGES = 15
_WHOLE = frozenset(terms("total subtotal sum overall all average mean median consolidated elimination net grand corporate"))
_TIMES = re.compile(rf"\b(?:Q[1-4]|{MONTH})(?!\w)")
_TIME = frozenset(terms("year quarter month period date day week"))


class _Line(NamedTuple):
    """Values side by side: a column (named by the labels of its rows) or a row (named by its column headings)."""

    members: tuple[tuple[str, Cell], ...]
    own: str
    title: str


def extreme(corpus: Corpus, query: Query) -> tuple[Found, ...]:
    """Return the winner and the runner-up of the line of values that fits the question best, each named; empty if none does."""
    ranks = corpus.ranks(tuple(corpus.known(word) for word in query.words))
    best: tuple[float, int, _Line] | None = None
    for at in ranks.argsort()[::-1][:_PAGES]:
        if query.pages and corpus.pages[at].page not in query.pages:
            continue
        for line in _lines(cells(corpus.pages[at].reading), by_time=bool(set(query.subject) & _TIME)):
            score = _score(corpus, int(at), line, query) * (0.9 + 0.1 * float(ranks[at]))
            if best is None or score > best[0]:
                best = (score, int(at), line)
    if best is None:
        return ()
    score, at, line = best
    if (
        query.operation == "peak"
        and query.kind == "percent"
        and not any(m[1].text.endswith("%") or "%" in m[1].header for m in line.members)
    ):
        return ()
    ordered = sorted(line.members, key=lambda m: m[1].amount.value if m[1].amount else 0, reverse=not query.wants_least)
    return tuple(found_in(corpus, at, cell, score)._replace(label=name) for name, cell in ordered[:2])


def _lines(found: tuple[Cell, ...], *, by_time: bool) -> Iterator[_Line]:
    blocks: dict[tuple[int, str], list[Cell]] = defaultdict(list)
    for cell in found:
        if cell.amount is not None:
            blocks[cell.block, cell.title if cell.block == 0 else ""].append(cell)
    for members in blocks.values():
        yield from _columns(members, by_time=by_time)
        yield from _rows(members, by_time=by_time)


def _columns(members: list[Cell], *, by_time: bool) -> Iterator[_Line]:
    left = list(members)
    while left:
        seed = left[0]
        column = [seed] if seed.block else left
        column += [cell for cell in left[1:] if seed.block and cell.row != column[-1].row and _is_under(seed, cell)]
        left = [cell for cell in left if cell not in column]
        named = tuple(
            (_name(cell.label), cell) for cell in column if _fits(cell.label, by_time=by_time) and not set(terms(cell.label)) & _WHOLE
        )
        if len({name for name, _ in named}) >= 2:
            yield _Line(named, seed.header, f"{seed.title} {' '.join({cell.section for cell in column})}")


def _is_under(a: Cell, b: Cell) -> bool:
    return min(a.rect.x1, b.rect.x1) > max(a.rect.x0, b.rect.x0) and a.header == b.header


def _rows(members: list[Cell], *, by_time: bool) -> Iterator[_Line]:
    by_row: dict[int, list[Cell]] = defaultdict(list)
    for cell in members:
        by_row[cell.row].append(cell)
    for row in by_row.values():
        named = tuple(
            (_heading(cell, by_time=by_time), cell)
            for cell in row
            if _fits(cell.header, by_time=by_time) and not set(terms(cell.header)) & _WHOLE
        )
        if len({name for name, _ in named}) >= 2:
            yield _Line(named, row[0].label, f"{row[0].title} {row[0].section}")


def _fits(name: str, *, by_time: bool) -> bool:
    """True if a label or heading names a time and times are asked for, or neither."""
    return bool(name) and bool(years(name) or _TIMES.search(name)) == by_time


def _heading(cell: Cell, *, by_time: bool) -> str:
    named = years(cell.header)
    return str(named[-1]) if by_time and named and not re.search(r"\bQ[1-4]\b", cell.header) else _name(cell.header)


def _name(label: str) -> str:
    return re.sub(r"\s*(?:\(\w\)|[*†‡:]+|\d\))$", "", label).strip()


def _score(corpus: Corpus, at: int, line: _Line, query: Query) -> float:
    about = corpus.documents[corpus.pages[at].doc]
    own, title = frozenset(terms(line.own)), frozenset(terms(line.title))
    labels = frozenset(term for name, _ in line.members for term in terms(name))
    total = gained = 0.0
    for word in map(corpus.known, query.words):
        weight = corpus.weight(word) * (0.4 if word in query.subject else 1)
        place = (
            1.0
            if word in own
            else 0.9
            if word in title
            else 0.8
            if word in about.identity or word in labels
            else 0.4
            if word in corpus.page_terms[at]
            else 0.0
        )
        total, gained = total + weight, gained + weight * place
    telling = {word for word in own if not word.isdigit() and word not in _WHOLE}
    precision = len(telling & set(query.words)) / len(telling) if telling else 0.9
    return gained / max(total, 1e-6) * (0.75 + 0.25 * precision) * _year(line, query, about.years)


def _year(line: _Line, query: Query, about: tuple[int, ...]) -> float:
    if not query.years:
        own = years(line.own)
        return 1.0 if not own or not about or max(about) in own else 0.85
    year = query.years[-1]
    period = line.members[0][1].period
    for text, fit in ((line.own, 1.0), (period, 1.0), (line.title, 0.95)):
        if named := years(text):
            return fit if named[-1] == year else fit * 0.8 if year in named else 0.2
    if set(query.years) & {y for name, _ in line.members for y in years(name)}:
        return 0.9
    return 0.85 if year in about else 0.4
