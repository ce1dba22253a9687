"""Score everything that was found against everything that is there. Pure."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluate import chart_scores, table_scores
from pipeline.evaluate.answer_scores import AnswerMatch, answer_scores, match_answers
from pipeline.evaluate.chart_scores import ChartMatch, match_charts
from pipeline.evaluate.claims import Calibration, answer_claims, calibrate, chart_claims, table_claims
from pipeline.evaluate.found import Found, FoundTable, Maker
from pipeline.evaluate.score import Score
from pipeline.evaluate.summary import Summary, summarize
from pipeline.evaluate.table_scores import TableMatch, match_tables
from pipeline.evaluate.truth import Truth


class Matches(NamedTuple):
    """Every item of the truth beside what was found for it."""

    tables: tuple[TableMatch, ...]
    charts: tuple[ChartMatch, ...]
    answers: tuple[AnswerMatch, ...]

    def spurious(self, truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> Iterator[FoundTable]:
        """Yield the tables that belong to nothing, of documents whose truth is complete."""
        taken = {match.found.table_id for match in self.tables if match.found}
        complete = {doc_ids[table.doc] for table in truth.tables if table.doc not in truth.incomplete}
        yield from (table for table in found.tables if table.doc_id in complete and table.table_id not in taken)


class Evaluation(NamedTuple):
    """What came out: every score, what they sum up to, and how honest the output is about itself."""

    makers: tuple[Maker, ...]
    matches: Matches
    spurious: tuple[FoundTable, ...]
    scores: tuple[Score, ...]
    summaries: tuple[Summary, ...]
    calibrations: tuple[Calibration, ...]


def evaluate(truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> Evaluation:
    """Return the evaluation of what was found; `doc_ids` are those of the truth's documents."""
    matches = Matches(
        match_tables(truth, found, doc_ids),
        match_charts(truth, found, doc_ids),
        match_answers(truth, found, doc_ids),
    )
    scores = tuple(_scores(matches, truth, found, doc_ids))
    claims = chain(answer_claims(matches.answers), table_claims(matches.tables), chart_claims(matches.charts))
    spurious = tuple(matches.spurious(truth, found, doc_ids))
    return Evaluation(found.makers, matches, spurious, scores, summarize(scores), calibrate(claims))


def _scores(matches: Matches, truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> Iterator[Score]:
    for table in matches.tables:
        yield from table_scores.table_scores(table, found.sizes)
    yield from table_scores.page_scores(matches.tables, truth, found, doc_ids)
    for chart in matches.charts:
        yield from chart_scores.chart_scores(chart, found.sizes)
    yield from chart_scores.page_scores(matches.charts, truth, found, doc_ids)
    for answer in matches.answers:
        yield from answer_scores(answer)
