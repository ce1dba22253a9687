"""Which pages' charts are worth reading for a question, and the charts that were read as the answers see them. Pure."""

from collections import Counter
from collections.abc import Sequence

from pipeline.embedded.answers.charts import SeenChart
from pipeline.embedded.answers.seen import SeenPage
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.reading import Reading, Rect

_MOST_PAGES = 4
"""Pages whose charts are read for one question: a second of computing each."""
_WHOLE = 0.8
"""Of a page that a chart covers which is all there is on it."""


def pages_with_charts(question: str, pages: Sequence[SeenPage]) -> list[int]:
    """Return the positions of the pages whose charts may answer a question: those that share most words with it, rare ones first."""
    shown = [number for number, page in enumerate(pages) if any(region.kind == "chart" for region in page.reading.regions)]
    if len(shown) <= 1:
        return shown
    words = {number: _words(pages[number].reading) for number in shown}
    frequency = Counter(word for own in words.values() for word in own)
    asked = set(terms(question))
    weight = {number: sum(1 / frequency[word] for word in asked & words[number]) for number in shown}
    best = sorted((number for number in shown if weight[number] > 0), key=lambda number: (-weight[number], number))
    return sorted(best[:_MOST_PAGES])


def seen_charts(pages: Sequence[SeenPage]) -> list[SeenChart]:
    """Return the charts of the pages; one that is all of the only page is the one that is asked about."""
    return [
        SeenChart(
            page.doc,
            page.page,
            _thousandths(page.reading, chart.rect),
            chart.reading,
            _words(page.reading),
            len(pages) == 1 and len(page.charts) == 1 and _share(page.reading, chart.rect) >= _WHOLE,
        )
        for page in pages
        for chart in page.charts
    ]


def _words(reading: Reading) -> frozenset[str]:
    return frozenset(word for line in reading.lines for word in terms(line.text))


def _share(reading: Reading, rect: Rect) -> float:
    return (rect.x1 - rect.x0) * (rect.y1 - rect.y0) / max(1, reading.width * reading.height)


def _thousandths(reading: Reading, rect: Rect) -> tuple[int, int, int, int]:
    x0, x1 = (round(1000 * min(max(side / max(1, reading.width), 0), 1)) for side in (rect.x0, rect.x1))
    y0, y1 = (round(1000 * min(max(side / max(1, reading.height), 0), 1)) for side in (rect.y0, rect.y1))
    return x0, y0, x1, y1
