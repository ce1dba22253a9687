"""Run the ordinary pipeline over the documents of a truth, unless that is done, and score what it wrote."""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.evaluate.evaluation import Evaluation, evaluate
from pipeline.evaluate.found import Found, read_found
from pipeline.evaluate.records import write_records
from pipeline.evaluate.report import write_report
from pipeline.evaluate.truth import Truth
from pipeline.ledger import Observe, silent
from pipeline.open import file_digest
from pipeline.prompt import PROMPT_VERSION
from pipeline.run import Origin, Spawn, inline, run
from schemas.errors import SettingsError
from schemas.outcome import Progress, Report
from schemas.settings import Job, Question, Settings, Task


class Evaluated(NamedTuple):
    """An evaluation, the report of the run that was needed for it, if one was, and the page that shows the worst cases."""

    evaluation: Evaluation
    report: Report | None
    page: Path


async def read_and_score(
    truth: Truth,
    job: Job,
    settings: Settings,
    observe: Observe = silent,
    spawn: Spawn = inline,
    origin: Origin | None = None,
    *,
    as_is: bool = False,
) -> Evaluated:
    """Return the scores of a job's settings on a truth, and write them to the folder `evaluation` of the job's dataset.

    Runs of the same settings and backend are scored if they have all documents and answers; else the pipeline reads what they lack,
    with the truth's documents as sources and the truth's questions. With `as_is` nothing is read: the newest runs are scored, whatever
    made them.

    Raises:
        SettingsError: nothing is there to be scored as it is.
        BackendError: the backend is unusable from the start.
        WriteError: the output folder cannot be written.
    """
    doc_ids = {doc: file_digest(doc) for doc in truth.docs}
    needs, report = needs_of(truth, doc_ids), None
    found = read_found(job.out, needs, (lambda _: True) if as_is else partial(is_made_by, job))
    if as_is and not found.makers:
        msg = f"{job.out} holds nothing read of these documents: leave out --as-is, and they are read"
        raise SettingsError(msg)
    if not as_is and (job.force or not _is_read(truth, found, doc_ids)):
        report = await run(job_of(truth, job), settings, observe, spawn, origin)
        found = read_found(job.out, needs, partial(is_made_by, job))
    observe(Progress(stage="write"))
    evaluation = await asyncio.to_thread(evaluate, truth, found, doc_ids)
    write_records(job.out, evaluation)
    page = await write_report(job.out, evaluation, doc_ids, found.sizes, settings)
    return Evaluated(evaluation, report, page)


def is_made_by(job: Job, made: Mapping[str, Any]) -> bool:
    """Whether a row of `runs` is of a job's settings, whatever its tasks, of its backend and of these prompts."""
    same_model = job.model is None or made["model"] == job.model
    same_reader = (made["backend"], made["prompt_version"]) == (job.backend, PROMPT_VERSION)
    return same_model and same_reader and _without_tasks(made["config_json"]) == _without_tasks(job.config_json)


def _without_tasks(config_json: str) -> dict[str, Any]:
    return {name: value for name, value in json.loads(config_json).items() if name != "tasks"}


def job_of(truth: Truth, job: Job) -> Job:
    """Return the job of reading the truth's documents and answering its questions."""
    questions = tuple(
        Question(id=question.item_id, question=question.question, docs=tuple(map(str, question.docs))) for question in truth.questions
    )
    return job.model_copy(update={"sources": tuple(map(str, truth.docs)), "questions": questions})


def needs_of(truth: Truth, doc_ids: Mapping[Path, str]) -> dict[str, frozenset[Task]]:
    """Return the tasks that a run over each document must have had."""
    needs: dict[str, frozenset[Task]] = dict.fromkeys(doc_ids.values(), frozenset())
    tasks: tuple[Task, ...] = ("tables", "charts", "answers")
    for task in tasks:
        for doc in truth.of_tasks([task]).docs:
            needs[doc_ids[doc]] |= frozenset([task])
    return needs


def _is_read(truth: Truth, found: Found, doc_ids: Mapping[Path, str]) -> bool:
    asked = {(question.question, frozenset(doc_ids[doc] for doc in question.docs)) for question in truth.questions}
    return found.read >= {*doc_ids.values()} and found.answers.keys() >= asked
