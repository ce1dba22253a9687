"""The verb `evaluate` behind its options: load a ground truth, read and score, print; or compare two evaluations."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from pipeline.evaluate import shown
from pipeline.evaluate.compare import compare
from pipeline.evaluate.harness import Evaluated, read_and_score
from pipeline.evaluate.records import read_scores
from pipeline.evaluate.sample import chosen
from pipeline.evaluate.truths.formats import load_truth
from pipeline.ledger import Observe
from schemas.settings import Job, Settings

Progress = Callable[[Console], AbstractContextManager[Observe]]


class Wanted(NamedTuple):
    """Which items of a ground truth."""

    truth: Path
    sources: Sequence[str] = ()
    sample: int | None = None
    seed: int = 0
    as_is: bool = False
    """Score what is in the dataset, whatever made it."""


async def evaluate(console: Console, wanted: Wanted, job: Job, progress: Progress) -> Evaluated:
    """Read and score what is wanted, and print the scores.

    Raises:
        LongreadError: what `load_truth`, `chosen` and `read_and_score` raise.
    """
    loaded = load_truth(wanted.truth)
    shown.left_out(console, loaded.missing)
    truth = chosen(loaded.truth, job.tasks, wanted.sources, wanted.sample, wanted.seed)
    with progress(console) as observe:
        done = await read_and_score(truth, job, Settings(), observe, as_is=wanted.as_is)
    shown.evaluation(console, done.evaluation)
    console.print(f"every score is in {done.page.parent}; the worst cases, with pictures, in {done.page}", highlight=False, soft_wrap=True)
    return done


def print_comparison(console: Console, before: Path, after: Path) -> None:
    """Print what changed between two evaluated datasets.

    Raises:
        SettingsError: one of them holds no evaluation.
    """
    shown.comparison(console, compare(read_scores(before), read_scores(after)))
