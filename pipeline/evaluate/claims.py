"""What the output says about its own reliability, held against the truth: calibration. Pure.

A claim is one statement of the output that may be right or wrong: an answer with its `confidence` and `evidence_status`, a cell with its
`check`, a table with its `trust`, a chart with its `trust`. Honest is an output whose surer claims are right more often, and whose
confidence is the share that is right; the expected calibration error is the mean of |confidence - share right| over the bins, weighted by
their claims (Naeini et al. 2015; DUDE scores answers by it, Van Landeghem et al. 2023).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipeline.evaluate import charts
from pipeline.evaluate.answer_scores import AnswerMatch
from pipeline.evaluate.bootstrap import ratio_interval
from pipeline.evaluate.chart_scores import ChartMatch
from pipeline.evaluate.table_scores import TableMatch, shared_texts

BINS = 10


class Claim(NamedTuple):
    """One statement: what said how sure it is, how sure, as a number where it is one, and whether it is right."""

    signal: str
    level: str
    stated: float | None
    is_right: bool
    doc: str


class Calibration(NamedTuple):
    """All claims of one level of one signal."""

    signal: str
    level: str
    n: int
    n_right: int
    stated: float | None
    """The mean of what was stated."""
    share: float
    """The share that is right, from `low` to `high` with 95 % confidence."""
    low: float | None
    high: float | None


def answer_claims(matches: Iterable[AnswerMatch]) -> Iterator[Claim]:
    """Yield what answers say of themselves; an abstention states nothing."""
    for match in matches:
        if match.is_answered:
            doc, answer = match.truth.docs[0].name, match.answer
            yield Claim("answer evidence_status", answer.evidence_status, None, match.is_correct, doc)
            if answer.confidence is not None:
                yield Claim("answer confidence", _bin(answer.confidence), answer.confidence, match.is_correct, doc)


def _bin(stated: float) -> str:
    # The column has 32 bits: 0.7 comes back as 0.69999999.
    low = min(BINS - 1, int(round(stated, 6) * BINS)) / BINS
    return f"{low:.1f}-{low + 1 / BINS:.1f}"


def table_claims(matches: Iterable[TableMatch]) -> Iterator[Claim]:
    """Yield what the cells of matched tables say, each by itself and by its table's trust; right is a text that the truth's table has."""
    for match in matches:
        if match.found:
            for place, is_right in shared_texts(match.found.grid, match.truth.grid):
                doc = match.truth.doc.name
                yield Claim("cell check", match.found.checks.get(place, "unchecked"), None, is_right, doc)
                yield Claim("cell, by table trust", match.found.trust, None, is_right, doc)


def chart_claims(matches: Iterable[ChartMatch]) -> Iterator[Claim]:
    """Yield what the points of matched charts say by their chart's trust; right is a point within the scorer's tolerance."""
    for match in matches:
        if match.found:
            counts = charts.points(match.truth.chart, match.found.chart)
            for number in range(counts.n_found):
                yield Claim("point, by chart trust", match.found.trust, None, number < counts.n_right, match.truth.doc.name)


def calibrate(claims: Iterable[Claim]) -> tuple[Calibration, ...]:
    """Return the share of right claims of every level, levels in order."""
    groups: defaultdict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[claim.signal, claim.level].append(claim)
    return tuple(_level(*key, groups[key]) for key in sorted(groups))


def _level(signal: str, level: str, claims: Sequence[Claim]) -> Calibration:
    stated = [claim.stated for claim in claims if claim.stated is not None]
    right = [float(claim.is_right) for claim in claims]
    share = ratio_interval([claim.doc for claim in claims], right, [1.0] * len(claims))
    return Calibration(signal, level, len(claims), round(sum(right)), sum(stated) / len(stated) if stated else None, *share)


def calibration_error(levels: Iterable[Calibration]) -> float | None:
    """Return the expected calibration error over the levels that state a number; None if there is none."""
    stated = [(level.n, abs(level.stated - level.share)) for level in levels if level.stated is not None]
    return sum(n * gap for n, gap in stated) / sum(n for n, _ in stated) if stated else None
