"""A user's own schema: what is asked of the pages, and what came of it."""

import hashlib
from typing import Literal

from schemas.value import Value

Scope = Literal["document", "collection"]


class UserSchema(Value):
    """A JSON Schema whose fields are read from each document by itself, or from all documents of a collection jointly."""

    name: str
    """Names the tables of its values: `schema_<name>`."""
    scope: Scope = "document"
    text: str
    """The JSON Schema as JSON text, every reference replaced by what it stands for."""

    @property
    def digest(self) -> str:
        """Hash of what is asked, wherever the file lies: 32 hex digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]


class Field(Value):
    """One value of a user's schema."""

    schema_name: str
    schema_digest: str
    scope: Scope
    path: str
    """Such as `items[3].amount`; items are counted from 0."""
