"""Answer a question from the points of a chart: look one up, rank them, name the operands of a sum; else abstain. Pure.

The labels of a chart are its keys. What the question names must be among them: a chart of other years or other countries has no answer.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.embedded.answers.chart_keys import Named, named, period_of, periods
from pipeline.embedded.answers.chart_wording import Asked, asked
from pipeline.embedded.answers.terms import terms
from schemas.extraction import AnswerKind, AnswerReading, ChartReading, CitedEvidence, ModelBox, Operand, Operation

_NEAR = 0.012
"""How far, of itself, a value may be from one that a question states."""
_ROUNDED = 0.5
"""How far it may be where the question states a whole number."""
_FEWEST_SHARED = 0.5
"""Of a question's content words, those that a chart or its page has to hold where the question asks of a chart, if not of this alone."""
_MOST_SHARED = 0.8
"""And where the question could be about anything in a document."""
_ASKS_OF_CHART = re.compile(r"\b(?:charts?|graphs?|figures?|plots?|diagrams?|bars?|pie|curves?)\b", re.IGNORECASE)
_WHOLLY = 0.99
_REMAINDER = re.compile(r"(?:grand |over)?(?:total|all)\b|(?:other|rest of|average)s?\b", re.IGNORECASE)
"""Labels that are no item among others."""
_TOTAL = re.compile(r"(?:grand )?total|overall|world(?:wide)?|global", re.IGNORECASE)
_ALL = re.compile(r"\b(?:total|overall|world(?:wide)?|global)\b", re.IGNORECASE)
_SURE, _FAIR = 0.8, 0.65


class SeenChart(NamedTuple):
    """A chart as read, where it is, and the words of its page. `is_alone`: the question is asked of this chart and nothing else."""

    doc: int
    page: int
    box: ModelBox
    reading: ChartReading
    words: frozenset[str]
    is_alone: bool


class Datum(NamedTuple):
    """One point: the name of its series, its x, its value, the value as printed or as it would be, and whether it is printed."""

    series: str
    x: str
    y: float
    text: str
    is_printed: bool


class Reply(NamedTuple):
    """Points that answer a question, in order, and how: their `part` is told, or they are the operands of the operation."""

    score: float
    data: tuple[Datum, ...]
    part: str
    operation: Operation = "none"


def answer_from_charts(question: str, kind: AnswerKind | None, charts: Sequence[SeenChart]) -> tuple[AnswerReading, ...]:
    """Return the answer that fits best, nothing if no chart holds one."""
    about = asked(question)
    replies = [
        (reply.score * fit, number, reply)
        for number, chart in enumerate(charts)
        for fit in _fits(about, chart)
        for reply in _replies(about, chart)
    ]
    if not replies:
        return ()
    score, number, reply = max(replies, key=lambda one: (one[0], -one[1]))
    return (_reading(charts[number], reply, about, kind, score),)


def _fits(about: Asked, chart: SeenChart) -> Iterable[float]:
    """Yield how well the question fits a chart, nothing if it does not."""
    if chart.is_alone:
        yield 1.0
        return
    words = {word for word in terms(about.text) if not word.isdigit()}
    own = chart.words | {word for text in _texts(chart.reading) for word in terms(text)}
    share = sum(word in own for word in words) / max(1, len(words))
    if share >= (_FEWEST_SHARED if _ASKS_OF_CHART.search(about.text) else _MOST_SHARED):
        yield 0.5 + 0.5 * share


def _texts(reading: ChartReading) -> list[str]:
    axes = [text for axis in (reading.x_axis, reading.y_axis) for text in (axis.label, axis.unit) if text]
    return [*axes, reading.title or "", reading.caption or "", *(series.name for series in reading.series)]


def _data(reading: ChartReading) -> list[Datum]:
    return [
        Datum(series.name, point.x, point.y, point.y_text or f"{point.y:g}", point.y_text is not None)
        for series in reading.series
        for point in series.points
        if point.y is not None
    ]


def _replies(about: Asked, chart: SeenChart) -> Iterable[Reply]:
    """Yield the reply of a chart, if it has one."""
    data = _data(chart.reading)
    if not data:
        return
    xs, series = [*dict.fromkeys(datum.x for datum in data)], [*dict.fromkeys(datum.series for datum in data)]
    at_x = _anchored(about, xs) or named(xs, about.text) or _whole(about, xs)
    at_series = named(series, about.text) if len(series) > 1 else (Named(0, 1.0),)
    table = _Table(data, xs, series, at_x, at_series)
    if about.computation != "none" and (reply := _computed(about, table)):
        yield reply
    elif _wants_label(about, chart.reading, table):
        yield from _label(about, table)
    else:
        yield from _value(about, table)


class _Table(NamedTuple):
    data: list[Datum]
    xs: list[str]
    series: list[str]
    at_x: Sequence[Named]
    at_series: Sequence[Named]

    @property
    def is_dated(self) -> bool:
        return sum(period_of(x) is not None for x in self.xs) > 0.6 * len(self.xs)

    def where(self, x: int | None = None, series: int | None = None) -> list[Datum]:
        return [
            datum for datum in self.data if (x is None or datum.x == self.xs[x]) and (series is None or datum.series == self.series[series])
        ]


def _anchored(about: Asked, xs: Sequence[str]) -> tuple[Named, ...]:
    """Return the period that "the previous year" or "currently" is, where the question names none."""
    own = [(period, at) for at, x in enumerate(xs) if (period := period_of(x)) is not None]
    if not about.anchor or about.anchor == "first" or len(own) < 2 or len(own) < 0.6 * len(xs) or periods(about.text):
        return ()
    return (Named(sorted(own)[-2 if about.anchor == "previous" else -1][1], _FAIR),)


def _whole(about: Asked, xs: Sequence[str]) -> tuple[Named, ...]:
    """Return the label of the total where the question speaks of the whole."""
    totals = [at for at, x in enumerate(xs) if _TOTAL.fullmatch(x.strip())]
    return (Named(totals[0], _FAIR),) if len(totals) == 1 and _ALL.search(about.text) else ()


def _wants_label(about: Asked, reading: ChartReading, table: _Table) -> bool:
    """Tell whether a label is the answer: asked for by "which", or by "what is the largest ..." of a chart of names."""
    if about.wants_time or about.wants_label:
        return True
    is_superlative = bool(about.noun) and about.rank > 0 and not table.is_dated and not any(one.score >= _WHOLLY for one in table.at_x)
    measures = {word for text in _texts(reading) for word in terms(text)}
    return is_superlative and not measures.intersection(about.noun)


def _label(about: Asked, table: _Table) -> Iterable[Reply]:
    """Yield the label whose value is stated, of a rank, or first."""
    series = table.at_series[0].at if table.at_series else None
    if about.wants_time and not table.is_dated:
        return
    if about.wants_time and about.anchor == "first":
        first = min(table.where(series=series), key=lambda datum: period_of(datum.x) or (9999, ""))
        yield Reply(_FAIR, (first,), "x")
        return
    is_by_series = bool(table.at_x) and len(table.series) > 1 and not (len(table.at_series) == 1 and not table.is_dated)
    part = "series" if is_by_series and not about.wants_time else "x"
    pool = table.where(x=table.at_x[0].at) if part == "series" else table.where(series=series)
    if about.is_move and about.rank and len(table.at_series) > 1:
        yield from _largest_move(about, table)
    elif about.values and not about.rank:
        yield from _stated(about, pool, part)
    elif about.rank and (series is not None or part == "series"):
        yield from _ranked(about, pool, part)
    elif about.rank:
        yield from _agreed(about, table)
    elif about.values:
        yield from _stated(about, pool, part)


def _stated(about: Asked, pool: Sequence[Datum], part: str) -> Iterable[Reply]:
    """Yield the point whose value is the one that the question states."""
    reaches = [(abs(datum.y - value), datum) for value in about.values for datum in pool if _is_near(datum.y, value)]
    if reaches:
        yield Reply(_SURE, (min(reaches, key=lambda one: one[0])[1],), part)


def _is_near(value: float, stated: float) -> bool:
    return abs(value - stated) <= max(_NEAR * abs(stated), _ROUNDED if stated == round(stated) and abs(stated) >= 3 else 0.0)


def _ranked(about: Asked, pool: Sequence[Datum], part: str) -> Iterable[Reply]:
    items = [datum for datum in pool if not _REMAINDER.match(datum.series if part == "series" else datum.x)]
    if about.rank <= len(items):
        ordered = sorted(items, key=lambda datum: datum.y if about.is_least else -datum.y)
        yield Reply(_SURE, (ordered[about.rank - 1],), part)


def _agreed(about: Asked, table: _Table) -> Iterable[Reply]:
    """Yield the label of a rank where no series is named and all of them have the same there."""
    replies = [reply for number in range(len(table.series)) for reply in _ranked(about, table.where(series=number), "x")]
    if len({reply.data[0].x for reply in replies}) == 1:
        yield replies[0]._replace(score=_FAIR)


def _largest_move(about: Asked, table: _Table) -> Iterable[Reply]:
    """Yield the label that differs most between two series, such as two years."""
    early, late = sorted((table.series[one.at] for one in table.at_series[:2]), key=lambda name: period_of(name) or (0, ""))
    moves = [
        (after.y - before.y, before, after)
        for before in table.data
        for after in table.data
        if before.x == after.x and before.series == early and after.series == late
    ]
    if moves:
        _, before, after = (min if about.is_least else max)(moves, key=lambda move: move[0])
        yield Reply(_FAIR, (after, before), "x")


def _value(about: Asked, table: _Table) -> Iterable[Reply]:
    """Yield the value of the point that the question names."""
    x, series = (found[0] if found else None for found in (table.at_x, table.at_series))
    if x and series:
        pool = table.where(x.at, series.at)
        if pool:
            yield Reply(_SURE * min(x.score, 1.0) ** 0.5 * min(series.score, 1.0) ** 0.5, (pool[0],), "y")
        return
    pool = table.where(x=x.at if x else None, series=series.at if series else None)
    names_other = not x and table.is_dated and bool(periods(about.text))
    if about.rank and pool and not names_other:
        yield from _ranked(about, pool, "y")
    elif x and len(pool) == 1:
        yield Reply(_FAIR, (pool[0],), "y")


def _computed(about: Asked, table: _Table) -> Reply | None:
    """Return the operands of a computation, None if the question does not name them."""
    points = _operands(table)
    if len(points) < 2:
        return None
    match about.computation:
        case "difference" | "ratio" if len(points) == 2:
            ordered = points if about.computation == "ratio" else sorted(points, key=lambda datum: -datum.y)
            return Reply(_FAIR, tuple(ordered), "y", about.computation)
        case "sum" | "average":
            return Reply(_FAIR, tuple(points), "y", about.computation)
        case _:
            return None


def _operands(table: _Table) -> list[Datum]:
    """Return the points of two or more named labels, along the one axis of which several are named."""
    if len(table.at_x) > 1 and table.at_series:
        return [datum for one in table.at_x for datum in table.where(one.at, table.at_series[0].at)]
    if len(table.series) > 1 and len(table.at_series) > 1 and table.at_x:
        return [datum for one in table.at_series for datum in table.where(table.at_x[0].at, one.at)]
    return []


def _reading(chart: SeenChart, reply: Reply, about: Asked, kind: AnswerKind | None, score: float) -> AnswerReading:
    evidence = tuple(_cited(chart, datum, datum.text if datum.is_printed else datum.x) for datum in reply.data)
    confidence = round(min(0.95, score), 2)
    unit = _unit(chart.reading, reply.data[0])
    if reply.operation != "none":
        operands = tuple(
            Operand(**cited.model_dump() | {"quote": f"{datum.x} {datum.text}"}, text=datum.text, unit=unit, label=_name(datum))
            for cited, datum in zip(evidence, reply.data, strict=True)
        )
        return AnswerReading(is_answerable=True, kind="number", operation=reply.operation, operands=operands, confidence=confidence)
    first = reply.data[0]
    told = f"The chart on page {chart.page} has {first.text} at {_name(first)}."
    if reply.part != "y":
        label = first.series if reply.part == "series" else first.x
        by_label = tuple(_cited(chart, datum, label) for datum in reply.data[:1])
        of_time: AnswerKind = "date" if about.wants_time else "text"
        return AnswerReading(
            is_answerable=True, kind=of_time, text=label, rationale=told, confidence=confidence, evidence=(*by_label, *evidence)
        )
    of_value: AnswerKind = kind if kind in {"number", "percent", "currency"} else "percent" if unit == "%" else "number"
    return AnswerReading(
        is_answerable=True,
        kind=of_value,
        text=first.text,
        number=first.y,
        unit=unit,
        rationale=told,
        confidence=confidence,
        evidence=evidence,
    )


def _name(datum: Datum) -> str:
    return " / ".join(filter(None, [datum.x, datum.series]))


def _unit(reading: ChartReading, datum: Datum) -> str | None:
    if "%" in datum.text:
        return "%"
    return reading.y_axis.unit


def _cited(chart: SeenChart, datum: Datum, quote: str) -> CitedEvidence:
    return CitedEvidence(doc=chart.doc, page=chart.page, box=chart.box, quote=quote or datum.text, source_kind="chart")
