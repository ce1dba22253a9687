"""The replies of the embedded reader: JSON text, piece by piece as it becomes known."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from itertools import accumulate, islice, takewhile
from typing import Literal, NamedTuple

from pipeline.embedded import worker
from pipeline.embedded.engine import Engine, Key, ReadError
from pipeline.embedded.protocol import BYTES_PER_TOKEN, PAGE_KINDS, ChatRequest, SeenImage, text_tokens, unreadable
from pipeline.embedded.worker import PackedPage, UndecodableImage
from schemas.extraction import SurveyPage, TableReading, Transcript

PIECE_CHARACTERS = 4096


class Delta(NamedTuple):
    """The next piece of a reply; the last one is empty and says why the reply ends there.

    `tokens` counts the reply up to and including this piece.
    """

    text: str
    tokens: int
    finish_reason: Literal["stop", "length"] | None = None


def cached_tokens(request: ChatRequest, engine: Engine) -> int:
    """Return the tokens of the leading images that need not be read again, as a prefix cache would report them."""
    known = takewhile(lambda image: engine.remembers(_key(request, image)), request.images)
    return sum(image.tokens for image in known)


async def reply(request: ChatRequest, engine: Engine) -> AsyncGenerator[Delta]:
    """Yield the reply to `request`, cut where its tokens reach `max_tokens`.

    Raises:
        BadRequest: an image cannot be decoded.
        ReadError: an image could not be read.
    """
    size, room = 0, request.max_tokens * BYTES_PER_TOKEN
    async with aclosing(_pieces(request, engine)) as pieces:
        async for piece in pieces:
            data = piece.encode()
            if size + len(data) > room:
                yield Delta(data[: room - size].decode(errors="ignore"), request.max_tokens)
                yield Delta("", request.max_tokens, "length")
                return
            size += len(data)
            yield Delta(piece, text_tokens(size))
    yield Delta("", text_tokens(size), "stop")


def _pieces(request: ChatRequest, engine: Engine) -> AsyncGenerator[str]:
    match request.kind:
        case "survey":
            return _survey(request, engine)
        case "tables":
            return _tables(request, engine)
        case _:
            return _whole(request, engine)


async def _survey(request: ChatRequest, engine: Engine) -> AsyncGenerator[str]:
    start: PackedPage | None = None
    last: PackedPage | None = None
    separator = '{"pages":['
    async with aclosing(_pages(request, engine)) as pages:
        async for page in pages:
            # Whether a table continues depends on the page before and the one where that page's last table began, and on no other.
            with _naming(f"doc {page.doc} · page {page.page}"):
                entry = await engine.run(partial(worker.survey_page, start, last, page))
            yield separator + entry.decode()
            separator = ","
            surveyed = SurveyPage.model_validate_json(entry)
            if surveyed.kind != "blank":
                start, last = (start if start and surveyed.goes_on else page), page
    yield "]}"


async def _tables(request: ChatRequest, engine: Engine) -> AsyncGenerator[str]:
    opening = '{"tables":['
    async with aclosing(_read_all(request, engine, lambda image: partial(worker.read_table, [(image.data, image.box)]))) as read:
        async for image, table in read:
            yield f'{opening}{{"image":{image.position + 1},"table":{table.decode()}}}'
            opening = ","
    yield "]}"


async def _whole(request: ChatRequest, engine: Engine) -> AsyncGenerator[str]:
    match request.kind:
        case "table":
            text = await _table(request, engine)
        case "chart":
            text = await _chart(request, engine)
        case "verify":
            text = await _transcript(request, engine)
        case "fields":
            text = await _fields(request, engine)
        case "finding":
            text = await _findings(request, engine)
        case _:
            text = await _answer(request, engine)
    for start in range(0, len(text), PIECE_CHARACTERS):
        yield text[start : start + PIECE_CHARACTERS]


async def _table(request: ChatRequest, engine: Engine) -> str:
    images = request.images
    call = partial(worker.read_table, [(image.data, image.box) for image in images])
    with _naming(", ".join(dict.fromkeys(image.label for image in images))):
        whole = await engine.remember(_key(request, images[0]), call, len(images))
    return _rows_that_fit(TableReading.model_validate_json(whole), request.instruction.first_row, request.max_tokens)


def _rows_that_fit(table: TableReading, first_row: int, max_tokens: int) -> str:
    """Return the JSON text of `table` with the rows from `first_row` on that `max_tokens` hold, but at least one."""
    rows = table.rows[first_row:]
    start = table.model_copy(update={"first_row": first_row, "rows": ()})
    room = max_tokens * BYTES_PER_TOKEN - len(start.model_dump_json().encode())
    ends = accumulate(len(row.model_dump_json().encode()) + len(",") for row in rows)
    fitting = sum(end - len(",") <= room for end in ends)
    return start.model_copy(update={"rows": rows[: max(1, fitting)]}).model_dump_json()


async def _chart(request: ChatRequest, engine: Engine) -> str:
    image = request.images[0]
    return (await _read(request, engine, image, partial(worker.read_chart, image.data, image.box))).decode()


async def _transcript(request: ChatRequest, engine: Engine) -> str:
    async with aclosing(_read_all(request, engine, lambda image: partial(worker.read_text, image.data))) as read:
        texts = [Transcript.model_validate_json(text) async for _, text in read]
    return Transcript(lines=tuple(line for text in texts for line in text.lines)).model_dump_json()


async def _answer(request: ChatRequest, engine: Engine) -> str:
    (question, *_), kind, _ = request.instruction
    async with aclosing(_pages(request, engine)) as read:
        pages = [page async for page in read]
    with _naming(f"question {question!r}"):
        return (await engine.run(partial(worker.answer, question, kind, pages))).decode()


async def _findings(request: ChatRequest, engine: Engine) -> str:
    async with aclosing(_pages(request, engine)) as read:
        pages = [page async for page in read]
    questions = request.instruction.questions
    with _naming("the questions"):
        return (await engine.run(partial(worker.findings, questions, pages), len(questions))).decode()


async def _fields(request: ChatRequest, engine: Engine) -> str:
    async with aclosing(_pages(request, engine)) as read:
        pages = [page async for page in read]
    asked = request.asked.model_dump_json(by_alias=True) if request.asked else "{}"
    with _naming("the fields"):
        return (await engine.run(partial(worker.fields, asked, pages))).decode()


async def _pages(request: ChatRequest, engine: Engine) -> AsyncGenerator[PackedPage]:
    async with aclosing(_read_all(request, engine, lambda image: partial(worker.read_page, image.data))) as read:
        async for image, reading in read:
            yield PackedPage(image.doc, image.page, image.filename, reading)


async def _read_all(
    request: ChatRequest, engine: Engine, reader: Callable[[SeenImage], Callable[[], bytes]]
) -> AsyncGenerator[tuple[SeenImage, bytes]]:
    """Yield the images in order with what the reader of each returns.

    A few are read ahead: enough to keep all processes busy, few enough for other requests to get their turn.
    """
    rest = iter(request.images)
    ahead: deque[tuple[SeenImage, asyncio.Task[bytes]]] = deque()
    try:
        while True:
            for image in islice(rest, 2 * engine.config.workers - len(ahead)):
                ahead.append((image, asyncio.create_task(_read(request, engine, image, reader(image)))))
            if not ahead:
                return
            image, task = ahead[0]
            yield image, await task
            ahead.popleft()
    finally:
        for _, task in ahead:
            task.cancel()
        await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)


async def _read(request: ChatRequest, engine: Engine, image: SeenImage, call: Callable[[], bytes]) -> bytes:
    with _naming(image.label, image.position):
        return await engine.remember(_key(request, image), call)


def _key(request: ChatRequest, image: SeenImage) -> Key:
    """Return the name under which the engine remembers what `image` says; a table is read from all images at once."""
    if request.kind == "table":
        return ("table", *((part.digest, part.box) for part in request.images))
    if request.kind == "tables":
        return ("table", (image.digest, image.box))
    return ("page" if request.kind in PAGE_KINDS else request.kind, image.digest, image.box)


@contextmanager
def _naming(subject: str, index: int = 0) -> Iterator[None]:
    """Say which page a failure is about; `index` is the place in the request of the first image under way."""
    try:
        yield
    except UndecodableImage as error:
        raise unreadable(index + error.index, error.reason) from error
    except ReadError as error:
        msg = f"{subject}: {error}"
        raise ReadError(msg) from error
