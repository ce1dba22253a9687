"""Make one reading of what several windows of pages say of the fields of a user's schema, pure.

Windows overlap: an item that two of them show is one item.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any

from pipeline.field_values import Items, Part, Reading, Said, evidence_of, value_of
from schemas.document import Box
from schemas.result import Evidence

_SAME_PLACE = 0.5
"""Overlap of two boxes over their union, from which they are one place."""


def merged(windows: Sequence[Part]) -> Part:
    """Return what several windows say together: the first value of each field, and every item once, in the order of the windows."""
    whole = windows[0]
    for window in windows[1:]:
        whole = _both(whole, window)
    return whole


def preferred(better: Part, other: Part) -> Part:
    """Return `other` with the values that `better` has in their place."""
    return Part({name: _prefer(better.fields.get(name), reading) for name, reading in other.fields.items()})


def _both(one: Reading, other: Reading) -> Any:  # noqa: ANN401 - of the kind of `one`
    if isinstance(one, Part) and isinstance(other, Part):
        return Part({name: _both(field, other.fields[name]) for name, field in one.fields.items()})
    if isinstance(one, Items) and isinstance(other, Items):
        return Items((*one.items, *_new(one.items, other.items)))
    if isinstance(one, Said) and isinstance(other, Said) and one.value is None:
        return other if other.is_something else one
    if isinstance(one, Said) and isinstance(other, Said) and one.value == other.value:
        return one._replace(evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))))
    return one


def _new(known: Sequence[Reading], items: Sequence[Reading]) -> list[Reading]:
    """Return the items of a later window that an earlier one has not: by their values, or by the places that prove them.

    Each known item stands for one item only: what is printed twice on a page is two items.
    """
    left, new = set(range(len(known))), list[Reading]()
    by_value: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(known):
        by_value[repr(value_of(one))].append(number)
    pages = {page for item in items for page in _pages(item)}
    near = [number for number, one in enumerate(known) if pages & _pages(one)]
    for item in items:
        alike = (number for number in by_value[repr(value_of(item))] if number in left)
        placed = (number for number in near if number in left and _is_same_place(known[number], item, [known[at] for at in near], items))
        same = next(chain(alike, placed), None)
        if same is None:
            new.append(item)
        else:
            left.remove(same)
    return new


def _pages(item: Reading) -> set[tuple[str, int]]:
    return {(evidence.doc_id, evidence.page_no) for evidence in evidence_of(item)}


def _is_same_place(one: Reading, other: Reading, known: Sequence[Reading], items: Sequence[Reading]) -> bool:
    # A citation of the whole table is the place of all its rows, and tells none of them from another.
    return _share_places(one, other) and all(
        sum(_share_places(item, same) for same in among) == 1 for item, among in ((one, known), (other, items))
    )


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
