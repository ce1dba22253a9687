"""The data dictionary: every table, view and column with its meaning, as Markdown. `python -m pipeline.query.dictionary > docs/data.md`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.query.connect import opened
from pipeline.query.live import Snapshot
from pipeline.query.show import markdown
from schemas.rows import CONTRACT, PARTITIONS
from schemas.settings import SCHEMA_VERSION

_HEAD = f"""# Data dictionary

Made of `schemas/rows.py` and `pipeline/query/views.sql` by `python -m pipeline.query.dictionary > docs/data.md`.
Version {SCHEMA_VERSION} of the contract (`schema_version` in `runs`).

Ids are 32 hex digits of content hashes: the same document, table or question has the same id in every run. Pages count from 1; boxes are
`x0, y0, x1, y1` from 0 to 1 of the upright page, origin top left; rows and columns of a table count from 0. Times are UTC. "?" marks what
may be null.
"""
_TABLES = f"""## Tables

Parquet, `<out>/<table>/run_date=…/run_id=…/part-NNNNN.parquet`. Every table also has these two columns:

- `run_id`: {PARTITIONS["run_id"]}
- `run_date`: {PARTITIONS["run_date"]}

In `longread query` and `pipeline.query.connect` a table of that name shows the newest reading of each document and the newest answer to
each question; `<table>_all` shows every run's. Files read without them show every run's, and for a moment, while `longread compact`
exchanges files, both the old and the new ones.

A user's schema has tables of its own, `schema_<name>` and `schema_<name>_<array>`: see [schemas.md](schemas.md).
"""
_VIEWS = """## Views

In `longread query "SQL"`, and in Python `pipeline.query.connect("out").sql("SQL")`, which is a DuckDB connection.
"""
_WIDE = """### `v_table_wide('table_id')`, `v_chart_wide('chart_id')`

One table or chart as it is printed: a row for each row, or for each category or x value, and a column for each column, or series, by its
heading. Columns that hold only numbers are numbers, as printed, without scale; all others are text. Only in `longread query` and
`pipeline.query.run_sql`, which know the id before they ask.
"""


def dictionary() -> str:
    """Return the data dictionary as Markdown."""
    return "\n".join([_HEAD, _TABLES, *_tables(), _VIEWS, *_views(), _WIDE]).rstrip() + "\n"


def _tables() -> Iterator[str]:
    for name, contract in CONTRACT.items():
        rows = [
            (f"`{column.name}`", f"{_type(str(column.field.type))}{'?' if column.field.nullable else ''}", column.meaning)
            for column in contract.columns
        ]
        yield f"### `{name}`\n\nA row is {contract.row}.\n"
        yield "\n".join(markdown(("column", "type", "meaning"), rows)) + "\n"


def _views() -> Iterator[str]:
    connection = opened(Snapshot(Path(), (), {}), described=True)
    views = "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal AND starts_with(view_name, 'v_') ORDER BY view_oid"
    for name, meaning in connection.sql(views).fetchall():
        columns = (
            "SELECT '`' || column_name || '`', lower(data_type), comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"
        )
        rows = connection.execute(columns, [name]).fetchall()
        yield f"### `{name}`\n\n{meaning[0].upper()}{meaning[1:]}.\n"
        yield "\n".join(markdown(("column", "type", "meaning"), rows)) + "\n"


def _type(arrow: str) -> str:
    return {"list<item: string>": "list of strings", "timestamp[us, tz=UTC]": "timestamp", "date32[day]": "date"}.get(arrow, arrow)


if __name__ == "__main__":
    sys.stdout.write(dictionary())
