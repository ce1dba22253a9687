"""What replies say of the fields of a user's schema, pure: values with their evidence, and how several windows' are one.

Values are typed as the schema says. One that breaks it, or that nothing proves, is null and keeps the reason.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from jsonschema import Draft202012Validator
from pydantic import ValidationError

from pipeline.user_schema import Group, Leaf, Listing, Node
from pipeline.values import typed
from schemas.document import Box
from schemas.errors import CompletionError, Malformed, NotFound, Ungrounded
from schemas.extraction import CitedEvidence
from schemas.result import Evidence

Scalar: TypeAlias = str | float | int | bool | date
Ground: TypeAlias = Callable[[Iterable[CitedEvidence]], tuple[Evidence, ...]]
_LARGEST = 2**63
_SAME_PLACE = 0.5
"""Overlap of two boxes over their union, from which they are one place."""
_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


class Said(NamedTuple):
    """What is said of one value."""

    value: Scalar | None = None
    evidence: tuple[Evidence, ...] = ()
    error: CompletionError | None = None
    """Why there is no value although the model wrote one."""


class Part(NamedTuple):
    """What is said of an object."""

    fields: dict[str, "Reading"]


class Items(NamedTuple):
    """What is said of an array."""

    items: tuple["Reading", ...] = ()


Reading: TypeAlias = Said | Part | Items


class Told(NamedTuple):
    """One value with its place in the schema."""

    path: str
    about: str
    node: Leaf | Listing
    said: Said
    is_missed: bool
    """Whether the schema requires a value and there is none."""


def read(group: Group, reply: object, ground: Ground) -> Part:
    """Return what a reply says of a group; `ground` takes citations to the places that count."""
    told = reply if isinstance(reply, dict) else {}
    return Part({name: _read(node, told.get(name), ground) for name, node in group.fields})


def merged(windows: Sequence[Part]) -> Part:
    """Return what several windows say together: the first value of each field, and every item once, in the order of the windows."""
    whole = windows[0]
    for window in windows[1:]:
        whole = _both(whole, window)
    return whole


def preferred(better: Part, other: Part) -> Part:
    """Return `other` with the values that `better` has in their place."""
    return Part({name: _prefer(better.fields.get(name), reading) for name, reading in other.fields.items()})


def only(group: Group, reading: Part) -> Part:
    """Return the reading of the fields that a group has, which may be fewer than were read."""
    kept: dict[str, Reading] = {}
    for name, node in group.fields:
        field = reading.fields[name]
        kept[name] = only(node, field) if isinstance(node, Group) and isinstance(field, Part) else field
    return Part(kept)


def value_of(reading: Reading) -> Any:  # noqa: ANN401 - nested values
    """Return the value itself: nested dicts and lists; what is not known is None."""
    match reading:
        case Said():
            return reading.value
        case Items():
            return [value_of(item) for item in reading.items]
        case Part():
            return {name: value_of(field) for name, field in reading.fields.items()}


def told(group: Group, reading: Part) -> Iterator[Told]:
    """Yield every value in the order of the schema; an array without items is one value that is not there."""
    yield from _told(group, reading, "", is_wanted=True)


def evidence_of(reading: Reading) -> Iterator[Evidence]:
    """Yield the evidence of every value."""
    for said in _leaves(reading):
        yield from said.evidence


def proved(reading: Part, evidence: dict[Evidence, Evidence]) -> Part:
    """Return the reading with each piece of evidence replaced by what verifying made of it."""
    return Part({name: _proved(field, evidence) for name, field in reading.fields.items()})


def coerced(leaf: Leaf, raw: object) -> Scalar:
    """Return a value of the leaf's type: printed numbers, dates and yes or no are read as such.

    Raises:
        Malformed: it is of another type, or breaks a rule of the schema.
    """
    value = _of_kind(leaf, raw)
    for listed in leaf.enum:
        if value == listed or str(value).casefold() == str(listed).casefold():
            value = listed
    if leaf.enum and value not in leaf.enum:
        msg = f"{raw!r} is none of {', '.join(map(repr, leaf.enum))}"
        raise Malformed(msg)
    plain = value.isoformat() if isinstance(value, date) else value
    if error := next(_rules(leaf.rules).iter_errors(plain), None):
        raise Malformed(error.message)
    return value


def _read(node: Node, reply: object, ground: Ground) -> Reading:
    match node:
        case Leaf():
            return _said(node, reply, ground)
        case Group():
            return read(node, reply, ground)
        case Listing(item=item):
            items = (_read(item, one, ground) for one in (reply if isinstance(reply, list) else ()))
            return Items(tuple(one for one in items if any(_says(said) for said in _leaves(one))))


def _said(leaf: Leaf, reply: object, ground: Ground) -> Said:
    # A model may write the value alone; then nothing proves it.
    told = reply if isinstance(reply, dict) else {"value": reply}
    raw = told.get("value")
    if raw is None or raw == "":
        return Said()
    evidence = ground(_citations(told.get("evidence")))
    try:
        value = coerced(leaf, raw)
    except Malformed as error:
        return Said(evidence=evidence, error=error)
    if not evidence:
        return Said(error=Ungrounded(f"{raw!r} cites no page that was shown, so it does not count"))
    return Said(value, evidence)


def _citations(cited: object) -> Iterator[CitedEvidence]:
    for one in cited if isinstance(cited, list) else ():
        try:
            yield CitedEvidence.model_validate(one, extra="ignore")
        except ValidationError:
            continue  # what is no citation proves nothing


def _of_kind(leaf: Leaf, raw: object) -> Scalar:
    match leaf.kind, raw:
        case "string", str():
            return raw.encode(errors="replace").decode()  # half a surrogate pair is no character
        case ("string", int() | float()) if not isinstance(raw, bool):
            return json.dumps(raw)
        case "boolean", bool():
            return raw
        case ("boolean", str()) if (known := _YES_OR_NO.get(raw.strip().casefold())) is not None:
            return known
        case ("date", str()) if day := typed(raw).day:
            return day
        case (("number" | "integer"), (int() | float() | str())):
            return _number(leaf, raw)
    msg = f"{raw!r} is no {leaf.kind}"
    raise Malformed(msg)


def _number(leaf: Leaf, raw: float | str) -> float | int:
    number: float | None = None
    if isinstance(raw, str):
        printed = typed(raw)
        number = None if printed.number is None else printed.number * (printed.scale or 1)
    elif not isinstance(raw, bool):
        number = raw
    if number is None or not math.isfinite(number):
        msg = f"{raw!r} is no {leaf.kind}"
        raise Malformed(msg)
    if leaf.kind == "number":
        return float(number)
    if number != int(number) or not -_LARGEST <= number < _LARGEST:
        msg = f"{raw!r} is no integer of 64 bits"
        raise Malformed(msg)
    return int(number)


@lru_cache(maxsize=1024)
def _rules(text: str) -> Any:  # noqa: ANN401 - jsonschema has no types
    return Draft202012Validator(json.loads(text), format_checker=Draft202012Validator.FORMAT_CHECKER)


def _leaves(reading: Reading) -> Iterator[Said]:
    match reading:
        case Said():
            yield reading
        case Items(items=items):
            for item in items:
                yield from _leaves(item)
        case Part(fields=fields):
            for field in fields.values():
                yield from _leaves(field)


def _says(said: Said) -> bool:
    return said.value is not None or said.error is not None


def _both(one: Reading, other: Reading) -> Any:  # noqa: ANN401 - of the kind of `one`
    if isinstance(one, Part) and isinstance(other, Part):
        return Part({name: _both(field, other.fields[name]) for name, field in one.fields.items()})
    if isinstance(one, Items) and isinstance(other, Items):
        return Items((*one.items, *_new(one.items, other.items)))
    if isinstance(one, Said) and isinstance(other, Said) and one.value is None:
        return other if _says(other) else one
    if isinstance(one, Said) and isinstance(other, Said) and one.value == other.value:
        return one._replace(evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))))
    return one


def _new(known: Sequence[Reading], items: Sequence[Reading]) -> list[Reading]:
    """Return the items of a later window that an earlier one has not: by their values, or by the places that prove them.

    Each known item stands for one item only: what is printed twice on a page is two items.
    """
    left, new = [*known], list[Reading]()
    for item in items:
        same = next((one for one in left if value_of(one) == value_of(item) or _is_same_place(one, item, known, items)), None)
        if same is None:
            new.append(item)
        else:
            left.remove(same)
    return new


def _is_same_place(one: Reading, other: Reading, known: Sequence[Reading], items: Sequence[Reading]) -> bool:
    # A citation of the whole table is the place of all its rows, and tells none of them from another.
    alone = all(sum(_share_places(one, item) for item in among) <= 1 for one, among in ((one, known), (other, items)))
    return alone and _share_places(one, other)


def _share_places(one: Reading, other: Reading) -> bool:
    mine, theirs = list(evidence_of(one)), list(evidence_of(other))
    shared = sum(any(_meet(a, b) for b in theirs) for a in mine)
    return shared > min(len(mine), len(theirs)) / 2


def _meet(one: Evidence, other: Evidence) -> bool:
    if (one.doc_id, one.page_no) != (other.doc_id, other.page_no):
        return False
    return _overlap(one.box, other.box) >= _SAME_PLACE if one.box and other.box else one.quote == other.quote


def _overlap(one: Box, other: Box) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, other))
    return width * height / (areas - width * height)


def _prefer(better: Reading | None, other: Reading) -> Reading:
    if isinstance(better, Part) and isinstance(other, Part):
        return preferred(better, other)
    return better if isinstance(better, Said) and better.value is not None else other


def _told(node: Node, reading: Reading, path: str, *, is_wanted: bool) -> Iterator[Told]:
    if isinstance(node, Leaf) and isinstance(reading, Said):
        is_missed = is_wanted and node.is_required and not _says(reading)
        yield Told(path, node.about, node, reading, is_missed)
    elif isinstance(node, Group) and isinstance(reading, Part):
        # Of an object that may be left out, nothing is missed unless some of it is there.
        is_wanted = (is_wanted and node.is_required) or any(map(_says, _leaves(reading)))
        for name, field in node.fields:
            yield from _told(field, reading.fields[name], f"{path}.{name}" if path else name, is_wanted=is_wanted)
    elif isinstance(node, Listing) and isinstance(reading, Items):
        if error := _miscounted(node, reading):
            yield Told(path, node.about, node, Said(error=error), is_missed=False)
        elif not reading.items:
            yield Told(path, node.about, node, Said(), is_wanted and node.is_required)
        for number, item in enumerate(reading.items):
            yield from _told(node.item, item, f"{path}[{number}]", is_wanted=True)


def _miscounted(listing: Listing, reading: Items) -> Malformed | None:
    if not reading.items:
        return None
    error = next(_rules(listing.rules).iter_errors([None] * len(reading.items)), None)
    return Malformed(f"the pages show {len(reading.items)} items, against {listing.rules}") if error else None


def missed(told: Told) -> NotFound:
    """Return the failure of a required value that is not there."""
    return NotFound(f"{told.path} is required, and the pages do not say it")


def _proved(reading: Reading, evidence: dict[Evidence, Evidence]) -> Reading:
    match reading:
        case Said():
            return reading._replace(evidence=tuple(evidence[one] for one in reading.evidence))
        case Items(items=items):
            return Items(tuple(_proved(item, evidence) for item in items))
        case Part():
            return proved(reading, evidence)
