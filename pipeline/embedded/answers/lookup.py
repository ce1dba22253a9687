"""Find values in tables and charts by what their labels and headings say."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_cell
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.grid import Cell, cells
from pipeline.embedded.answers.patterns import MONTH
from pipeline.embedded.answers.seen import SeenPage
from pipeline.embedded.answers.terms import terms
from schemas.extraction import AnswerKind

_YEAR = re.compile(r"(?:19|20)\d\d")
_NOTE = re.compile(rf"\s*[(\[]\w{{1,2}}[)\]]|\b{MONTH} \d{{1,2}}\b")
_PAGES = 40
# Words of a label that say nothing against it when the question leaves them out.
_NEUTRAL = frozenset(
    terms(
        """total sum net consolidated amount number value figure million thousand usd eur in of note year ended full fy ttm average reported
        company group annual january february march april may june july august september october november december"""
    )
)
_CHANGES = frozenset(terms("change increase decrease growth variance difference vs versus percent yoy"))


_STATEMENT_BOOST = 1.05
_CONSOLIDATED = frozenset(terms("consolidated"))
_STATEMENTS = frozenset(terms("statement sheet"))


class Wanted(NamedTuple):
    """One value to look for: its terms, the year it is for (0: any) and what kind of value it is.

    `is_count` says that things are counted ("how many"), not money; `at_end` tells a balance ("at the end of 2022") from what
    happened during the year.
    """

    words: tuple[str, ...]
    year: int
    kind: AnswerKind
    pages: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()
    at_end: bool = False
    is_count: bool = False


def look_up(corpus: Corpus, wanted: Wanted, limit: int = 12) -> list[Found]:
    """Return the cells that fit `wanted` best, best first."""
    words = tuple(corpus.known(word) for word in wanted.words)
    wanted = wanted._replace(words=words)
    found = sorted(_candidates(corpus, wanted), key=lambda f: -f.score)
    return found[:limit]


def _candidates(corpus: Corpus, wanted: Wanted) -> Iterator[Found]:
    ranks = corpus.ranks(wanted.words)
    weights = {word: corpus.weight(word) * (1.5 if word in wanted.names else 1) for word in wanted.words}
    for at in ranks.argsort()[::-1][:_PAGES]:
        page = corpus.pages[at]
        if wanted.pages and page.page not in wanted.pages:
            continue
        identity = corpus.documents[page.doc]
        boost = _STATEMENT_BOOST if _is_statement(corpus, int(at)) else 1.0
        for cell in cells(page.reading):
            score = _score(cell, wanted, weights, corpus.page_terms[at], identity.identity, identity.years)
            if score > 0.25:
                yield found_in(corpus, int(at), cell, min(1.0, boost * score * (0.95 + 0.05 * float(ranks[at]))))


def _is_statement(corpus: Corpus, at: int) -> bool:
    """True for a page headed as one of the consolidated statements: they hold the figures of the whole company."""
    head = {word for line in corpus.lines[at][:8] for word in line}
    return head >= _CONSOLIDATED and bool(head & _STATEMENTS)


def found_in(corpus: Corpus, at: int, cell: Cell, score: float) -> Found:
    """Return `cell` of page number `at` of the corpus as a found value."""
    page, cell = corpus.pages[at], _with_scale(corpus, at, cell)
    amount = cell.amount
    if amount and amount.kind == "number" and _says_percent(cell):
        amount = amount._replace(kind="percent")
    is_plain = amount is None or amount.kind == "percent" or _is_count(cell)
    return Found(
        score=score,
        text=cell.text,
        amount=amount,
        factor=1 if is_plain or not amount else max(cell.scale, amount.scale) if amount.scale > 1 else cell.scale,
        currency=None if is_plain or not amount else amount.currency or cell.currency,
        label=cell.label,
        header=cell.header,
        place=(page.doc, page.page, cell.block),
        row=cell.row,
        evidence=cite_cell(page, cell),
    )


def _with_scale(corpus: Corpus, at: int, cell: Cell) -> Cell:
    """Return the cell with the scale and currency of its table's head, which may stand on a page before."""
    before = corpus.continued(at) if cell.scale == 1 and _is_in_first_table(corpus.pages[at], cell) else None
    above = [one for one in cells(corpus.pages[before].reading) if one.source == "table"] if before is not None else []
    if before is None or not above:
        return cell
    last = _with_scale(corpus, before, above[-1])
    return cell._replace(scale=last.scale, currency=cell.currency or last.currency)


def _is_in_first_table(page: SeenPage, cell: Cell) -> bool:
    first = next((region.rect for region in page.reading.regions if region.kind == "table"), None)
    return first is not None and first.y0 <= (cell.rect.y0 + cell.rect.y1) / 2 <= first.y1


def _says_percent(cell: Cell) -> bool:
    context = f"{cell.label} {cell.header}".lower()
    return "%" in context or "percent" in context


def _is_count(cell: Cell) -> bool:
    """True for rows that a table in thousands or in a currency prints as they are: headcounts, ratios, amounts per share."""
    context = f"{cell.label} {cell.section} {cell.header}".lower()
    return any(
        word in context
        for word in (
            "per share",
            "quantity",
            "qty",
            "pieces",
            "employees",
            "headcount",
            "number of",
            "ratio",
            "units",
            "stores",
            "customers",
            "(fte)",
            "tonnes",
            "mwh",
        )
    )


def _score(
    cell: Cell, wanted: Wanted, weights: dict[str, float], on_page: frozenset[str], identity: frozenset[str], about: tuple[int, ...]
) -> float:
    label, header = terms(_NOTE.sub("", cell.label)), terms(_NOTE.sub("", cell.header))
    near = {*label, *terms(cell.stub)}
    if cell.source == "chart":
        header = (*header, *terms(cell.title))  # the title of a chart says what its values are
    focus = weights.keys() & {*near, *header}
    if not focus:
        return 0.0
    coverage = _coverage(cell, weights, near, frozenset(header), on_page, identity)
    period = _period(cell, wanted, about)
    codes = _codes({*near, *terms(_NOTE.sub("", cell.header))})
    if _codes(weights) and codes and not codes & weights.keys():
        coverage *= 0.7  # "26 GHz" is not "80 GHz"
    named = max(_precision(label, weights), _precision(terms(cell.stub), weights) - 0.1)
    return (
        coverage
        * period
        * (0.55 + 0.45 * named)
        * (0.75 + 0.25 * _precision(terms(_NOTE.sub("", cell.header)), weights))
        * _kind_fit(cell, wanted)
    )


def _codes(words: Iterable[str]) -> set[str]:
    """Return the numbers and letters by which things of one name are told apart; years are not among them."""
    return {word for word in words if (word.isdigit() or len(word) == 1) and not _YEAR.fullmatch(word)}


def _coverage(
    cell: Cell, weights: dict[str, float], near: set[str], header: frozenset[str], on_page: frozenset[str], identity: frozenset[str]
) -> float:
    section, title, row = frozenset(terms(cell.section)), frozenset(terms(cell.title)), frozenset(terms(cell.row_text))
    total = 0.0
    for word, weight in weights.items():
        if word in near or word in header:
            place = 1.0
        elif word in row or word in section:
            place = 0.9
        elif word in title or word in identity:
            place = 0.8
        else:
            place = 0.4 if word in on_page else 0.0
        total += weight * place
    return total / sum(weights.values())


def _precision(words: Sequence[str], weights: dict[str, float]) -> float:
    """Return the share of the telling words in a label that were asked for."""
    telling = {word for word in words if word not in _NEUTRAL and not _YEAR.fullmatch(word)}
    if not telling:
        return 0.85
    asked = len(telling & weights.keys())
    return asked / len(telling) - (0.3 if (telling - weights.keys()) & _CHANGES else 0)


def _period(cell: Cell, wanted: Wanted, about: tuple[int, ...]) -> float:
    """Return how well the years around a cell agree with the wanted one, and a date with "at the end of"."""
    year = wanted.year
    if not year:
        return 1.0 if not years(cell.header) or not about or max(about) in years(cell.header) else 0.93
    own = years(cell.header) or years(cell.period) or years(f"{cell.stub} {cell.label}")
    if own:
        return (1.0 if own[-1] == year else 0.75 if year in own else 0.0) * (_moment(cell) if wanted.at_end else 1.0)
    around = years(f"{cell.section} {cell.title}")
    if around:
        return 0.9 if around[-1] == year else 0.6 if year in around else 0.2
    return 0.85 if year in about else 0.4 if not about else 0.15


def _moment(cell: Cell) -> float:
    """Prefer a column headed by a day to one headed by a period, which "ended" on it."""
    if "ended" in f"{cell.header} {cell.title}".lower():
        return 0.85
    return 1.08 if re.search(r"[A-Z][a-z]+ \d{1,2}\b", cell.header) else 1.0


def _kind_fit(cell: Cell, wanted: Wanted) -> float:
    if wanted.kind == "none":
        return 1.0 if cell.amount else 0.85
    if wanted.kind in {"text", "list", "boolean"}:
        return 0.9 if cell.amount is None else 0.7
    if wanted.kind == "date":
        return 0.0 if cell.amount else 0.8
    if cell.amount is None:
        return 0.0
    is_percent = cell.amount.kind == "percent" or _says_percent(cell)
    if wanted.kind == "percent":
        return 1.0 if is_percent else 0.45
    is_money = bool(cell.currency or cell.amount.currency) and not _is_count(cell)
    return 0.5 if is_percent or (wanted.is_count and is_money) else 1.0
