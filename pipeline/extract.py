"""Read the located tables and charts from crops at reading resolution, and verify their numbers.

A table or chart whose numbers, as read, disagree with the text layer is read again finer, as long as that helps.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TypeVar

from pipeline import crops, ladder, merge, parse, prompt, verify
from pipeline.crops import MOST_TOGETHER, Cost
from pipeline.line import Line
from pipeline.merge import PartialReading
from pipeline.plan import FINER, read_dpi, survey_dpi
from pipeline.prompt import Crop
from pipeline.verify import Words
from schemas.document import Box
from schemas.errors import BackendError, BudgetError, CompletionError, LongreadError, PagesLost, Truncated
from schemas.extraction import ChartReading, TableReading, TableReadings, Transcript
from schemas.located import ChartSite, Located, TableSite
from schemas.message import Completion, Request
from schemas.result import Chart, Table
from schemas.value import Value

V = TypeVar("V", bound=Value)

# Above a table stand its title and unit, below it its footnotes: parts of the page's height and width.
TABLE_MARGIN = (0.02, 0.04)
CHART_MARGIN = (0.02, 0.03)
# Replies to one table before it is called truncated: ten thousand rows at a hundred and more a reply.
MOST_REPLIES = 100
FINER_LOOKS = (FINER, FINER**2)


async def read_tables(line: Line, numbered: Sequence[tuple[int, TableSite]]) -> tuple[Table, ...]:
    """Return the tables of one document, small ones asked for together; those that failed are in the ledger."""
    sites = [site for _, site in numbered]
    layers = await line.words(sites[0].doc_id, {part.page_no for site in sites for part in site.parts}) if sites else {}
    groups = crops.together([_cost(line, site, layers) for site in sites], _room(line), line.card.limits.most_images or MOST_TOGETHER)
    read = await asyncio.gather(*(_read_group(line, [sites[at] for at in group]) for group in groups))
    readings = dict(zip(chain.from_iterable(groups), chain.from_iterable(read), strict=True))
    done = await asyncio.gather(*(_tables(line, site, number, readings[at], layers) for at, (number, site) in enumerate(numbered)))
    return tuple(chain.from_iterable(done))


async def _tables(
    line: Line, site: TableSite, ordinal: int, readings: Sequence[PartialReading] | LongreadError, layers: Mapping[int, Words]
) -> tuple[Table, ...]:
    """Return the table, read finer as long as that helps; columns with other rows are tables of their own."""
    line.ledger.count(reads_done=1)
    try:
        tables = _verified(site, ordinal, readings, layers)
    except LongreadError as error:
        _fail(line, site.doc_id, site.parts[0], "table", error)
        return ()
    with suppress(LongreadError):  # then what was read stands
        for finer in FINER_LOOKS if line.job.profile != "fast" else ():
            if _share_matched(tables) == 1:
                break
            again = _verified(site, ordinal, await _read_alone(line, site, finer), layers)
            if _share_matched(again) <= _share_matched(tables) or _n_matched(again) < _n_matched(tables):
                break
            tables = again
    if line.job.profile == "thorough" and any(cell.check == "no_layer" for table in tables for cell in table.cells):
        lines = await _read_again(line, site)
        return tuple(verify.verify_table_again(table, lines) for table in tables)
    return tables


def _verified(
    site: TableSite, ordinal: int, readings: Sequence[PartialReading] | LongreadError, layers: Mapping[int, Words]
) -> tuple[Table, ...]:
    if isinstance(readings, LongreadError):
        raise readings
    return tuple(verify.verify_table(table, layers) for table in merge.merge(site, ordinal, readings))


def _n_matched(tables: Sequence[Table]) -> int:
    return sum(table.numbers_matched for table in tables)


def _share_matched(tables: Sequence[Table]) -> float:
    """Return the share of the compared numbers that agree with the text layer; 1 if none was compared."""
    n_checked = sum(table.numbers_checked for table in tables)
    return _n_matched(tables) / n_checked if n_checked else 1.0


def _cost(line: Line, site: TableSite, layers: Mapping[int, Words]) -> Cost:
    """Return what a table takes; one in several parts takes all room, so that it is asked for alone."""
    if len(site.parts) > 1:
        return Cost(line.capacity, line.served.max_tokens)
    part = site.parts[0]
    tokens = _crop(line, site.doc_id, part, TABLE_MARGIN).image.tokens
    return Cost(tokens + 2 * line.price.per_image, crops.reply_tokens(part.box, layers.get(part.page_no, ()), tokens))


def _room(line: Line) -> Cost:
    # Half of the reply stays free: how long a table gets is a guess.
    return Cost(line.capacity, line.served.max_tokens // 2)


async def _read_group(line: Line, sites: Sequence[TableSite]) -> list[list[PartialReading] | LongreadError]:
    """Return what was read of each table, or why nothing was; those that a common reply leaves out are asked for alone."""
    if len(sites) == 1:
        return [await _read_alone(line, sites[0])]
    try:
        found = await _read_together(line, sites)
    except LongreadError as error:
        if not await ladder.smaller_may_help(line, error):
            return [error] * len(sites)
        found = {}
    return [await _read_alone(line, site, begun=found.get(number)) for number, site in enumerate(sites)]


async def _read_together(line: Line, sites: Sequence[TableSite]) -> dict[int, TableReading]:
    """Return the tables of a common reply by the position of their sites."""
    shown = [_crop(line, site.doc_id, site.parts[0], TABLE_MARGIN) for site in sites]
    found = await _ask(line, prompt.tables(line.served, shown), TableReadings, parse.salvage_tables)
    return {item.image - 1: item.table for item in found.tables if 0 < item.image <= len(sites)}


async def _read_alone(
    line: Line, site: TableSite, finer: float = 1.0, begun: TableReading | None = None
) -> list[PartialReading] | LongreadError:
    """Return what is read of a table in requests of its own; `begun` is the beginning of it, or all, that is read already."""
    try:
        chunks = [await _read_parts(line, site.doc_id, parts, finer, begun) for parts in _chunks(line, site, finer)]
    except LongreadError as error:
        return error
    return [*chain.from_iterable(chunks)]


async def read_chart(line: Line, site: ChartSite, ordinal: int) -> tuple[Chart, ...]:
    """Return the chart, or nothing if it failed; the failure is in the ledger."""
    words = (await line.words(site.doc_id, [site.place.page_no])).get(site.place.page_no, ())
    try:
        chart = await _chart(line, site, ordinal, words)
    except LongreadError as error:
        _fail(line, site.doc_id, site.place, "chart", error)
        return ()
    for finer in FINER_LOOKS if line.job.profile != "fast" else ():
        if chart.trust != "mismatch":
            break
        with suppress(LongreadError):  # what was read stands
            again = await _chart(line, site, ordinal, words, finer)
            chart = again if again.trust == "verified" else chart
    return (chart,)


async def _chart(line: Line, site: ChartSite, ordinal: int, words: Words, finer: float = 1.0) -> Chart:
    place = site.place
    reading = await _ask(line, prompt.chart(line.served, _crop(line, site.doc_id, place, CHART_MARGIN, finer)), ChartReading)
    if place.title and not reading.title:
        reading = reading.model_copy(update={"title": place.title})
    return verify.verify_chart(Chart(doc_id=site.doc_id, ordinal=ordinal, page_no=place.page_no, box=place.box, reading=reading), words)


async def transcript(line: Line, doc_id: str, page_no: int, box: Box) -> tuple[str, ...]:
    """Return the lines that a second look at a region reads."""
    crop = _crop(line, doc_id, Located(page_no=page_no, box=box), CHART_MARGIN, finer=1.2)
    return (await _ask(line, prompt.verify(line.served, crop), Transcript)).lines


async def _read_parts(
    line: Line, doc_id: str, parts: Sequence[Located], finer: float, begun: TableReading | None = None
) -> list[PartialReading]:
    """Read the parts in one request; where that is no use, half of them at a time, and a single one in two bands."""
    try:
        return await _read_shown(line, doc_id, parts, TABLE_MARGIN, finer, begun)
    except (BackendError, CompletionError) as error:
        if not await ladder.smaller_may_help(line, error):
            raise
        if len(parts) == 1:
            return await _read_bands(line, doc_id, parts[0], finer, error)
        middle = len(parts) // 2
        return [*await _read_parts(line, doc_id, parts[:middle], finer), *await _read_parts(line, doc_id, parts[middle:], finer)]


async def _read_bands(line: Line, doc_id: str, part: Located, finer: float, error: LongreadError) -> list[PartialReading]:
    words = (await line.words(doc_id, [part.page_no])).get(part.page_no, ())
    boxes = ladder.bands(part.box, words)
    if len(boxes) == 1:
        raise error
    # Without a margin above and below, no row is in both.
    shown = [[part.model_copy(update={"box": box})] for box in boxes]
    read = [await _read_shown(line, doc_id, band, (TABLE_MARGIN[0], 0), finer) for band in shown]
    return [*chain.from_iterable(read)]


async def _read_shown(
    line: Line, doc_id: str, parts: Sequence[Located], margin: tuple[float, float], finer: float, begun: TableReading | None = None
) -> list[PartialReading]:
    """Ask until the promised number of rows is there, or a reply brings none."""
    shown = [_crop(line, doc_id, place, margin, finer) for place in parts]
    regions = [crop.image.crop or place.box for crop, place in zip(shown, parts, strict=True)]
    readings = [begun.model_copy(update={"first_row": 0})] if begun else []
    row = merge.next_row(readings) if readings else 0
    while row is not None and len(readings) < MOST_REPLIES:
        readings.append(await _read_rows(line, shown, row))
        row = merge.next_row(readings)
    return [PartialReading(reading, parts, regions) for reading in readings if reading.rows or reading is readings[0]]


async def _read_rows(line: Line, shown: Sequence[Crop], from_row: int) -> TableReading:
    reading = await _ask(line, prompt.table(line.served, shown, from_row), TableReading, parse.salvage_table)
    return reading.model_copy(update={"first_row": from_row})


async def _ask(line: Line, request: Request, model: type[V], salvage: Callable[[Completion], V] | None = None) -> V:
    _, value = await ladder.ask(line, request, partial(_parsed, model=model, salvage=salvage))
    return value


def _parsed(completion: Completion, model: type[V], salvage: Callable[[Completion], V] | None) -> V:
    try:
        return parse.read(completion, model)
    except Truncated:
        if salvage is None:
            raise
        return salvage(completion)


async def _read_again(line: Line, site: TableSite) -> dict[int, tuple[str, ...]]:
    try:
        return {part.page_no: await transcript(line, site.doc_id, part.page_no, part.box) for part in site.parts}
    except LongreadError as error:
        line.ledger.fail("verify", error, doc_id=site.doc_id, page_no=site.parts[0].page_no)
        return {}


def _chunks(line: Line, site: TableSite, finer: float) -> Iterator[tuple[Located, ...]]:
    """Yield the parts in runs whose crops fit one request: a table may go on for a hundred pages."""
    chunk: list[Located] = []
    room = line.capacity
    for part in site.parts:
        cost = _crop(line, site.doc_id, part, TABLE_MARGIN, finer).image.tokens + 2 * line.price.per_image
        if cost > line.capacity:
            msg = f"the table on page {part.page_no} takes {cost:,} tokens, which no request of {line.capacity:,} holds"
            raise BudgetError(msg)
        if cost > room or (chunk and part.adds_columns):  # further columns are read as a table of the same rows
            yield tuple(chunk)
            chunk, room = [], line.capacity
        chunk.append(part)
        room -= cost
    yield tuple(chunk)


def _crop(line: Line, doc_id: str, place: Located, margin: tuple[float, float], finer: float = 1.0) -> Crop:
    page = line.documents[doc_id].page(place.page_no)
    region = place.box.grown(*margin)
    dpi = survey_dpi(page) if line.job.profile == "fast" else finer * read_dpi(page)
    return Crop(line.image(doc_id, place.page_no, dpi, region), place.box.relative_to(region))


def _fail(line: Line, doc_id: str, place: Located, what: str, error: LongreadError) -> None:
    told = type(error)(f"the {what} on page {place.page_no} was not read: {error}") if type(error) is not PagesLost else error
    line.ledger.fail("complete", told, doc_id=doc_id, page_no=place.page_no)
