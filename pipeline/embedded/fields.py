"""Fill in a user's schema from pages as read: a question for every value, and a table for every array of objects.

The table is the one whose headings name the item's properties best; it goes on over pages whose rows have the same headings.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pipeline.embedded.answers import SeenPage, answer
from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.evidence import cite_cell, cite_rect, cite_words
from pipeline.embedded.answers.grid import Field, Record, cells, records
from pipeline.embedded.answers.layout import hull
from pipeline.embedded.answers.terms import terms
from pipeline.embedded.body import Asked
from pipeline.values import typed
from schemas.extraction import AnswerKind, CitedEvidence

Json = dict[str, Any]
_NOTHING: Json = {"value": None, "evidence": []}
_KINDS: dict[str, AnswerKind] = {"string": "text", "number": "number", "integer": "number", "boolean": "boolean", "date": "date"}
# Of the properties of an item, by their names in the headings: below it, no table is taken to hold the items.
_ENOUGH = 0.5
_TOTAL = re.compile(r"\W*(?:sub)?totals?\b", re.IGNORECASE)
_FIRM = re.compile(
    r"((?:[A-Z][\w&.'’-]*\s+|&\s+){1,5}?[A-Z][\w&'’-]*),?\s+(?:Inc|Corp|Corporation|Ltd|Limited|LLC|PLC|plc|AG|SE|GmbH|S\.A|N\.V|INC|CORP|LTD)\b\.?"
)
_IS_FIRM = frozenset(terms("company issuer registrant organization organisation firm vendor supplier seller"))


class _Leaf(NamedTuple):
    """A value that is asked for; `kind` is the JSON type, or date."""

    words: str
    about: str
    kind: str
    enum: tuple[Any, ...]


class _Placed(NamedTuple):
    """A table row with the page it is on."""

    page: SeenPage
    record: Record


def fill(asked: Asked, pages: Sequence[SeenPage]) -> Json:
    """Return the reply that is asked for; values that are not found are null."""
    return {name: _filled(name, field, pages) for name, field in asked.properties.items()}


def _filled(name: str, asked: Asked, pages: Sequence[SeenPage]) -> Any:  # noqa: ANN401 - JSON
    if asked.items:
        return _listed(name, asked.items, pages) if asked.items.is_value else _items(name, asked.items, pages)
    return _value(_leaf(name, asked), pages) if asked.is_value else fill(asked, pages)


def _leaf(name: str, asked: Asked) -> _Leaf:
    value = asked.properties["value"]
    kinds = [kind for kind in _KINDS if kind in value.type]
    kind = "date" if value.format == "date" else next(iter(kinds), "string")
    return _Leaf(_words(name), asked.description, kind, tuple(one for one in value.enum if one is not None))


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").strip().lower()


def _value(leaf: _Leaf, pages: Sequence[SeenPage]) -> Json:
    if leaf.kind == "integer" and "year" in leaf.words.split():
        return next(_years(leaf, pages), _NOTHING)
    if leaf.kind == "string" and leaf.words.split()[-1:] == ["name"] and _IS_FIRM & set(terms(f"{leaf.words} {leaf.about}")):
        return next(_firms(pages), _NOTHING)
    if leaf.kind in {"number", "integer"} and (labelled := next(_labelled(leaf, pages), None)):
        return labelled
    replies = [answer(question, _KINDS[leaf.kind], pages) for question in _questions(leaf)]
    best = max(replies, key=lambda reply: (reply.is_answerable, reply.confidence or 0.0))
    value = _of_kind(leaf, best.text or "", best.number) if best.is_answerable else None
    return _NOTHING if value is None else _told(value, best.evidence)


def _labelled(leaf: _Leaf, pages: Sequence[SeenPage]) -> Iterator[Json]:
    """Yield the numbers of table rows whose label is the field's description, of each table that of the latest year first."""
    wanted = terms(leaf.about)
    for page in pages:
        rows = [cell for cell in cells(page.reading) if cell.amount and wanted and terms(cell.label) == wanted]
        for cell in sorted(rows, key=lambda cell: -max(years(cell.header), default=0)):
            value = _of_kind(leaf, cell.text)
            if value is not None:
                yield _told(value, [cite_cell(page, cell)])


def _questions(leaf: _Leaf) -> Iterator[str]:
    for words in dict.fromkeys((leaf.words, leaf.about.rstrip(".?"))):
        if words:
            yield f"How many {words} are there?" if leaf.kind == "integer" else f"What is the {words}?"


def _told(value: object, evidence: Sequence[CitedEvidence]) -> Json:
    return {"value": value, "evidence": [one.model_dump(mode="json") for one in evidence]}


def _of_kind(leaf: _Leaf, text: str, number: float | None = None) -> Any:  # noqa: ANN401 - a value of JSON
    """Return a printed text as a value of the leaf's kind; None if it is none."""
    if leaf.enum:
        return next((one for one in leaf.enum if set(terms(str(one))) <= set(terms(text))), None)
    printed = typed(text)
    number = printed.number if number is None else number
    match leaf.kind:
        case "string":
            return text or None
        case "number":
            return number
        case "integer":
            return int(number) if number is not None and number == int(number) else None
        case "date":
            return printed.day.isoformat() if printed.day else None
        case _:
            return {"yes": True, "true": True, "no": False, "false": False}.get(text.strip(" .").lower())


def _years(leaf: _Leaf, pages: Sequence[SeenPage]) -> Iterator[Json]:
    """Yield the years in the lines that name the field."""
    wanted = set(terms(leaf.words))
    for page in pages:
        for line in page.reading.lines:
            named = [year for year in years(line.text) if wanted <= set(terms(line.text))]
            if named:
                yield _told(named[-1], [cite_words(page, line.words)])


def _firms(pages: Sequence[SeenPage]) -> Iterator[Json]:
    """Yield the firms that the pages name, the one named on most lines first, as running text prints it."""
    named = [(match[0], page, line) for page in pages for line in page.reading.lines for match in _FIRM.finditer(line.text)]
    counts = Counter(_plain(name) for name, _, _ in named)
    for plain, _ in counts.most_common(1):
        name, page, line = min((one for one in named if _plain(one[0]) == plain), key=lambda one: one[0].isupper())
        yield _told(name, [cite_words(page, line.words)])


def _plain(name: str) -> str:
    return re.sub(r"\W", "", name).casefold()


def _listed(name: str, item: Asked, pages: Sequence[SeenPage]) -> list[Json]:
    leaf = _leaf(name, item)
    reply = answer(f"What are the {leaf.words}?", "list", pages)
    values = [_of_kind(leaf, text) for text in reply.items]
    return [_told(value, reply.evidence) for value in values if value is not None]


def _items(name: str, item: Asked, pages: Sequence[SeenPage]) -> list[Json]:
    leaves = {key: _leaf(key, field) for key, field in item.properties.items() if field.is_value}
    rows = _table(name, leaves, pages)
    verdicts = {key: heading for key, leaf in leaves.items() if leaf.kind == "boolean" for heading in _verdicts(leaf, rows)}
    found = [_item(leaves, item, name, row, verdicts) for row in rows]
    numbers = [key for key, leaf in leaves.items() if leaf.kind in {"number", "integer"} and any(_is_there(one[key]) for one in found)]
    # A row without any of the numbers is a heading or a remark.
    return [one for one in found if not numbers or any(_is_there(one[key]) for key in numbers)]


def _is_there(told: Json) -> bool:
    return told["value"] is not None


def _table(name: str, leaves: Mapping[str, _Leaf], pages: Sequence[SeenPage]) -> list[_Placed]:
    """Return the rows of the table that fits the items best, and of its continuations on the pages after."""
    blocks: list[tuple[float, list[_Placed]]] = []
    for page in pages:
        for _, rows in groupby(records(page.reading), key=lambda record: record.block):
            block = [_Placed(page, record) for record in rows if not _TOTAL.match(record.fields[0].text)]
            if block:
                blocks.append((_fit(name, leaves, block), block))
    best = max(range(len(blocks)), key=lambda number: (blocks[number][0], len(blocks[number][1])), default=None)
    if best is None or blocks[best][0] < _ENOUGH:
        return []
    found = [*blocks[best][1]]
    for score, block in blocks[best + 1 :]:
        if score >= _ENOUGH and block[0].page.page == found[-1].page.page + 1 and _headings(block) == _headings(found):
            found += block
    return found


def _headings(rows: Sequence[_Placed]) -> set[str]:
    return {field.header for field in rows[0].record.fields}


def _fit(name: str, leaves: Mapping[str, _Leaf], block: Sequence[_Placed]) -> float:
    """Return how well the rows' headings name the properties, and the words above them the array; 0 to 1."""
    record = block[0].record
    named = [_column(leaf, record, name) is not None or any(_verdicts(leaf, block)) for leaf in leaves.values()]
    above = set(terms(" ".join([record.title, record.section, *(field.header for field in record.fields)])))
    is_named = bool(set(terms(_words(name))) & above)
    return 0.0 if len(record.fields) < len(leaves) else (0.8 * sum(named) + 0.2 * is_named * len(leaves)) / max(1, len(leaves))


def _verdicts(leaf: _Leaf, rows: Sequence[_Placed]) -> Iterator[str]:
    """Yield the heading of a column that says of some rows that they are what the leaf is called: Owned, Leased, Owned."""
    for row in rows if leaf.kind == "boolean" else ():
        for field in row.record.fields:
            if _says(leaf, field):
                yield field.header


def _says(leaf: _Leaf, field: Field) -> bool:
    return set(terms(field.text)) == set(terms(leaf.words))


def _item(leaves: Mapping[str, _Leaf], item: Asked, name: str, row: _Placed, verdicts: Mapping[str, str]) -> Json:
    told: Json = {}
    for key, asked in item.properties.items():
        if key in verdicts:
            told[key] = _verdict(leaves[key], row, verdicts[key])
        elif key in leaves:
            told[key] = _cell(leaves[key], row, name)
        else:
            told[key] = _filled(key, asked, ())
    return told


def _verdict(leaf: _Leaf, row: _Placed, heading: str) -> Json:
    field = next((one for one in row.record.fields if one.header == heading), None)
    return _told(_says(leaf, field), [cite_rect(row.page, field.rect, field.text)]) if field else _NOTHING


def _cell(leaf: _Leaf, row: _Placed, name: str) -> Json:
    field = _column(leaf, row.record, name)
    value = _of_kind(leaf, field.text) if field else None
    if field is None or value is None:
        return _NOTHING
    # From the row's label on: a number alone proves nothing.
    shown = row.record.fields[: row.record.fields.index(field) + 1]
    return _told(value, [cite_rect(row.page, hull([one.rect for one in shown]), " ".join(one.text for one in shown))])


def _column(leaf: _Leaf, record: Record, name: str) -> Field | None:
    """Return the field under the heading that names the leaf, of several that of the latest year; the first for a plain name."""
    wanted = set(terms(leaf.words))
    named = [field for field, heading in _headed(record) if wanted & set(terms(heading))]
    if named:
        return max(named, key=lambda field: max(years(field.header), default=0))
    own = set(terms(_words(name)))
    first = record.fields[0]
    return first if leaf.words in {"name", "label", "item", "description"} or wanted & own else None


def _headed(record: Record) -> Iterator[tuple[Field, str]]:
    """Yield each field with the words over it; a bare year takes those of the column nearest to it."""
    worded = [field for field in record.fields[1:] if set(terms(re.sub(r"\d+", " ", field.header)))]
    for field in record.fields:
        if worded and years(field.header) and field not in worded and field is not record.fields[0]:
            near = min(worded, key=lambda other: abs(other.rect.x1 - field.rect.x1))
            yield field, f"{field.header} {near.header}"
        else:
            yield field, field.header
