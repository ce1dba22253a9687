"""The tables of a user's schema: flat rows with typed columns, pure.

The object itself is a row of `schema_<name>`; nested objects are columns joined by `_`; an array of objects is a table of its own,
`schema_<name>_<array>`, whose rows have the record's id and the number of their item; an array of values is a list column.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.user_schema import Group, Leaf, LeafKind, Listing, tree
from schemas.errors import SettingsError
from schemas.fields import UserSchema
from schemas.result import Record

ROOT_KEYS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("schema_digest", pa.string(), nullable=False),
        pa.field("doc_id", pa.string()),
        pa.field("collection", pa.string()),
        pa.field("doc_ids", pa.list_(pa.string()), nullable=False),
    ]
)
"""The columns that every root table begins with; `doc_id` is null for a collection."""
_ITEM_KEYS: "list[pa.Field[Any]]" = [
    pa.field("record_id", pa.string(), nullable=False),
    pa.field("doc_id", pa.string()),
    pa.field("collection", pa.string()),
]
_PARTITIONS = ("run_date", "run_id")
_TYPES: dict[LeafKind, pa.DataType] = {
    "string": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}


class Column(NamedTuple):
    """A value's place in its object, and its column."""

    name: str
    path: tuple[str, ...]
    type: pa.DataType


class FieldTable(NamedTuple):
    """One table: of the object itself, or of one array of objects in it."""

    name: str
    path: tuple[tuple[str, ...], ...]
    """The arrays on the way, each by its place in the object that holds it; empty for the object itself."""
    numbers: tuple[str, ...]
    """The columns that number the items on the way, the table's own last."""
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The table's columns as pyarrow has them."""
        numbers = [pa.field(name, pa.int32(), nullable=False) for name in self.numbers]
        keys = pa.schema(_ITEM_KEYS + numbers) if self.numbers else ROOT_KEYS
        own = pa.schema([pa.field(column.name, column.type) for column in self.columns])
        return pa.unify_schemas([keys, own])


@lru_cache(maxsize=64)
def tables(schema: UserSchema) -> tuple[FieldTable, ...]:
    """Return the tables of a schema, that of the object itself first.

    Raises:
        SettingsError: two fields would be one column or table, or a field takes the name of one of ours.
    """
    found = tuple(_tables(tree(schema.text), root_table(schema.name), (), ()))
    _insist_on_unique([table.name for table in found], f"the schema {schema.name} has two arrays that would both be the table")
    for table in found:
        keys = [field.name for field in _ITEM_KEYS] if table.numbers else ROOT_KEYS.names
        names = [*keys, *table.numbers, *(column.name for column in table.columns), *_PARTITIONS]
        _insist_on_unique(names, f"the table {table.name} would have, from its fields and longread's own columns, twice the column")
    return found


def root_table(name: str) -> str:
    """Return the name of the table of a schema's object."""
    return f"schema_{safe(name)}"


def safe(name: str) -> str:
    """Return a name that SQL takes as it is: letters, digits and underscores, no digit first."""
    plain = re.sub(r"\W", "_", name) or "_"
    return f"_{plain}" if plain[0].isdigit() else plain


def insist_on_distinct(schemas: Sequence[UserSchema]) -> None:
    """Refuse schemas of which two would write the same table.

    Raises:
        SettingsError: two do.
    """
    names = [table.name for schema in schemas for table in tables(schema)]
    _insist_on_unique(names, "two schemas would both write the table")


def rows(record: Record) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one record by table; a table without rows is there too."""
    keys = {"record_id": record.record_id, "doc_id": record.doc_id, "collection": record.collection}
    own = {"schema_digest": record.user_schema.digest, "doc_ids": list(record.doc_ids)}
    found: dict[str, list[dict[str, Any]]] = {}
    for table in tables(record.user_schema):
        shared = keys if table.numbers else keys | own
        found[table.name] = [
            {**shared, **dict(zip(table.numbers, numbers, strict=True)), **{c.name: _at(value, c.path) for c in table.columns}}
            for numbers, value in _objects(record.value, table.path)
        ]
    return found


def _tables(group: Group, name: str, path: tuple[tuple[str, ...], ...], numbers: tuple[str, ...]) -> Iterator[FieldTable]:
    columns, arrays = list[Column](), list[tuple[tuple[str, ...], Group]]()
    for place, node in _members(group, ()):
        match node:
            case Leaf(kind=kind):
                columns.append(Column(_column(place), place, _TYPES[kind]))
            case Listing(item=Leaf(kind=kind)):
                columns.append(Column(_column(place), place, pa.list_(_TYPES[kind])))
            case Listing(item=Group() as item):
                arrays.append((place, item))
    yield FieldTable(name, path, numbers, tuple(columns))
    for place, item in arrays:
        # The number of an outer item is called after its array, as its own table's name is.
        outer = (*numbers[:-1], f"{_column(path[-1])}_no") if numbers else ()
        yield from _tables(item, f"{name}_{_column(place)}", (*path, place), (*outer, "item_no"))


def _members(group: Group, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Leaf | Listing]]:
    for name, node in group.fields:
        if isinstance(node, Group):
            yield from _members(node, (*place, name))
        else:
            yield (*place, name), node


def _column(place: Iterable[str]) -> str:
    return safe("_".join(place))


def _objects(value: Mapping[str, Any], path: Sequence[tuple[str, ...]]) -> Iterator[tuple[tuple[int, ...], Mapping[str, Any]]]:
    if not path:
        yield (), value
        return
    for number, item in enumerate(_at(value, path[0])):
        for numbers, inner in _objects(item, path[1:]):
            yield (number, *numbers), inner


def _at(value: Mapping[str, Any], place: Sequence[str]) -> Any:  # noqa: ANN401 - a value of the user's schema
    for name in place:
        value = value[name]
    return value


def _insist_on_unique(names: Iterable[str], complaint: str) -> None:
    # SQL does not tell capitals from small letters.
    repeated = [name for name, count in Counter(name.casefold() for name in names).items() if count > 1]
    if repeated:
        msg = f"{complaint} {repeated[0]}: rename one"
        raise SettingsError(msg)
