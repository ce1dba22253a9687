"""Load a user's schema: a JSON Schema file, or a Pydantic class, which is imported because the user named it."""

import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import PydanticUserError, TypeAdapter

from pipeline.field_columns import insist_on_distinct, safe, tables
from pipeline.user_schema import resolved
from schemas.errors import SettingsError
from schemas.fields import Scope, UserSchema

_FILES = {".json", ".yaml", ".yml"}


def load_schemas(named: Sequence[str], scope: Scope) -> tuple[UserSchema, ...]:
    """Return the schemas that the user names, each a file or `package.module:Class` or `file.py:Class`.

    Raises:
        SettingsError: one cannot be loaded, or asks for something that has no place in typed columns; the message names the field.
    """
    loaded = tuple(load_schema(name, scope) for name in named)
    insist_on_distinct(loaded)
    return loaded


def load_schema(named: str, scope: Scope) -> UserSchema:
    """Return one schema.

    Raises:
        SettingsError: as `load_schemas`.
    """
    place, colon, name = named.rpartition(":")
    if Path(named).suffix.lower() in _FILES or not colon:
        return load_schema_file(Path(named), scope)
    return _user_schema(named, _snake(name), _json_schema_of(named, _imported(named, place, name)), scope)


def load_schema_file(path: Path, scope: Scope) -> UserSchema:
    """Return the schema of a JSON or YAML file. Nothing is imported.

    Raises:
        SettingsError: as `load_schemas`.
    """
    if path.suffix.lower() not in _FILES:
        msg = f"{path}: a schema is a .json or .yaml file, or a Pydantic class as package.module:Class or file.py:Class"
        raise SettingsError(msg)
    try:
        text = path.read_text(encoding="utf-8")
        schema = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        msg = f"the schema {path} cannot be read: {error}"
        raise SettingsError(msg) from error
    return _user_schema(str(path), safe(path.name.partition(".")[0]), schema, scope)


def _user_schema(named: str, name: str, schema: object, scope: Scope) -> UserSchema:
    if not isinstance(schema, dict):
        msg = f"{named}: a schema is a JSON object with properties"
        raise SettingsError(msg)
    try:
        text = json.dumps(resolved(schema), ensure_ascii=False, separators=(",", ":"))
        loaded = UserSchema(name=name, scope=scope, text=text)
        tables(loaded)
    except (TypeError, RecursionError) as error:  # YAML has dates and cycles, JSON has not
        msg = f"{named}: it holds what JSON has not ({error}): put dates into quotes"
        raise SettingsError(msg) from error
    except SettingsError as error:
        msg = f"{named}: {error}"
        raise SettingsError(msg) from error
    return loaded


def _imported(named: str, place: str, name: str) -> object:
    try:
        module = _module_of_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        return getattr(module, name)
    except (ImportError, OSError, SyntaxError, NameError, AttributeError, TypeError, ValueError) as error:
        msg = f"{named} cannot be imported ({error}): name an installed module as package.module:Class, or a file as file.py:Class"
        raise SettingsError(msg) from error


def _module_of_file(path: Path) -> Any:  # noqa: ANN401 - the user's own module
    spec = importlib.util.spec_from_file_location(f"schema_of_{safe(path.stem)}", path)
    if spec is None or spec.loader is None:
        msg = f"{path} is no Python file"
        raise ImportError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where Pydantic looks names up that annotations hold as text
    spec.loader.exec_module(module)
    return module


def _json_schema_of(named: str, model: object) -> object:
    if not isinstance(model, type):
        msg = f"{named} is no class: name one that derives from pydantic.BaseModel"
        raise SettingsError(msg)
    try:
        return TypeAdapter(model).json_schema()
    except PydanticUserError as error:
        msg = f"{named} has no JSON Schema: {error}"
        raise SettingsError(msg) from error


def _snake(name: str) -> str:
    return safe(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
