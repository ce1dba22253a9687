"""Prints how well a run read the sample documents: `python -m tests.scoring OUT`."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.scoring.answers import AnswerScores, score_answers
from tests.scoring.charts import ChartScores, score_charts
from tests.scoring.samples import read_output, read_truth
from tests.scoring.tables import TableScores, score_tables

TRUTH = Path(__file__).parents[2] / "data" / "samples" / "truth"
SHOWN = 44


def main() -> None:
    """Read the output and the truth, score, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.scoring", description=__doc__)
    parser.add_argument("out", type=Path, help="longread's output folder")
    parser.add_argument("--truth", type=Path, default=TRUTH, help="folder of the truth (default: the samples')")
    parser.add_argument("--only-read", action="store_true", help="leave out documents that the run did not read")
    arguments = parser.parse_args()
    truth, output = read_truth(arguments.truth), read_output(arguments.out)
    console = Console()
    documents = [one for one in truth.documents if one.document in output.documents or not arguments.only_read]
    tables = score_tables(documents, output.tables)
    charts = score_charts(documents, output.charts)
    answers = score_answers(truth.answers, output.answers)
    for printed in (_tables(tables), _charts(charts), _answers(answers), _summary(tables, charts, answers)):
        console.print(printed)


def _tables(scores: TableScores) -> Table:
    shown = Table("Document", "Pages", "Table", "Cells", "In place", "Anywhere", title="Tables")
    for one in scores.tables:
        pages = "-".join(str(page) for page in sorted({one.pages[0], one.pages[-1]}))
        anywhere = f"{one.n_anywhere / one.n_cells:.0%}" if one.is_found else "not found"
        shown.add_row(one.document, pages, one.title[:SHOWN], str(one.n_cells), f"{one.share:.0%}", anywhere)
    return shown


def _charts(scores: ChartScores) -> Table:
    shown = Table("Document", "Page", "Chart", "Kind", "Points", "Matched", "Right", "Given", title="Charts")
    for one in scores.charts:
        given = str(one.n_given) if one.is_found else "not found"
        counts = (str(one.n_points), str(one.n_matched), str(one.n_right), given)
        shown.add_row(one.document, str(one.page), one.title[:SHOWN], one.kind, *counts)
    return shown


def _answers(scores: AnswerScores) -> Table:
    shown = Table("Question", "Kind", "Expected", "Given", "Right", "Page", title="Answers")
    for one in scores.answers:
        given = "(abstained)" if one.has_abstained else one.given[:SHOWN]
        marks = ("yes" if one.is_right else "NO", "yes" if one.has_right_page else "NO" if one.is_answerable else "")
        shown.add_row(one.id, one.kind, one.expected[:SHOWN], given, *marks)
    return shown


def _summary(tables: TableScores, charts: ChartScores, answers: AnswerScores) -> Table:
    shown = Table("Score", "Value", title="Summary")
    lines = {
        "table cells in place": tables.share,
        "chart points right": charts.share,
        **{f"  {kind}": share for kind, share in charts.by_kind().items()},
        "answers right": answers.share,
        "  of answerable questions": answers.share_answered,
        "  unanswerable questions left unanswered": answers.share_abstained,
        "  right among answers given": answers.precision,
        "  evidence on a right page": answers.share_right_page,
    }
    for label, share in lines.items():
        shown.add_row(label, f"{share:.1%}")
    shown.add_row("tables that are none", str(tables.n_spurious))
    shown.add_row("charts that are none", str(charts.n_spurious))
    return shown


if __name__ == "__main__":
    main()
