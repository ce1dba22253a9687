"""Documents that a question asks jointly are surveyed in one request, at its head, where they are the prefix of the question's own."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from pipeline.run import run
from schemas.settings import Job, Question, Settings
from tests.scripted import ScriptedServer


def test_documents_that_a_question_joins_are_surveyed_together(
    scripted: ScriptedServer, make_pdf: Callable[..., Path], tmp_path: Path
) -> None:
    scripted.script.max_model_len = 24_000
    named = {
        name: make_pdf(f"in/{name}.pdf", texts=tuple(f"{name} {page}" for page in range(1, n + 1)))
        for name, n in (("a", 4), ("b", 5), ("c", 4))
    }
    question = Question(id="q", question="Which?", docs=("c.pdf", "a.pdf"))
    job = Job(sources=tuple(map(str, named.values())), out=tmp_path / "out", backend=scripted.url, questions=(question,))
    outcome = asyncio.run(run(job, Settings(attempts=2))).outcome
    names = {done.document.doc_id: done.document.filename for done in outcome.documents}
    surveys = [[names[doc_id] for doc_id in record.request.doc_ids] for record in outcome.requests if record.request.kind == "survey"]
    assert ["c.pdf", "a.pdf"] in [shown[:2] for shown in surveys]
