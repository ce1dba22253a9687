"""Read one located table or chart from crops at reading resolution, and verify its numbers."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TypeVar

from pipeline import ladder, merge, parse, prompt, verify
from pipeline.line import Line
from pipeline.merge import PartialReading
from pipeline.plan import read_dpi, survey_dpi
from pipeline.prompt import Crop
from schemas.document import Box
from schemas.errors import BackendError, BudgetError, CompletionError, LongreadError, PagesLost, Truncated
from schemas.extraction import ChartReading, TableReading, Transcript
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


async def read_table(line: Line, site: TableSite, ordinal: int) -> tuple[Table, ...]:
    """Return the table, or nothing if it failed; the failure is in the ledger. Columns with other rows are tables of their own."""
    try:
        readings = [await _read_parts(line, site.doc_id, parts) for parts in _chunks(line, site)]
        tables = merge.merge(site, ordinal, [*chain.from_iterable(readings)])
    except LongreadError as error:
        _fail(line, site.doc_id, site.parts[0], "table", error)
        return ()
    layers = await line.words(site.doc_id, {part.page_no for part in site.parts})
    verified = tuple(verify.verify_table(table, layers) for table in tables)
    if line.job.profile == "thorough" and any(cell.check == "no_layer" for table in verified for cell in table.cells):
        again = await _read_again(line, site)
        return tuple(verify.verify_table_again(table, again) for table in verified)
    return verified


async def read_chart(line: Line, site: ChartSite, ordinal: int) -> tuple[Chart, ...]:
    """Return the chart, or nothing if it failed; the failure is in the ledger."""
    place = site.place
    try:
        reading = await _ask(line, prompt.chart(line.served, _crop(line, site.doc_id, place, CHART_MARGIN)), ChartReading)
    except LongreadError as error:
        _fail(line, site.doc_id, place, "chart", error)
        return ()
    if place.title and not reading.title:
        reading = reading.model_copy(update={"title": place.title})
    chart = Chart(doc_id=site.doc_id, ordinal=ordinal, page_no=place.page_no, box=place.box, reading=reading)
    layers = await line.words(site.doc_id, [place.page_no])
    return (verify.verify_chart(chart, layers.get(place.page_no, ())),)


async def transcript(line: Line, doc_id: str, page_no: int, box: Box) -> tuple[str, ...]:
    """Return the lines that a second look at a region reads."""
    crop = _crop(line, doc_id, Located(page_no=page_no, box=box), CHART_MARGIN, finer=1.2)
    return (await _ask(line, prompt.verify(line.served, crop), Transcript)).lines


async def _read_parts(line: Line, doc_id: str, parts: Sequence[Located]) -> list[PartialReading]:
    """Read the parts in one request; where that is no use, half of them at a time, and a single one in two bands."""
    try:
        return await _read_shown(line, doc_id, parts, TABLE_MARGIN)
    except (BackendError, CompletionError) as error:
        if not await ladder.smaller_may_help(line, error):
            raise
        if len(parts) == 1:
            return await _read_bands(line, doc_id, parts[0], error)
        middle = len(parts) // 2
        return [*await _read_parts(line, doc_id, parts[:middle]), *await _read_parts(line, doc_id, parts[middle:])]


async def _read_bands(line: Line, doc_id: str, part: Located, error: LongreadError) -> list[PartialReading]:
    words = (await line.words(doc_id, [part.page_no])).get(part.page_no, ())
    boxes = ladder.bands(part.box, words)
    if len(boxes) == 1:
        raise error
    # Without a margin above and below, no row is in both.
    shown = [[part.model_copy(update={"box": box})] for box in boxes]
    read = [await _read_shown(line, doc_id, band, (TABLE_MARGIN[0], 0)) for band in shown]
    return [*chain.from_iterable(read)]


async def _read_shown(line: Line, doc_id: str, parts: Sequence[Located], margin: tuple[float, float]) -> list[PartialReading]:
    """Ask until the promised number of rows is there, or a reply brings none."""
    crops = [_crop(line, doc_id, place, margin) for place in parts]
    regions = [crop.image.crop or place.box for crop, place in zip(crops, parts, strict=True)]
    readings: list[TableReading] = []
    row: int | None = 0
    while row is not None and len(readings) < MOST_REPLIES:
        readings.append(await _read_rows(line, crops, row))
        row = merge.next_row(readings)
    return [PartialReading(reading, parts, regions) for reading in readings if reading.rows or reading is readings[0]]


async def _read_rows(line: Line, crops: Sequence[Crop], from_row: int) -> TableReading:
    reading = await _ask(line, prompt.table(line.served, crops, from_row), TableReading)
    return reading.model_copy(update={"first_row": from_row})


async def _ask(line: Line, request: Request, model: type[V]) -> V:
    _, value = await ladder.ask(line, request, partial(_parsed, model=model))
    return value


def _parsed(completion: Completion, model: type[V]) -> V:
    try:
        return parse.read(completion, model)
    except Truncated:
        if model is not TableReading:
            raise
        return model.model_validate(parse.salvage_table(completion), from_attributes=True)


async def _read_again(line: Line, site: TableSite) -> dict[int, tuple[str, ...]]:
    try:
        return {part.page_no: await transcript(line, site.doc_id, part.page_no, part.box) for part in site.parts}
    except LongreadError as error:
        line.ledger.fail("verify", error, doc_id=site.doc_id, page_no=site.parts[0].page_no)
        return {}


def _chunks(line: Line, site: TableSite) -> Iterator[tuple[Located, ...]]:
    """Yield the parts in runs whose crops fit one request: a table may go on for a hundred pages."""
    chunk: list[Located] = []
    room = line.capacity
    for part in site.parts:
        cost = _crop(line, site.doc_id, part, TABLE_MARGIN).image.tokens + 2 * line.price.per_image
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
