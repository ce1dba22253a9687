"""Answer questions from pages as read: find, look up, compute, or say that the pages do not hold it.

There is no language model in here. A question is taken apart by its wording (`question`); its terms are looked for in tables
(`lookup`), among the labels of charts (`charts`) and in sentences (`spans`, `lists`, `clauses`); differences, growth, shares and
comparisons are named with their printed operands (`operate`), and not computed. Questions to a filing are first put to its statements
(`plans`, `measures`), and pages are ranked on their own (`ranking`). What the pages do not name, and what fits poorly, stays unanswered.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch

from pipeline.embedded.answers.chart_pages import pages_with_charts, seen_charts
from pipeline.embedded.answers.charts import answer_from_charts
from pipeline.embedded.answers.clauses import clause
from pipeline.embedded.answers.compose import UNANSWERED, from_claim, from_entry, from_found, from_list, from_measured, from_result
from pipeline.embedded.answers.corpus import Corpus, index
from pipeline.embedded.answers.counts import counted
from pipeline.embedded.answers.evidence import cite_words
from pipeline.embedded.answers.extremes import extreme
from pipeline.embedded.answers.found import Found
from pipeline.embedded.answers.lists import Listed, enumerate_items
from pipeline.embedded.answers.lookup import Wanted
from pipeline.embedded.answers.measures import measured, operands
from pipeline.embedded.answers.operands import measure_of
from pipeline.embedded.answers.operate import Result, compute, measure, seek
from pipeline.embedded.answers.question import Query, parse
from pipeline.embedded.answers.ranking import Ranked, ranked, telling_lines
from pipeline.embedded.answers.rows import alike, entries
from pipeline.embedded.answers.seen import ReadChart, SeenPage
from pipeline.embedded.answers.spans import pick, sentences
from pipeline.embedded.answers.terms import terms
from schemas.extraction import AnswerKind, AnswerReading, CitedEvidence, Finding

__all__ = ["ReadChart", "SeenPage", "answer", "findings", "pages_with_charts"]

# Below these scores the pages count as silent. Set on the sample documents; on long real reports most answers above are still wrong.
_ENOUGH = 0.62
_ENOUGH_FOR_WORDS = 0.7
_ENOUGH_FOR_CLAIM = 0.8
_SHORT = 24
_ENOUGH_OF_MANY = 0.85
_MOST_FINDINGS = 6
_SURE = 0.95
_NEGATION = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot|n't|excluded|prohibited)\b|n't\b", re.IGNORECASE)


def answer(question: str, kind: AnswerKind | None, pages: Sequence[SeenPage], scope: Sequence[str] = ()) -> AnswerReading:
    """Return the best answer to `question` from `pages`, or one with `is_answerable` false.

    `kind` is the kind of answer that was asked for (None: by the wording); `scope` names the files, or patterns of file names,
    that the question is about.
    """
    seen = _in_scope(pages, scope)
    if not seen:
        return UNANSWERED
    charts = seen_charts(seen)
    drawn = answer_from_charts(question, kind, charts)
    if any(chart.is_alone for chart in charts):
        return drawn[0] if drawn else UNANSWERED
    query, corpus = parse(question, kind), index(seen)
    if told := _filed(question, query, corpus) or counted(corpus, question):
        return told
    if _is_foreign(query, corpus):
        return UNANSWERED
    reply = _reply(query, corpus)
    if reply.is_answerable and _is_sure(reply, corpus) and _is_kind(reply, question):
        return reply
    return drawn[0] if drawn else UNANSWERED


def findings(question: str, pages: Sequence[SeenPage]) -> tuple[Finding, ...]:
    """Return the places that help most to answer `question`, at most six of a document, most useful first."""
    if not pages:
        return ()
    query, corpus = parse(question), index(tuple(pages))
    lines = operands(corpus, question, query)
    reply = UNANSWERED if lines or _is_foreign(query, corpus) else _reply(query, corpus)
    cited = [*(one.evidence for one in lines), *reply.operands, *reply.evidence]
    places = {(one.doc, one.page): one for one in reversed(cited)}
    found = [_finding(corpus, one, _SURE) for one in places.values() if lines]
    for page in _best_of_each(corpus, ranked(corpus, question)):
        seen = corpus.pages[page.at]
        place = places.get((seen.doc, seen.page)) or telling_lines(corpus, question, page.at)
        found.append(_finding(corpus, place, page.relevance))
    return tuple(_some_of_each(found))


def _best_of_each(corpus: Corpus, pages: Iterable[Ranked]) -> Iterator[Ranked]:
    """Yield the first pages of every document that hold anything the question names."""
    left: defaultdict[int, int] = defaultdict(lambda: _MOST_FINDINGS)
    for page in pages:
        seen = corpus.pages[page.at]
        if page.relevance and left[seen.doc] and any(line.words for line in seen.reading.lines):
            left[seen.doc] -= 1
            yield page


def _finding(corpus: Corpus, cited: CitedEvidence, relevance: float) -> Finding:
    starts_before, goes_on = corpus.continues_at(cited.doc, cited.page)
    return Finding(
        doc=cited.doc,
        page=cited.page,
        box=cited.box,
        quote=cited.quote,
        source_kind=cited.source_kind,
        relevance=relevance,
        starts_before=starts_before,
        goes_on=goes_on,
    )


def _some_of_each(found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield every page once, and no more than so many of one document."""
    left: defaultdict[int, int] = defaultdict(lambda: _MOST_FINDINGS)
    pages: set[tuple[int, int]] = set()
    for one in found:
        if left[one.doc] and (one.doc, one.page) not in pages:
            pages.add((one.doc, one.page))
            left[one.doc] -= 1
            yield one


def _in_scope(pages: Sequence[SeenPage], scope: Sequence[str]) -> tuple[SeenPage, ...]:
    named = tuple(page for page in pages if any(fnmatch(page.filename, pattern) for pattern in scope))
    return named or tuple(pages)


def _is_foreign(query: Query, corpus: Corpus) -> bool:
    """True if the question names something, or a year, that stands nowhere in the documents."""
    if any(not corpus.is_named(corpus.known(name)) for name in query.names):
        return True
    about = {year for document in corpus.documents.values() for year in document.years}
    return any(year not in about and not corpus.is_named(str(year)) for year in query.years)


def _filed(question: str, query: Query, corpus: Corpus) -> AnswerReading | None:
    """Return what the statements of a filing answer; None where the question is about something else."""
    found = measured(corpus, question, query)
    return from_measured(query, found) if found else None


def _reply(query: Query, corpus: Corpus) -> AnswerReading:
    year = query.years[-1] if query.years else 0
    wanted = Wanted(query.words, year, query.kind, query.pages, frozenset(query.names), query.at_end, query.is_count)
    if query.alternatives and query.kind == "boolean" and query.operation == "lookup":
        query = query._replace(kind="text")
    if query.operation in {"extreme", "peak"}:
        return _extreme_reply(query, corpus, wanted)
    if query.operation != "lookup":
        result = compute(corpus, query)
        if query.operation == "share" and (printed := _printed_share(query, corpus, year, result)):
            return from_found(query, printed)
        if result and result.score >= _ENOUGH:
            return from_result(query, result)
        if _needs_several(query):
            return UNANSWERED
    return _looked_up(query, corpus, wanted)


def _is_sure(reply: AnswerReading, corpus: Corpus) -> bool:
    """Tell whether an answer fits well enough for a document so long: among many pages, something always fits somewhat."""
    return max(page.page for page in corpus.pages) <= _SHORT or (reply.confidence or 0.0) >= _ENOUGH_OF_MANY


def _is_kind(reply: AnswerReading, question: str) -> bool:
    """False for a plain number where a percentage is asked for."""
    is_share = reply.operation in {"share", "percent_change", "formula"} or "%" in {reply.unit, *(one.unit for one in reply.operands)}
    is_number = reply.number is not None or bool(reply.operands)
    return is_share or not is_number or not re.search(r"\bpercentage\b", question, re.IGNORECASE)


def _needs_several(query: Query) -> bool:
    """True where one value alone would be a wrong answer; totals, means and measures may be printed as they are."""
    if query.operation in {"sum", "average"}:
        return len(query.years) >= 2
    return query.operation in {"difference", "ratio", "multiple"} and not measure_of(query)


def _printed_share(query: Query, corpus: Corpus, year: int, result: Result | None) -> Found | None:
    """Return the percentage if it is printed, and fits better than what could be computed."""
    printed = seek(corpus, query, query.words, year, "percent")[:1]
    return printed[0] if printed and printed[0].score >= max(_ENOUGH, result.score if result else 0) else None


def _extreme_reply(query: Query, corpus: Corpus, wanted: Wanted) -> AnswerReading:
    ranked = extreme(corpus, query)
    if ranked and ranked[0].score >= _ENOUGH:
        return from_result(
            query, Result("minimum" if query.wants_least else "maximum", ranked, tuple(one.label for one in ranked), ranked[0].score)
        )
    return _looked_up(query, corpus, wanted)


def _looked_up(query: Query, corpus: Corpus, wanted: Wanted) -> AnswerReading:
    if query.operation == "sum":
        query = query._replace(words=(*query.words, *terms("total")))
    if query.kind == "boolean":
        return _claim(query, corpus, wanted)
    if query.kind == "list":
        return _list_reply(query, corpus, wanted)
    found = _best(query, corpus, wanted)
    if measure_of(query) and not (found and _names_measure(found)):
        measured = measure(corpus, query)
        return from_result(query, measured) if measured and measured.score >= _ENOUGH else UNANSWERED
    enough = _ENOUGH if found and found.amount else _ENOUGH_FOR_WORDS
    return from_found(query, found) if found and found.score >= enough else UNANSWERED


def _names_measure(found: Found) -> bool:
    """True if a value is printed under the name of a measure: then it need not be computed."""
    return measure_of(parse(f"{found.label} {found.header} {found.evidence.quote}")) is not None


def _best(query: Query, corpus: Corpus, wanted: Wanted) -> Found | None:
    """Return the value or words that fit best, from tables, charts and sentences together; None if nothing fits at all."""
    if query.text.lower().startswith("how often"):
        return next(iter(pick(corpus, query, wanted)), None)
    found = seek(corpus, query, query.words, wanted.year, query.kind)
    if query.kind in {"text", "date", "none"}:
        found += [from_entry(entry) for entry in entries(corpus, query)[:3]]
        found += clause(corpus, query, wanted) if _wants_words(query) else []
    return max(found, key=lambda one: one.score, default=None)


def _wants_words(query: Query) -> bool:
    return query.kind in {"text", "none"} and not re.match(r"\W*(?:how|by who|who)", query.text, re.IGNORECASE)


def _list_reply(query: Query, corpus: Corpus, wanted: Wanted) -> AnswerReading:
    listed = enumerate_items(corpus, query, wanted)
    rows = entries(corpus, query)
    if rows and rows[0].score > (listed.score if listed else 0):
        same = alike(rows)
        listed = Listed(tuple(dict.fromkeys(entry.text for entry in same)), rows[0].score, tuple(entry.evidence for entry in same))
    return from_list(listed) if listed and listed.score >= _ENOUGH else UNANSWERED


def _claim(query: Query, corpus: Corpus, wanted: Wanted) -> AnswerReading:
    """Answer yes or no from the one sentence that says it."""
    words = tuple(map(corpus.known, wanted.words))
    for scored in sentences(corpus, wanted._replace(words=words))[:1]:
        score = scored.coverage * scored.year
        if score >= _ENOUGH_FOR_CLAIM:
            is_denied = bool(_NEGATION.search(scored.sentence.text)) != bool(_NEGATION.search(query.text))
            return from_claim(cite_words(corpus.pages[scored.at], scored.sentence.words), score, is_denied=is_denied)
    return UNANSWERED
