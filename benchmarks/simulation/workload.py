"""Requests to simulate: those that the planner makes of documents, real ones or synthetic ones of real pages.

Synthetic documents take their page counts from a lognormal distribution and their pages, in runs of consecutive ones, from real documents:
so batches, crops and replies are the planner's own.
"""

import os
import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.simulation.cluster import Shard
from benchmarks.simulation.replica import SimRequest
from pipeline.forecast import PlannedRequest, forecast, scopes, terms_of_job
from pipeline.open import open_document
from pipeline.prompt import SYSTEM, instruction_cost
from schemas.document import Document, Page, Source
from schemas.message import RequestKind
from schemas.settings import Job, Question, Settings

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
STAGE = {"survey": 0, "table": 1, "tables": 1, "chart": 1, "verify": 1, "finding": 2, "answer": 2}
TEXT_PER_PAGE = 44
"""Bytes of the two markers around a page image."""
RUN_OF_PAGES = 8
GROUP = 20
"""Documents packed together; shards are made of groups."""


class Mix(NamedTuple):
    """Page counts of documents: lognormal, as measured on real collections, cut at 2,000."""

    name: str
    median: float
    sigma: float


SHORT, MEDIUM, LONG = Mix("short", 9, 1.0), Mix("medium", 27, 1.1), Mix("long", 100, 0.7)


class Workload(NamedTuple):
    """Requests in groups of documents that were packed together, and how many pages they read."""

    groups: tuple[Shard, ...]
    n_pages: int


def corpus() -> Path | None:
    """Return the folder of real long documents, if it is there: LONGREAD_CORPUS says where."""
    folder = Path(os.environ.get("LONGREAD_CORPUS", ROOT.parent / "shared" / "corpus")) / "docs" / "pdf"
    return folder if folder.is_dir() else None


def real_documents(folder: Path | None = None) -> tuple[Document, ...]:
    """Return the documents of a folder: the corpus by default, or the samples where it is absent."""
    paths = sorted((folder or corpus() or SAMPLES).glob("*.pdf"))
    return tuple(open_document(Source(uri=path.name, filename=path.name), str(path), 2**31, 20_000) for path in paths)


def synthetic(mix: Mix, n_pages: int, pool: Sequence[Document], seed: int = 0) -> list[Document]:
    """Return documents of the mix with at least so many pages in all, drawn from those of the pool."""
    draw = random.Random(seed)
    found: list[Document] = []
    left = n_pages
    while left > 0:
        size = max(1, min(2_000, round(draw.lognormvariate(0, mix.sigma) * mix.median)))
        name = f"{mix.name}-{seed}-{len(found)}"
        pages = tuple(page.model_copy(update={"page_no": number}) for number, page in enumerate(_drawn(draw, pool, size), start=1))
        source = Source(uri=name, filename=f"{name}.pdf")
        found.append(Document(doc_id=f"{draw.getrandbits(128):032x}", path=name, sources=(source,), bytes=1, pages=pages))
        left -= size
    return found


def _drawn(draw: random.Random, pool: Sequence[Document], size: int) -> list[Page]:
    pages: list[Page] = []
    while len(pages) < size:
        document = draw.choices(pool, [len(each.pages) for each in pool])[0]
        start = draw.randrange(len(document.pages))
        pages += document.pages[start : start + RUN_OF_PAGES]
    return pages[:size]


def workload(documents: Sequence[Document], *, questions: int = 0, context_tokens: int = 131_072) -> Workload:
    """Return the planner's requests for the documents, group by group; each question is asked of each document."""
    groups = tuple(_groups(documents, questions, context_tokens))
    return Workload(groups, sum(len(document.pages) for document in documents))


def copies(work: Workload, number: int) -> Workload:
    """Return the workload so many times over, each time of other documents."""
    groups = tuple(
        tuple(request._replace(page_set=f"{copy}-{request.page_set}") for request in group)
        for copy in range(number)
        for group in work.groups
    )
    return Workload(groups, number * work.n_pages)


def shards(work: Workload, number: int, seed: int = 0) -> list[Shard]:
    """Return the groups joined to so many shards of unequal size: equal ones would all survey at the same time, and then all read."""
    draw = random.Random(seed)
    cuts = sorted(draw.sample(range(1, len(work.groups)), number - 1))
    return [[*chain.from_iterable(work.groups[start:end])] for start, end in pairwise([0, *cuts, len(work.groups)])]


def _groups(documents: Sequence[Document], questions: int, context_tokens: int) -> Iterator[Shard]:
    terms = terms_of_job(Job(sources=("-",)), Settings(context_tokens=context_tokens))
    for start in range(0, len(documents), GROUP):
        group = documents[start : start + GROUP]
        asked = [
            Question(id=f"{number}-{document.doc_id}", question="What was the net revenue of the year?", docs=(document.filename,))
            for document in group
            for number in range(questions)
        ]
        yield tuple(map(_sim_request, forecast(group, scopes(asked, group), group, terms).requests))


def _sim_request(planned: PlannedRequest) -> SimRequest:
    shared = len(SYSTEM) + TEXT_PER_PAGE * planned.n_images
    return SimRequest(
        stage=STAGE[planned.kind],
        page_set=planned.page_set,
        page_tokens=planned.page_tokens,
        prompt_tokens=planned.prompt_tokens,
        output_tokens=planned.output_tokens,
        image_bytes=planned.image_bytes,
        text_shared=shared / (shared + _instruction_bytes(planned.kind)),
    )


@cache
def _instruction_bytes(kind: RequestKind) -> int:
    return instruction_cost(kind, len)
