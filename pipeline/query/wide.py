"""Tables and charts as they are printed: a row for each row, a column for each column.

SQL wants to know the columns of a view beforehand, and each table has its own. So `v_table_wide('…')` stands for a view that is made when a
query names it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from pipeline.query.sql import identifier
from schemas.errors import SettingsError

_NAMED = re.compile(r"v_(table|chart)_wide\s*\(\s*'([^']*)'\s*\)", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{32}")
NUMERIC = "('number', 'percent', 'currency')"


class WideColumn(NamedTuple):
    """A column of a wide table: its position in the grid, its name, and whether it holds numbers only."""

    col: int
    name: str
    is_numeric: bool


def add_wide_views(connection: DuckDBPyConnection, sql: str) -> None:
    """Make the view of every table and chart that a query asks for in wide form.

    Raises:
        SettingsError: there is no table or chart of that id.
    """
    for kind, item_id in sorted({(match[1].lower(), match[2]) for match in _NAMED.finditer(sql)}):
        if not _ID.fullmatch(item_id):
            msg = f"v_{kind}_wide takes a {kind}_id, 32 hex digits as in the table {kind}s: not {item_id!r}"
            raise SettingsError(msg)
        select = table_select(connection, item_id) if kind == "table" else _chart_select(connection, item_id)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW v_{kind}_wide_{item_id} AS {select}")


def table_columns(connection: DuckDBPyConnection, table_id: str) -> list[WideColumn]:
    """Return the columns of a table, by the headings over them; a heading that comes twice is numbered.

    Raises:
        SettingsError: there is no such table.
    """
    rows = connection.execute(
        f"""SELECT col, any_value(col_path) FILTER (c."row" >= t.n_header_rows),
                count(value_num) > 0 AND count(*) FILTER (
                    value_kind NOT IN {NUMERIC} AND regexp_matches(text, '[[:alnum:]]') AND c."row" >= t.n_header_rows) = 0
                AND count(*) FILTER (c.kind = 'row_header') = 0
            FROM table_cells AS c JOIN tables AS t USING (table_id) WHERE table_id = ? GROUP BY col ORDER BY col""",
        [table_id],
    ).fetchall()
    if not rows:
        msg = f"no table has the id {table_id}"
        raise SettingsError(msg)
    names = _distinct(name or ("label" if col == 0 else f"col {col}") for col, name, _ in rows)
    return [WideColumn(col, name, is_numeric) for (col, _, is_numeric), name in zip(rows, names, strict=True)]


def table_select(connection: DuckDBPyConnection, table_id: str) -> str:
    """Return the query of a table in wide form: `row`, `page_no`, then its columns; numbers as printed, scale not applied.

    Raises:
        SettingsError: there is no such table.
    """
    columns = ", ".join(
        f"max({'value_num' if column.is_numeric else 'text'}) FILTER (col = {column.col}) AS {identifier(column.name)}"
        for column in table_columns(connection, table_id)
    )
    return f"""SELECT c."row", min(c.page_no) AS page_no, {columns} FROM table_cells AS c JOIN tables AS t USING (table_id)
               WHERE table_id = '{table_id}' AND c."row" >= t.n_header_rows GROUP BY c."row" ORDER BY c."row\""""


def _chart_select(connection: DuckDBPyConnection, chart_id: str) -> str:
    found = connection.execute(
        "SELECT DISTINCT series_no, series FROM chart_points WHERE chart_id = ? ORDER BY series_no", [chart_id]
    ).fetchall()
    if not found:
        msg = f"no chart with points has the id {chart_id}"
        raise SettingsError(msg)
    names = _distinct(name or "y" for _, name in found)
    columns = ", ".join(
        f"max(y_num) FILTER (series_no = {number}) AS {identifier(name)}" for (number, _), name in zip(found, names, strict=True)
    )
    return f"SELECT x_text AS x, {columns} FROM chart_points WHERE chart_id = '{chart_id}' GROUP BY x_text ORDER BY min(point_no)"


def _distinct(names: Iterable[str]) -> Iterator[str]:
    # SQL does not tell capitals from small letters.
    seen = Counter({"row": 1, "page_no": 1, "x": 1})
    for name in names:
        seen[name.casefold()] += 1
        number = seen[name.casefold()]
        yield name if number == 1 else f"{name} ({number})"
