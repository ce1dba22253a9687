"""A user's JSON Schema as a tree of fields, and as the schema that the model follows; pure.

The tree knows five kinds of values (string, number, integer, boolean, date), groups of fields (objects) and lists of either. What has no
place in typed columns, such as maps, tuples, recursion and unions of objects, is refused by the path of the field.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias, get_args

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from schemas.errors import SettingsError
from schemas.extraction import CitedEvidence

Schema: TypeAlias = Mapping[str, Any]
LeafKind = Literal["string", "number", "integer", "boolean", "date"]
MOST_FIELDS = 1_000
"""Of one schema: references to references multiply."""

_ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema", "$id"}
_SHARED = {"type", "enum", "const", "$defs", "definitions", "$anchor", "anyOf", "oneOf", "allOf"} | _ANNOTATIONS
_KEYWORDS: dict[str, set[str]] = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "string": {"format", "pattern", "minLength", "maxLength"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "boolean": set(),
}
_INSTEAD = {
    "patternProperties": "name the properties one by one",
    "additionalProperties": "name the properties one by one, or make it an array of objects with the key as a field",
    "prefixItems": "make it an object with a named field for each place",
    "$dynamicRef": "refer to a definition of the file with $ref",
}
_OF_VALUES: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
_CITATIONS = {"type": "array", "items": {"$ref": "#/$defs/CitedEvidence"}}


class Leaf(NamedTuple):
    """One value."""

    kind: LeafKind
    about: str
    """What the model is told of it: its description or title."""
    is_required: bool = False
    """Whether a value that is not found is a failure."""
    enum: tuple[Any, ...] = ()
    rules: str = "{}"
    """The JSON text of the schema that a value has to meet."""


class Group(NamedTuple):
    """An object."""

    about: str
    fields: tuple[tuple[str, "Node"], ...]
    is_required: bool = True


class Listing(NamedTuple):
    """An array of values or of objects."""

    about: str
    item: Leaf | Group
    is_required: bool = False
    rules: str = "{}"
    """The JSON text of what the number of items has to meet."""


Node: TypeAlias = Leaf | Group | Listing


def resolved(schema: Schema) -> dict[str, Any]:
    """Return the schema with every reference replaced by the definition it names.

    Raises:
        SettingsError: it is no JSON Schema, or a reference is recursive, leads out of the file or nowhere.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        _refuse(".".join(map(str, error.absolute_path)) or "the schema", f"is no JSON Schema: {error.message}")
    # A registry without a way to retrieve opens neither files nor addresses.
    resource = DRAFT202012.create_resource(schema)
    resolver = Registry().with_resource("", resource).resolver()
    inlined = _Inliner(resolver).inline(schema, "", ())
    return {key: value for key, value in inlined.items() if key not in {"$defs", "definitions", "$schema", "$id"}}


@lru_cache(maxsize=64)
def tree(text: str) -> Group:
    """Return the fields of a resolved schema, given as JSON text.

    Raises:
        SettingsError: something in it has no place in typed columns; the message names its path and what to do.
    """
    root = _node(json.loads(text), "", is_required=True)
    if not isinstance(root, Group):
        _refuse("the schema", "has to be an object with properties: put the array or value into a property")
    return root


def reply_schema(root: Group) -> dict[str, Any]:
    """Return the JSON Schema of a reply: the user's, with each leaf as {value, evidence}."""
    evidence = CitedEvidence.model_json_schema()
    return {**_reply(root), "$defs": {"CitedEvidence": evidence}}


def without_lists(group: Group) -> Group:
    """Return the group with nothing but the values that stand alone; it may be empty."""
    kept: list[tuple[str, Node]] = []
    for name, node in group.fields:
        if isinstance(node, Group):
            inner = without_lists(node)
            kept += [(name, inner)] if inner.fields else []
        elif isinstance(node, Leaf):
            kept.append((name, node))
    return group._replace(fields=tuple(kept))


class _Inliner:
    def __init__(self, resolver: Any) -> None:  # noqa: ANN401 - referencing's resolver type is private
        self._resolver = resolver
        self._left = 20 * MOST_FIELDS

    def inline(self, schema: Any, path: str, behind: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
        """Return JSON with the references in it replaced; `behind` are those that led here."""
        self._left -= 1
        if self._left < 0:
            _refuse("the schema", f"has too many fields once its references are followed: no more than {MOST_FIELDS:,} are read at a time")
        if isinstance(schema, list):
            return [self.inline(item, path, behind) for item in schema]
        if not isinstance(schema, Mapping):
            return schema
        if "$ref" in schema:
            return self._followed(schema, path, behind)
        return {key: self._member(key, value, path, behind) for key, value in schema.items() if key not in {"$defs", "definitions"}}

    def _member(self, key: str, value: Any, path: str, behind: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
        if key == "properties" and isinstance(value, Mapping):
            # A property may itself be called $ref, enum or default.
            return {name: self.inline(item, _joined(path, name), behind) for name, item in value.items()}
        if key in {"enum", "const", "default", "examples", "required"}:
            return value
        return self.inline(value, f"{path}[]" if key == "items" else path, behind)

    def _followed(self, schema: Schema, path: str, behind: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
        reference = schema["$ref"]
        if reference in behind:
            _refuse(path, f"contains itself ({reference}): write out as many levels as the documents have")
        try:
            target = self._resolver.lookup(reference).contents
        except Unresolvable:
            _refuse(path, f"refers to {reference}, which is not in the file: copy the definition into $defs")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**self.inline(target, path, (*behind, reference)), **self.inline(beside, path, behind)}


def _node(schema: Any, path: str, *, is_required: bool) -> Node:  # noqa: ANN401 - JSON
    if not isinstance(schema, dict) or not schema:
        _refuse(path, "says nothing of its type: add one, such as string")
    schema = _one_of(schema, path)
    kind, is_nullable = _kind(schema, path)
    for keyword in schema.keys() - _SHARED - _KEYWORDS[kind]:
        if not keyword.startswith("x-"):
            _refuse(path, f"has {keyword}, which is not read for {kind} fields: {_INSTEAD.get(keyword, 'leave it out')}")
    is_required = is_required and not is_nullable
    about = str(schema.get("description") or schema.get("title") or _words(path))
    match kind:
        case "object":
            return Group(about, tuple(_fields(schema, path)), is_required)
        case "array":
            item = _node(schema.get("items"), f"{path}[]", is_required=True)
            if isinstance(item, Listing):
                _refuse(path, "is an array of arrays: make the inner one a field of an object")
            return Listing(about, item, is_required, _rules(schema, {"minItems", "maxItems"}))
        case _:
            return _leaf(schema, kind, about, is_required=is_required)


def _fields(schema: Schema, path: str) -> Iterator[tuple[str, Node]]:
    properties = schema.get("properties")
    if not properties or isinstance(schema.get("additionalProperties"), dict):
        _refuse(path, f"has no fixed properties: {_INSTEAD['additionalProperties']}")
    required = schema.get("required", ())
    for name, value in properties.items():
        yield name, _node(value, _joined(path, name), is_required=name in required)


def _leaf(schema: Schema, kind: str, about: str, *, is_required: bool) -> Leaf:
    enum = tuple(value for value in schema.get("enum", [schema["const"]] if "const" in schema else []) if value is not None)
    found: LeafKind = next(one for one in get_args(LeafKind) if one == ("date" if schema.get("format") == "date" else kind))
    return Leaf(found, about, is_required, enum, _rules(schema, _KEYWORDS[kind]))


def _rules(schema: Schema, keywords: set[str]) -> str:
    return json.dumps({key: value for key, value in schema.items() if key in keywords}, ensure_ascii=False)


def _one_of(schema: Schema, path: str) -> dict[str, Any]:
    """Return the schema with its only real alternative in the place of anyOf, oneOf or allOf."""
    for keyword in ("anyOf", "oneOf", "allOf"):
        options = schema.get(keyword)
        if options is None:
            continue
        real = [option for option in options if not (isinstance(option, dict) and option.get("type") == "null")]
        chosen = _number_or_text(real)
        if chosen is None:
            _refuse(path, f"may be one of several things ({keyword}): choose one type, or make each a field of its own that may be null")
        beside = {key: value for key, value in schema.items() if key != keyword}
        merged = _one_of({**chosen, **beside}, path)
        return {**merged, "nullable": merged.get("nullable") or (keyword != "allOf" and len(real) < len(options))}
    return dict(schema)


def _number_or_text(options: list[Any]) -> dict[str, Any] | None:
    """Return the only option; of a number and a string, as Pydantic writes Decimal, the number: printed numbers are read anyhow."""
    kinds = {option.get("type"): option for option in options if isinstance(option, dict)}
    if len(options) == 2 and kinds.keys() == {"number", "string"}:
        return dict(kinds["number"])
    return dict(options[0]) if len(options) == 1 and isinstance(options[0], dict) else None


def _kind(schema: dict[str, Any], path: str) -> tuple[str, bool]:
    """Return the type, and whether null is allowed; `nullable` is taken out of the schema."""
    told = schema.get("type", "object" if "properties" in schema else _kind_of_values(schema))
    kinds = [told] if isinstance(told, str) else list(told or ())
    is_nullable = bool(schema.pop("nullable", False)) or "null" in kinds or None in schema.get("enum", ())
    real = [kind for kind in kinds if kind != "null"]
    if set(real) == {"integer", "number"}:
        real = ["number"]
    if len(real) != 1:
        _refuse(path, "has no type, or several: give it one of string, number, integer, boolean, object, array")
    return real[0], is_nullable


def _kind_of_values(schema: Schema) -> str | None:
    values = [value for value in schema.get("enum", [schema.get("const")]) if value is not None]
    return next((kind for of, kind in _OF_VALUES if values and all(type(value) is of for value in values)), None)


def _reply(node: Node) -> dict[str, Any]:
    match node:
        case Leaf():
            value = _value(node)
            members = {"value": value, "evidence": _CITATIONS}
        case Listing(about=about, item=item):
            return {"type": "array", "description": about, "items": _reply(item)}
        case Group(fields=fields):
            members = {name: _reply(field) for name, field in fields}
    return {
        "type": "object",
        "description": node.about,
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def _value(leaf: Leaf) -> dict[str, Any]:
    kind = "string" if leaf.kind == "date" else leaf.kind
    form = "As YYYY-MM-DD; null" if leaf.kind == "date" else "Null"
    value: dict[str, Any] = {"type": [kind, "null"], "description": f"{form} if the pages do not say."}
    if leaf.enum:
        value["enum"] = [*leaf.enum, None]
    if leaf.kind == "date":
        value["format"] = "date"
    return value


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _words(path: str) -> str:
    """Return the name of a field as words: `netRevenue` and `net_revenue` as "net revenue"."""
    name = path.rstrip("[]").rpartition(".")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").strip()


def _refuse(path: str, why: str) -> NoReturn:
    msg = f"the field {path} {why}" if path and not path.startswith("the schema") else f"the schema {why}"
    raise SettingsError(msg)
