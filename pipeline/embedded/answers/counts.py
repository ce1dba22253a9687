"""Count what a document numbers: its tables, figures, appendices, chapters, and its pages; pure.

Only what is numbered without a gap from the first one on is counted, in a document that is before us whole.
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from pipeline.embedded.answers.corpus import Corpus
from pipeline.embedded.answers.evidence import cite_words
from pipeline.embedded.answers.seen import SeenPage
from schemas.extraction import AnswerReading, CitedEvidence

_ASKED = re.compile(
    r"how many (?:numbered )?(tables|figures|appendices|appendixes|chapters|exhibits|pages)\s+"
    r"(?:(?:are|appear|exist)(?: there)?(?: in total)?\s+in|does|do|has)\s+(?:the |this )?(?:whole |entire )?"
    r"(?:document|report|paper|manual|slides?|deck|file|pdf|filing)(?: have| contain| include)?(?: in total)?\W*$",
    re.IGNORECASE,
)
_NAMES = {"tables": "Table", "figures": "Figure", "appendices": "Appendix", "appendixes": "Appendix", "chapters": "Chapter"}
_NAMES |= {"exhibits": "Exhibit"}
_CONFIDENCE = 0.9


def counted(corpus: Corpus, question: str) -> AnswerReading | None:
    """Return how many there are, each with its place; None if the question asks for something else, or that cannot be told."""
    asked = _ASKED.search(question.strip())
    pages = sorted(corpus.pages, key=lambda page: page.page)
    if asked is None or [page.page for page in pages] != list(range(1, len(pages) + 1)):
        return None
    if asked[1].lower() == "pages":
        return _pages(pages)
    found: dict[str, CitedEvidence] = {}
    name = _NAMES[asked[1].lower()]
    for page in pages:
        for line in page.reading.lines:
            caption = re.match(rf"{name}\s+(\d{{1,2}}|[A-Z])(?![\w-])", line.text.strip(), re.IGNORECASE)
            if caption:
                found.setdefault(caption[1].upper(), cite_words(page, line.words))
    numbers = _in_order(found)
    if not numbers:
        return None
    return AnswerReading(
        is_answerable=True,
        kind="number",
        operation="count",
        items=tuple(f"{name} {number}" for number in numbers),
        confidence=_CONFIDENCE,
        evidence=tuple(found[number] for number in numbers),
    )


def _in_order(found: dict[str, CitedEvidence]) -> tuple[str, ...]:
    """Return the numbers from the first to the last; none if one is missing."""
    for whole in (tuple(map(str, range(1, len(found) + 1))), tuple(ascii_uppercase[: len(found)])):
        if set(whole) == set(found):
            return whole
    return ()


def _pages(pages: Sequence[SeenPage]) -> AnswerReading | None:
    last = next((page for page in reversed(pages) if page.reading.lines), None)
    if last is None or last is not pages[-1]:
        return None
    return AnswerReading(
        is_answerable=True,
        kind="number",
        text=str(len(pages)),
        number=float(len(pages)),
        unit="pages",
        rationale=f"The last page is page {len(pages)} of the file.",
        confidence=_CONFIDENCE,
        evidence=(cite_words(last, last.reading.lines[-1].words),),
    )
