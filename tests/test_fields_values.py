"""Values are typed as the schema says or not there; items that two windows show are one, items that one window shows twice are two."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.field_values import Items, Part, Said, coerced, merged, preferred, read, told, value_of
from pipeline.user_schema import Group, Leaf, Listing
from schemas.document import Box
from schemas.errors import Malformed
from schemas.extraction import CitedEvidence
from schemas.result import Evidence


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("number", "$1,234.50", 1234.5),
        ("number", "(3.1)%", -3.1),
        ("number", "$1.2 million", 1_200_000.0),
        ("number", 7, 7.0),
        ("integer", "4,316", 4316),
        ("integer", 12.0, 12),
        ("date", "June 30, 2023", date(2023, 6, 30)),
        ("date", "2023-06-30", date(2023, 6, 30)),
        ("date", "30.06.2023", date(2023, 6, 30)),
        ("boolean", "Yes", True),
        ("boolean", False, False),
        ("string", 2023, "2023"),
        ("string", "as printed ", "as printed "),
        ("string", "half \ud83d a pair", "half ? a pair"),
    ],
)
def test_what_is_printed_becomes_a_value_of_its_type(kind: Any, raw: object, value: object) -> None:
    found = coerced(Leaf(kind, ""), raw)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("leaf", "raw"),
    [
        (Leaf("number", ""), "about forty"),
        (Leaf("number", ""), True),
        (Leaf("number", ""), float("nan")),
        (Leaf("number", "", rules='{"minimum": 0}'), -1),
        (Leaf("integer", ""), 12.5),
        (Leaf("integer", ""), 1e30),
        (Leaf("integer", ""), [1]),
        (Leaf("date", ""), "June 2023"),
        (Leaf("boolean", ""), "perhaps"),
        (Leaf("string", ""), {"text": "x"}),
        (Leaf("string", "", enum=("open", "paid")), "lost"),
        (Leaf("string", "", rules='{"pattern": "^[A-Z]{2}$"}'), "usd"),
        (Leaf("string", "", rules='{"format": "email"}'), "nobody"),
    ],
)
def test_what_breaks_its_type_or_a_rule_is_malformed(leaf: Leaf, raw: object) -> None:
    with pytest.raises(Malformed):
        coerced(leaf, raw)


def test_an_enum_is_met_whatever_its_capitals() -> None:
    assert coerced(Leaf("string", "", enum=("Open", "Paid")), "PAID") == "Paid"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c", "value", "evidence"]), inner, max_size=3),
    max_leaves=10,
)
GROUP = Group(
    "",
    (
        ("a", Leaf("integer", "", is_required=True)),
        ("b", Group("", (("c", Leaf("string", "")),), is_required=False)),
        ("c", Listing("", Group("", (("a", Leaf("date", "")), ("b", Listing("", Leaf("number", ""))))), rules='{"maxItems": 1}')),
    ),
)


@given(reply=JSON, proves=st.booleans())
def test_whatever_a_model_writes_every_field_is_a_value_of_its_type_or_null(reply: object, *, proves: bool) -> None:
    somewhere = (Evidence(doc_id="d", page_no=1, box=None, quote="x", source_kind="text"),)
    value = value_of(read(GROUP, reply, lambda _: somewhere if proves else ()))
    assert value.keys() == {"a", "b", "c"}
    assert value["a"] is None or type(value["a"]) is int
    assert value["b"]["c"] is None or isinstance(value["b"]["c"], str)
    assert all(item["a"] is None or isinstance(item["a"], date) for item in value["c"])
    assert all(one is None or isinstance(one, float) for item in value["c"] for one in item["b"])
    if not proves:
        assert value["a"] is None


def evidence(page: int, quote: str, box: Box | None = None) -> Evidence:
    return Evidence(doc_id="d", page_no=page, box=box, quote=quote, source_kind="table")


def row(name: str, amount: float | None, page: int = 1, box: Box | None = None) -> Part:
    told_name = Said(name, (evidence(page, name, box),))
    told_amount = Said(amount, (evidence(page, str(amount), box),)) if amount is not None else Said()
    return Part({"name": told_name, "amount": told_amount})


def window(*items: Part, total: float | None = None) -> Part:
    said = Said(total, (evidence(9, str(total)),)) if total is not None else Said()
    return Part({"total": said, "items": Items(items)})


def names(reading: Part) -> list[str]:
    return [item["name"] for item in value_of(reading)["items"]]


def test_an_item_of_two_windows_is_one_item() -> None:
    first, second = window(row("a", 1), row("b", 2, 2)), window(row("b", 2, 2), row("c", 3, 3))
    assert names(merged([first, second])) == ["a", "b", "c"]


def test_an_item_that_is_printed_twice_is_two_items() -> None:
    assert names(merged([window(row("a", 1), row("a", 1)), window(row("a", 1), row("b", 2))])) == ["a", "a", "b"]


def test_an_item_read_differently_in_the_same_place_is_one_item() -> None:
    line = Box(x0=0.1, y0=0.9, x1=0.9, y1=0.92)
    assert names(merged([window(row("Rotterdam", 84.2, 2, line)), window(row("Rotterdarn", 84.2, 2, line))])) == ["Rotterdam"]


def test_items_that_all_cite_the_whole_table_are_told_apart_by_their_values() -> None:
    table = Box(x0=0.1, y0=0.1, x1=0.9, y1=0.9)
    first = window(row("a", 1, 1, table), row("b", 2, 1, table))
    second = window(row("b", 2, 1, table), row("c", 3, 1, table))
    assert names(merged([first, second])) == ["a", "b", "c"]


@given(st.lists(st.integers(0, 30), unique=True, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_overlapping_windows_of_a_list_give_the_list(numbers: list[int], cuts: list[int]) -> None:
    edges = sorted({0, len(numbers), *(cut for cut in cuts if cut < len(numbers))})
    parts = [numbers[max(0, start - 1) : end] for start, end in pairwise(edges)] or [[]]
    joined = merged([window(*(row(f"r{n}", n, n) for n in part)) for part in parts])
    assert names(joined) == [f"r{n}" for n in numbers]


def test_the_first_window_that_knows_a_value_gives_it_and_the_joint_reading_corrects_it() -> None:
    reading = merged([window(), window(total=5), window(total=6)])
    assert value_of(reading)["total"] == 5
    joint = Part({"total": Said(6.0, (evidence(9, "6"),))})
    assert value_of(preferred(joint, reading))["total"] == 6
    assert value_of(preferred(Part({"total": Said()}), reading))["total"] == 5


def test_of_an_optional_object_that_is_not_there_nothing_is_missed() -> None:
    buyer = Group("", (("name", Leaf("string", "", is_required=True)), ("city", Leaf("string", ""))), is_required=False)
    group = Group("", (("buyer", buyer),))

    def missed(reply: object) -> list[str]:
        reading = read(group, reply, lambda cited: tuple(evidence(one.page, one.quote) for one in cited))
        return [one.path for one in told(group, reading) if one.is_missed]

    assert missed({}) == []
    cited = CitedEvidence(doc=1, page=1, quote="Bonn").model_dump()
    assert missed({"buyer": {"city": {"value": "Bonn", "evidence": [cited]}}}) == ["buyer.name"]
