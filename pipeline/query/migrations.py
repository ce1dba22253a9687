"""What older files lack, pure: for each version of the contract the columns that it brought, as SQL over the columns of the one before.

Files are never changed for a new version: views read old and new ones side by side, and compacting writes the current version.
"""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.rows import PARTITIONS, TABLES

MIGRATIONS: Mapping[int, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        2: {"runs": {"replaces": "CAST([] AS VARCHAR[])"}},
    }
)
"""By version, then table, then column: its value in files of the version before."""


def upgrade(table: str, version: int) -> str:
    """Return the select list that gives files of a version the columns of the current one, partitions last."""
    added = {column: sql for to in sorted(MIGRATIONS) if to > version for column, sql in MIGRATIONS[to].get(table, {}).items()}
    own = [f'{added[name]} AS "{name}"' if name in added else f'"{name}"' for name in TABLES[table].names]
    return ", ".join([*own, *PARTITIONS])
