"""A user's schema is understood whole or refused by the path of the field; the model is asked for every leaf with its evidence."""

import json
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, TypeAdapter

from pipeline.field_columns import rows, tables
from pipeline.schema_files import load_schema, load_schema_file, load_schemas
from pipeline.user_schema import Group, Leaf, Listing, Node, reply_schema, resolved, tree
from schemas.errors import SettingsError
from schemas.fields import UserSchema
from schemas.result import Record
from tests.annual_report import AnnualReport

Json = dict[str, Any]

LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": ["string", "null"]},
        {"type": "number", "minimum": 0},
        {"anyOf": [{"type": "number"}, {"type": "null"}]},
        {"type": "integer"},
        {"type": "boolean"},
        {"type": "string", "format": "date"},
        {"enum": ["paid", "open"]},
        {"type": "integer", "enum": [1, 2]},
        {"$ref": "#/$defs/money"},
    ]
)
NAMES = st.text("abcdefgh", min_size=1, max_size=3)


def objects(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    properties = st.dictionaries(NAMES, inner, min_size=1, max_size=4)
    return properties.flatmap(
        lambda found: st.lists(st.sampled_from(sorted(found)), unique=True).map(
            lambda required: {"type": "object", "properties": found, "required": required}
        )
    )


def nodes(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return objects(inner) | st.one_of(objects(inner), LEAVES).map(lambda item: {"type": "array", "items": item})


SCHEMAS = objects(st.recursive(LEAVES, nodes, max_leaves=8)).map(
    lambda schema: {**schema, "$defs": {"money": {"type": "number", "description": "In dollars"}}}
)


def text_of(schema: Json) -> str:
    return json.dumps(resolved(schema))


def values(node: Node) -> st.SearchStrategy[Any]:
    match node:
        case Group(fields=fields):
            return st.fixed_dictionaries({name: values(field) for name, field in fields})
        case Listing(item=item):
            return st.lists(values(item) if isinstance(item, Group) else values(item).filter(lambda one: one is not None), max_size=3)
        case Leaf(enum=enum) if enum:
            return st.none() | st.sampled_from(enum)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(max_size=5),
        "number": st.floats(allow_nan=False),
        "integer": st.integers(-(2**63), 2**63 - 1),
        "boolean": st.booleans(),
        "date": st.dates(),
    }
    return st.none() | kinds[node.kind]


def replies(node: Node) -> st.SearchStrategy[Any]:
    """What a model may write that follows the schema of the reply."""
    match node:
        case Group(fields=fields):
            return st.fixed_dictionaries({name: replies(field) for name, field in fields})
        case Listing(item=item):
            return st.lists(replies(item), max_size=2)
    evidence = [{"doc": 1, "page": 2, "quote": "x"}]
    plain = values(node).map(lambda value: value.isoformat() if isinstance(value, date) else value)
    return plain.map(lambda value: {"value": value, "evidence": [] if value is None else evidence})


@settings(max_examples=40)
@given(st.data())
def test_every_schema_becomes_one_whose_replies_have_a_value_and_evidence_for_each_leaf(data: st.DataObject) -> None:
    group = tree(text_of(data.draw(SCHEMAS)))
    asked = reply_schema(group)
    Draft202012Validator.check_schema(asked)
    reply = data.draw(replies(group))
    assert not [*Draft202012Validator(asked).iter_errors(reply)]
    bare = {name: None for name, _ in group.fields}
    assert [*Draft202012Validator(asked).iter_errors(bare)]


def from_rows(schema: UserSchema, found: dict[str, list[Json]]) -> Json:
    """The nested value that the rows of one record hold."""
    root, *others = tables(schema)
    (row,) = found[root.name]
    objects: dict[tuple[Any, ...], Json] = {(): _nested(row, root.columns)}
    for table in others:
        for row in found[table.name]:
            numbers = tuple(row[name] for name in table.numbers)
            at = tuple(part for place, number in zip(table.path, numbers, strict=True) for part in (place, number))
            objects[at] = _nested(row, table.columns)
            _put(objects[at[:-2]], at[-2], objects[at], numbers[-1])
    return objects[()]


def _nested(row: Json, columns: Any) -> Json:
    value: Json = {}
    for column in columns:
        inner = value
        for name in column.path[:-1]:
            inner = inner.setdefault(name, {})
        inner[column.path[-1]] = row[column.name]
    return value


def _put(inner: Json, place: tuple[str, ...], item: Json, number: int) -> None:
    for name in place[:-1]:
        inner = inner.setdefault(name, {})
    items = inner.setdefault(place[-1], [])
    assert len(items) == number, "items are out of order"
    items.append(item)


def with_empty_arrays(node: Node, value: Any) -> Any:
    """The value with the arrays of objects that no row speaks of."""
    match node:
        case Group(fields=fields):
            return {name: with_empty_arrays(field, (value or {}).get(name)) for name, field in fields}
        case Listing(item=Group() as item):
            return [with_empty_arrays(item, one) for one in value or []]
    return value


@settings(max_examples=40)
@given(st.data())
def test_the_rows_of_a_record_hold_its_whole_value(data: st.DataObject) -> None:
    schema = UserSchema(name="x", text=text_of(data.draw(SCHEMAS)))
    group = tree(schema.text)
    value = data.draw(values(group))
    record = Record(user_schema=schema, doc_ids=("d",), value=value, answers=())
    flat = rows(record)
    read = {table.name: pa.Table.from_pylist(flat[table.name], schema=table.schema).to_pylist() for table in tables(schema)}
    assert with_empty_arrays(group, from_rows(schema, read)) == value


def test_columns_have_the_types_of_the_schema() -> None:
    schema = load_schema("tests.annual_report:AnnualReport", "document")
    root, segments, properties = tables(schema)
    types = {field.name: field.type for field in root.schema}
    assert (types["company_name"], types["fiscal_year"], types["net_revenue"]) == (pa.string(), pa.int64(), pa.float64())
    assert types["year_end"] == pa.date32()
    assert [table.name for table in (segments, properties)] == ["schema_annual_report_segments", "schema_annual_report_properties"]
    assert properties.schema.names == ["record_id", "doc_id", "collection", "item_no", "location", "area", "owned"]
    assert properties.schema.field("owned").type == pa.bool_()


def test_the_class_and_the_file_of_the_sample_ask_for_the_same(samples: Path) -> None:
    file = load_schema(str(samples / "schemas" / "annual_report.json"), "document")
    twin = load_schema("tests.annual_report:AnnualReport", "document")
    assert file.name == twin.name == "annual_report"

    def asked(schema: UserSchema) -> Json:
        return reply_schema(tree(schema.text))["properties"]

    plain = json.loads(json.dumps(asked(file)))
    for name in ("segments", "properties"):  # a class has no description of its own beside that of the field
        assert plain[name].pop("items")["properties"] == asked(twin)[name]["items"]["properties"]
    assert plain == {name: {k: v for k, v in node.items() if k != "items"} for name, node in asked(twin).items()}


class Currency(Enum):
    USD = "USD"
    EUR = "EUR"


class Party(BaseModel):
    """Who buys or sells."""

    name: str
    vat_id: str | None = None


class Line(BaseModel):
    text: str
    amount: Decimal | None = None


class Invoice(BaseModel):
    number: str = Field(min_length=1)
    issued: date
    currency: Currency
    kind: Literal["invoice", "credit note"] = "invoice"
    seller: Party
    buyer: Party | None = None
    lines: list[Line] = []
    notes: list[str] = []


def test_what_pydantic_makes_of_classes_is_understood() -> None:
    group = dict(tree(text_of(TypeAdapter(Invoice).json_schema())).fields)
    assert group["currency"].enum == ("USD", "EUR")
    assert group["issued"].kind == "date"
    assert group["buyer"].about == "Who buys or sells."
    assert (group["seller"].is_required, group["buyer"].is_required) == (True, False)
    assert dict(group["lines"].item.fields)["amount"].kind == "number"
    assert group["notes"].item.kind == "string"


NODE: Json = {"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}}}


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"$ref": "#/$defs/node"}, "the field x.child contains itself"),
        ({"$ref": "#/$defs/nowhere"}, "the field x refers to #/$defs/nowhere, which is not in the file"),
        ({"$ref": "https://example.com/schema.json"}, "copy the definition into $defs"),
        ({"$ref": "file:///etc/passwd"}, "copy the definition into $defs"),
        ({"type": "object", "patternProperties": {"a": {"type": "string"}}}, "the field x has patternProperties"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "the field x has no fixed properties"),
        ({"type": "object"}, "the field x has no fixed properties"),
        (
            {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"a": {"type": "string"}}}]},
            "may be one of several things (anyOf)",
        ),
        ({"type": ["string", "number"]}, "the field x has no type, or several"),
        ({"enum": ["a", 1]}, "the field x has no type, or several"),
        ({"type": "array"}, "the field x[] says nothing of its type"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, "is an array of arrays"),
        ({"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "string"}}, "a named field for each place"),
        ({"type": "string", "pattern": "("}, "'(' is not a 'regex'"),
        ({"type": "text"}, "is no JSON Schema"),
        ({"type": "array", "items": {"type": "object", "properties": {"a": {"not": {}}}}}, "the field x[].a has no type"),
        ({"type": "string", "if": {"minLength": 3}}, "the field x has if, which is not read for string fields: leave it out"),
    ],
)
def test_what_has_no_place_in_typed_columns_is_refused_by_its_path(tmp_path: Path, field: Json, says: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"type": "object", "properties": {"x": field}, "$defs": {"node": NODE}}))
    with pytest.raises(SettingsError) as refused:
        load_schema_file(path, "document")
    assert says in str(refused.value)
    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"Total": {}, "total": {}}, "twice the column total"),
        ({"net revenue": {}, "net_revenue": {}}, "twice the column net_revenue"),
        ({"doc_id": {}}, "twice the column doc_id"),
        ({"run_id": {}}, "twice the column run_id"),
        ({"a": {"type": "object", "properties": {"b": {"type": "string"}}}, "a_b": {}}, "twice the column a_b"),
        ({"a": {"type": "array", "items": {"type": "object", "properties": {"item_no": {"type": "string"}}}}}, "twice the column item_no"),
    ],
)
def test_two_fields_are_never_one_column(tmp_path: Path, properties: Json, says: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(json.dumps({"type": "object", "properties": {name: node or {"type": "string"} for name, node in properties.items()}}))
    with pytest.raises(SettingsError, match=says):
        load_schema_file(path, "document")


def test_two_schemas_never_write_one_table(tmp_path: Path) -> None:
    item = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    (tmp_path / "x.json").write_text(json.dumps({"type": "object", "properties": {"y": item}}))
    (tmp_path / "x_y.json").write_text(json.dumps({"type": "object", "properties": {"a": {"type": "string"}}}))
    with pytest.raises(SettingsError, match="both write the table schema_x_y"):
        load_schemas([str(tmp_path / "x.json"), str(tmp_path / "x_y.json")], "document")


def test_references_to_references_do_not_explode(tmp_path: Path) -> None:
    levels = {f"l{n}": {"type": "object", "properties": {k: {"$ref": f"#/$defs/l{n + 1}"} for k in "abcdefgh"}} for n in range(8)}
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/l0"}}, "$defs": {**levels, "l8": {"type": "string"}}}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    with pytest.raises(SettingsError, match="too many fields"):
        load_schema_file(tmp_path / "s.json", "document")


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    names = ("$ref", "type", "properties", "items", "enum", "default", "value", "evidence", "nullable")
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    assert [name for name, _ in tree(text_of(schema)).fields] == list(names)


def test_a_class_of_a_python_file_is_loaded_by_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\nfrom datetime import date\nfrom pydantic import BaseModel\n"
        "class PriceList(BaseModel):\n    since: date\n    prices: list[Price]\n"
        "class Price(BaseModel):\n    amount: float\n"
    )
    loaded = load_schema(f"{tmp_path / 'mine.py'}:PriceList", "collection")
    assert (loaded.name, loaded.scope) == ("price_list", "collection")
    assert [table.name for table in tables(loaded)] == ["schema_price_list", "schema_price_list_prices"]


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("nowhere.json", "cannot be read"),
        ("schema.txt", "a schema is a .json or .yaml file"),
        ("no.such.module:Class", "cannot be imported"),
        ("tests.annual_report:Nothing", "cannot be imported"),
        ("tests.annual_report:date", "has no properties|has to be an object"),
        ("json:dumps", "is no class"),
    ],
)
def test_what_cannot_be_loaded_is_said(named: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_schema(named, "document")


def test_what_is_asked_and_not_where_the_file_lies_makes_the_digest(tmp_path: Path) -> None:
    schema = AnnualReport.model_json_schema()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "s.json").write_text(json.dumps(schema, indent=len(folder)))
    first, second = (load_schema_file(tmp_path / folder / "s.json", "document") for folder in ("a", "b"))
    assert first.digest == second.digest
    assert first.digest != load_schema_file(tmp_path / "a" / "s.json", "collection").digest
