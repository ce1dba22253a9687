"""Read the fields of a user's schema from the pages of its scope, and verify what proves them.

A scope that fits one request is one request. Of a larger one, every batch says what it holds of the fields, and the items of arrays are
joined; the places that prove the other values then go into one joint request at reading resolution. A reply that was cut is no use as a
whole: its pages are asked again in halves, and a page in two halves of its own, until every item has room.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

from pipeline import field_values, field_windows, ladder, parse, prompt, verify
from pipeline.answer import joint_images
from pipeline.extract import transcript
from pipeline.field_values import Part, Scalar, Told
from pipeline.line import Line
from pipeline.shortlist import Lead, fair_order
from pipeline.user_schema import Group, Leaf, reply_schema, tree, without_lists
from schemas.batch import Batch, PageImage
from schemas.document import Box, Document
from schemas.errors import BackendError, BudgetError, CompletionError, LongreadError, NothingRead, PagesLost, Truncated, Ungrounded
from schemas.extraction import AnswerKind, AnswerReading, CitedEvidence
from schemas.fields import Field, UserSchema
from schemas.message import Completion
from schemas.result import Answer, Evidence, Record, record_id
from schemas.settings import Question

MOST_REREADS = 4
"""Boxes of a page without a text layer that are read again one by one; more of them are read again together."""


class Unread(NamedTuple):
    """A schema and the documents that it is to be read from."""

    schema: UserSchema
    doc_ids: tuple[str, ...]
    collection: str | None = None

    @property
    def reply_schema(self) -> str:
        """The JSON text of the schema of the reply."""
        return _schema_text(tree(self.schema.text))

    @property
    def record_id(self) -> str:
        """The id of the record that it becomes."""
        return record_id(self.schema, self.collection, self.doc_ids)


class _Window(NamedTuple):
    """What one reply says, and whether it was cut."""

    reading: Part
    is_cut: bool


class _Plan(NamedTuple):
    """What is asked for, as a tree, as the text of the schema of the reply, and in tokens beyond those of a question."""

    group: Group
    reply_schema: str
    spare: int


def scopes(schema: UserSchema, documents: Iterable[Document]) -> tuple[Unread, ...]:
    """Return what the schema is to be read from: each document, or each collection; documents of no collection are one together."""
    if schema.scope == "document":
        return tuple(Unread(schema, (document.doc_id,)) for document in documents)
    members: dict[str | None, dict[str, None]] = {}
    for document in documents:
        for source in document.sources:
            members.setdefault(source.collection, {})[document.doc_id] = None
    return tuple(Unread(schema, tuple(doc_ids), collection) for collection, doc_ids in members.items())


async def read_record(line: Line, unread: Unread) -> tuple[Record, ...]:
    """Return what the documents say, or nothing if they could not be asked; the failure is in the ledger."""
    group = tree(unread.schema.text)
    doc_id = unread.doc_ids[0] if unread.schema.scope == "document" else None
    try:
        reading = await _read(line, unread, group)
    except LongreadError as error:
        line.ledger.fail("complete", _told(error, f"the fields of {unread.schema.name} were not read"), doc_id=doc_id)
        return ()
    reading = field_values.proved(reading, await _verified(line, field_values.evidence_of(reading)))
    told = [*field_values.told(group, reading)]
    for one in told:
        _record_failure(line, unread.schema, one, doc_id)
    return (
        Record(
            user_schema=unread.schema,
            doc_ids=unread.doc_ids,
            collection=unread.collection,
            value=field_values.value_of(reading),
            answers=tuple(_answer(unread, one) for one in told),
        ),
    )


async def _read(line: Line, unread: Unread, group: Group) -> Part:
    lost = line.ledger.failed_pages()
    images = [image for doc_id in unread.doc_ids for image in line.survey_images(line.documents[doc_id])]
    images = [image for image in images if (image.doc_id, image.page_no) not in lost]
    plan = _plan(line, unread.schema.name, group)
    batches = line.batches(images, plan.spare)
    windows = await _all(_windows(line, plan, batch.images) for batch in batches)
    if not windows:
        msg = "none of the pages they are about could be read"
        raise NothingRead(msg)
    return await _jointly(line, unread.schema.name, group, windows) if len(windows) > 1 else windows[0]


async def _all(asked: Iterable[Awaitable[tuple[Part, ...]]]) -> list[Part]:
    """Return all windows once every request is done, or raise the first error."""
    found: list[Part] = []
    for result in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        found += result
    return found


def _schema_text(group: Group) -> str:
    return json.dumps(reply_schema(group), ensure_ascii=False, separators=(",", ":"))


def _plan(line: Line, name: str, group: Group) -> _Plan:
    schema = _schema_text(group)
    spare = prompt.fields_cost(line.served.count, schema)
    if 2 * spare > line.capacity:
        msg = f"the schema {name} takes {spare:,} tokens, which leaves no room for pages: make several of it"
        raise BudgetError(msg)
    return _Plan(group, schema, spare)


async def _windows(line: Line, plan: _Plan, images: Sequence[PageImage]) -> tuple[Part, ...]:
    """Return what the pages say, in as many windows as it takes for every reply to end."""
    batches = line.batches(images, plan.spare)
    if len(batches) > 1:
        return tuple(chain.from_iterable([await _windows(line, plan, batch.images) for batch in batches]))
    try:
        window = await _ask(line, plan, batches[0])
    except PagesLost as error:
        for (doc_id, page_no), reason in error.lost.items():
            line.ledger.fail("rasterize", reason, doc_id=doc_id, page_no=page_no)
        rest = [image for image in images if (image.doc_id, image.page_no) not in error.lost]
        return await _windows(line, plan, rest) if rest else ()
    except (BackendError, CompletionError) as error:
        if not await ladder.smaller_may_help(line, error):
            raise
        return await _smaller(line, plan, images, error)
    if not window.is_cut:
        return (window.reading,)
    cut = Truncated(f"not all of {', '.join(name for name, _ in plan.group.fields)} fits one reply")
    return await _smaller(line, plan, images, cut) or (window.reading,)


async def _smaller(line: Line, plan: _Plan, images: Sequence[PageImage], error: LongreadError) -> tuple[Part, ...]:
    """Return what each half of the pages says, or each half of the page; the half of a page that fails too is a failure."""
    if len(images) > 1:
        middle = len(images) // 2
        return (*await _windows(line, plan, images[:middle]), *await _windows(line, plan, images[middle:]))
    image = images[0]
    if image.crop:
        where = "upper" if image.crop.y0 == 0 else "lower"
        told = _told(error, f"the {where} half of page {image.page_no} was not read whole")
        line.ledger.fail("complete", told, doc_id=image.doc_id, page_no=image.page_no)
        return ()
    halves = [line.image(image.doc_id, image.page_no, image.dpi, half) for half in ladder.halves_of_page()]
    return tuple(chain.from_iterable([await _windows(line, plan, [half]) for half in halves]))


async def _ask(line: Line, plan: _Plan, batch: Batch) -> _Window:
    request = prompt.fields(line.served, batch, plan.reply_schema)
    completion, reply = await ladder.ask(line, request, partial(_parsed, plan=plan))
    ground = partial(_grounded, line, completion, batch)
    return _Window(field_values.read(plan.group, reply, ground), completion.finish_reason == "length")


def _parsed(completion: Completion, plan: _Plan) -> dict[str, object]:
    # Asking for the same once more, warmer, would be cut in the same place.
    if completion.finish_reason == "length":
        return parse.salvage_object(completion)
    return parse.read_object(completion, [name for name, _ in plan.group.fields])


async def _jointly(line: Line, name: str, group: Group, windows: Sequence[Part]) -> Part:
    """Return what the windows say together; values that stand alone as the places that prove them, seen together, have them."""
    reading, alone = field_windows.merged(windows), without_lists(group)
    found = [evidence for window in windows for evidence in field_values.evidence_of(field_values.only(alone, window))]
    plan = _plan(line, name, alone)
    batches = _batch_of(line, name, found, plan.spare)
    if not batches:
        return reading
    try:
        window = await _ask(line, plan, batches[0])
    except LongreadError as error:
        line.ledger.fail("complete", _told(error, f"the fields of {name} were not compared over all pages"))
        return reading
    return field_windows.preferred(window.reading, reading)


def _batch_of(line: Line, name: str, found: Sequence[Evidence], spare: int) -> tuple[Batch, ...]:
    """Return one batch of the pages that evidence points to: at reading resolution, or all of them at that of the survey."""
    order = fair_order(Lead(evidence.doc_id, evidence.page_no, rank) for rank, evidence in enumerate(found))
    finer = joint_images(line, order, spare)
    if len(finer) < len(order):
        images = (image for document in line.documents.values() for image in line.survey_images(document))
        coarser = line.batches([image for image in images if (image.doc_id, image.page_no) in order], spare)
        if len(coarser) == 1:
            return coarser
        line.ledger.warn(f"the values of {name} stand on {len(order)} pages, of which only {len(finer)} were seen together")
    return line.batches(finer, spare)


def _grounded(line: Line, completion: Completion, batch: Batch, cited: Iterable[CitedEvidence]) -> tuple[Evidence, ...]:
    """Return the citations of pages that were shown; one of an invented page is recorded and left out."""
    crops = {(image.doc_id, image.page_no): image.crop for image in batch.images}
    documents = prompt.document_numbers(batch)
    found = []
    for citation in cited:
        try:
            evidence = parse.evidence(citation, documents, crops)
        except Ungrounded as error:
            line.ledger.fail("parse", error, batch_id=batch.batch_id, finish_reason=completion.finish_reason)
            continue
        found.append(_in_page(evidence, crops[evidence.doc_id, evidence.page_no]))
    return tuple(dict.fromkeys(found))


def _in_page(evidence: Evidence, crop: Box | None) -> Evidence:
    return evidence.model_copy(update={"box": evidence.box.within(crop)}) if crop and evidence.box else evidence


async def _verified(line: Line, found: Iterable[Evidence]) -> dict[Evidence, Evidence]:
    pages: dict[str, dict[int, dict[Evidence, None]]] = defaultdict(lambda: defaultdict(dict))
    for evidence in found:
        pages[evidence.doc_id][evidence.page_no][evidence] = None
    verified: dict[Evidence, Evidence] = {}
    for doc_id, own in pages.items():
        layers = await line.words(doc_id, own)
        for page_no, cited in own.items():
            words = layers.get(page_no, ())
            if words:
                verified |= {evidence: verify.verify_evidence(evidence, words) for evidence in cited}
            else:
                verified |= await _read_again(line, doc_id, page_no, [*cited])
    return verified


async def _read_again(line: Line, doc_id: str, page_no: int, cited: Sequence[Evidence]) -> dict[Evidence, Evidence]:
    """Look a second time at the boxes that a page without a text layer is cited by."""
    verified: dict[Evidence, Evidence] = {evidence: evidence for evidence in cited}
    for box, shown in _regions(cited):
        try:
            lines = await transcript(line, doc_id, page_no, box)
        except LongreadError as error:
            line.ledger.fail("verify", error, doc_id=doc_id, page_no=page_no)
            continue
        verified |= {evidence: verify.verify_reread(evidence, lines) for evidence in shown}
    return verified


def _regions(cited: Iterable[Evidence]) -> Iterator[tuple[Box, Sequence[Evidence]]]:
    boxes: Mapping[Box, list[Evidence]] = defaultdict(list)
    for evidence in cited:
        if evidence.box:
            boxes[evidence.box].append(evidence)
    if len(boxes) <= MOST_REREADS:
        yield from boxes.items()
        return
    edges = [(box.x0, box.y0, box.x1, box.y1) for box in boxes]
    x0, y0, x1, y1 = zip(*edges, strict=True)
    yield Box(x0=min(x0), y0=min(y0), x1=max(x1), y1=max(y1)), [*chain.from_iterable(boxes.values())]


def _told(error: LongreadError, what: str) -> LongreadError:
    return error if isinstance(error, PagesLost) else type(error)(f"{what}: {error}")


def _record_failure(line: Line, schema: UserSchema, told: Told, doc_id: str | None) -> None:
    error = told.said.error or (field_values.missed(told) if told.is_missed else None)
    if error:
        place = told.said.evidence[0].page_no if told.said.evidence and doc_id else None
        line.ledger.fail("parse", _told(error, f"{schema.name}: {told.path}"), doc_id=doc_id, page_no=place)


def _answer(unread: Unread, told: Told) -> Answer:
    schema, said = unread.schema, told.said
    is_answerable = said.value is not None
    reading = AnswerReading(
        is_answerable=is_answerable,
        kind=_kind(told.node.kind) if is_answerable and isinstance(told.node, Leaf) else "none",
        text=_text(said.value) if said.value is not None else None,
        number=said.value if isinstance(said.value, int | float) and not isinstance(said.value, bool) else None,
    )
    return Answer(
        question=Question(id=f"{schema.name}.{told.path}", question=told.about),
        doc_ids=unread.doc_ids,
        reading=reading,
        evidence=said.evidence if is_answerable else (),
        field=Field(schema_name=schema.name, schema_digest=schema.digest, scope=schema.scope, path=told.path),
    )


def _kind(kind: str) -> AnswerKind:
    kinds: dict[str, AnswerKind] = {"string": "text", "boolean": "boolean", "date": "date"}
    return kinds.get(kind, "number")


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else f"{value}"
