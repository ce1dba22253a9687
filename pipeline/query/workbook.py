"""Excel workbooks: one sheet for each table of a document, or one for a query's result.

XlsxWriter writes them: each call names the type of its cell, so that a text that begins with "=" stays a text and is never a formula
(openpyxl makes a formula of it), and it cannot read, which is not wanted here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from duckdb import DuckDBPyConnection, DuckDBPyRelation
from xlsxwriter import Workbook
from xlsxwriter.exceptions import OverlappingRange, XlsxFileError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from schemas.errors import SettingsError, WriteError

# A text in a workbook is a text: neither formula, nor link, nor number.
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
    "nan_inf_to_errors": True,
}
_DOUBTFUL = "#FFE08A"
_CONTENTS = ("sheet", "title", "pages", "unit", "trust")
_MOST_ROWS = 1_048_575
"""Of a sheet, its headings aside: Excel's own limit."""
_MOST_CHARACTERS = 32_767
"""Of a cell: Excel's own limit."""
_MOST_DECIMALS = 6
_FIRST_YEAR = 1900
"""That Excel's dates know."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class Formats(NamedTuple):
    """The looks of cells."""

    heading: Format
    percent: Format
    doubtful_percent: Format
    date: Format
    numbers: tuple[Format, ...]
    """By decimals, so that 1,234 is not shown as "1,234."."""
    doubtful: tuple[Format, ...]
    """The same for numbers that contradict the text layer."""


class SheetTable(NamedTuple):
    """What a sheet tells of its table beside the cells."""

    table_id: str
    title: str | None
    page_first: int
    page_last: int
    unit: str | None
    scale: float | None
    currency: str | None
    trust: str

    @property
    def pages(self) -> str:
        """The pages it stands on, in words."""
        return f"page {self.page_first}" if self.page_first == self.page_last else f"pages {self.page_first} to {self.page_last}"

    @property
    def counted_in(self) -> str:
        """What its numbers count, in words; empty if nothing is stated."""
        scale = f"in units of {self.scale:,.0f}" if self.scale else None
        return ", ".join(filter(None, (self.currency, self.unit, scale)))


class SheetCell(NamedTuple):
    """A cell of a table."""

    row: int
    col: int
    row_span: int
    col_span: int
    kind: str
    text: str
    value_num: float | None
    value_date: date | None
    value_kind: str
    page_no: int
    check: str
    layer_text: str | None


def write_document(connection: DuckDBPyConnection, doc_id: str, to: Path) -> int:
    """Write the tables of a document to a workbook and return how many there are; a first sheet lists them.

    Raises:
        WriteError: the file cannot be written.
    """
    found = connection.execute(f"SELECT {', '.join(SheetTable._fields)} FROM tables WHERE doc_id = ? ORDER BY ordinal", [doc_id]).fetchall()
    tables = [SheetTable(*row) for row in found]
    with _workbook(to) as book:
        formats = _formats(book)
        contents = book.add_worksheet("contents")
        names = list(_sheet_names(table.title or table.pages for table in tables))
        rows = [(name, table.title, table.pages, table.counted_in, table.trust) for name, table in zip(names, tables, strict=True)]
        _write_rows(contents, formats, _CONTENTS, rows)
        for name, table in zip(names, tables, strict=True):
            _write_table(book.add_worksheet(name), formats, table, _cells(connection, table.table_id))
    return len(tables)


def write_result(result: DuckDBPyRelation, to: Path) -> int:
    """Write the result of a query to a workbook of one sheet and return its number of rows.

    Raises:
        SettingsError: it has more rows than a sheet holds.
        WriteError: the file cannot be written.
    """
    rows = result.limit(_MOST_ROWS + 1).fetchall()
    if len(rows) > _MOST_ROWS:
        msg = f"a sheet holds {_MOST_ROWS:,} rows and the result has more: use longread query --format csv or parquet"
        raise SettingsError(msg)
    with _workbook(to) as book:
        _write_rows(book.add_worksheet("query"), _formats(book), result.columns, rows)
    return len(rows)


@contextmanager
def _workbook(to: Path) -> Iterator[Workbook]:
    """Yield a workbook that is written on leaving; on an error it is not."""
    book = Workbook(to, _OPTIONS)
    yield book
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        book.close()
    except (XlsxFileError, OSError) as error:
        msg = f"{to} cannot be written ({error}): choose another --to"
        raise WriteError(msg) from error


def _formats(book: Workbook) -> Formats:
    fractions = ("", *("." + "0" * decimals for decimals in range(1, _MOST_DECIMALS + 1)))
    shapes = [f"#,##0{fraction};(#,##0{fraction})" for fraction in fractions]
    return Formats(
        heading=book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        percent=book.add_format({"num_format": "0.0#%"}),
        doubtful_percent=book.add_format({"num_format": "0.0#%", "bg_color": _DOUBTFUL}),
        date=book.add_format({"num_format": "yyyy-mm-dd"}),
        numbers=tuple(book.add_format({"num_format": shape}) for shape in shapes),
        doubtful=tuple(book.add_format({"num_format": shape, "bg_color": _DOUBTFUL}) for shape in shapes),
    )


def _cells(connection: DuckDBPyConnection, table_id: str) -> list[SheetCell]:
    columns = ", ".join(f'"{name}"' for name in SheetCell._fields)
    rows = connection.execute(f'SELECT {columns} FROM table_cells WHERE table_id = ? ORDER BY "row", col', [table_id])
    return [SheetCell(*row) for row in rows.fetchall()]


def _write_table(sheet: Worksheet, formats: Formats, table: SheetTable, cells: Sequence[SheetCell]) -> None:
    page = 0
    for cell in cells:
        _write_cell(sheet, formats, cell)
        told = []
        if cell.page_no != page:
            page = cell.page_no
            told += [f"page {page}", *([table.counted_in, f"numbers: {table.trust}"] if cell.row == 0 else [])]
        if cell.check == "mismatch":
            told.append(f"page {page}: the text layer has {cell.layer_text or 'something else'}")
        if told:
            sheet.write_comment(cell.row, cell.col, "\n".join(filter(None, told)))
    headings = [cell.row for cell in cells if cell.kind == "column_header"]
    sheet.freeze_panes(max(headings, default=-1) + 1, 0)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, max((cell.col for cell in cells), default=1), 14)


def _write_cell(sheet: Worksheet, formats: Formats, cell: SheetCell) -> None:
    at = (cell.row, cell.col)
    is_data = cell.kind in {"data", "total"}
    is_doubtful = cell.check == "mismatch"
    if cell.kind == "column_header" and (cell.row_span > 1 or cell.col_span > 1):
        # Spans as read may overlap; then the heading stands in its first cell only.
        with suppress(OverlappingRange):
            sheet.merge_range(*at, cell.row + cell.row_span - 1, cell.col + cell.col_span - 1, "", formats.heading)
        _write_text(sheet, at, cell.text, formats.heading)
    elif is_data and cell.value_num is not None and cell.value_kind == "percent":
        sheet.write_number(*at, cell.value_num / 100, formats.doubtful_percent if is_doubtful else formats.percent)
    elif is_data and cell.value_num is not None:
        sheet.write_number(*at, cell.value_num, (formats.doubtful if is_doubtful else formats.numbers)[_decimals(cell.value_num)])
    elif is_data and cell.value_date is not None and cell.value_date.year >= _FIRST_YEAR:
        sheet.write_datetime(*at, cell.value_date, formats.date)
    elif cell.text:
        _write_text(sheet, at, cell.text, formats.heading if cell.kind == "column_header" else None)


def _decimals(number: float) -> int:
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return min(_MOST_DECIMALS, max(0, -int(exponent)))


def _write_rows(sheet: Worksheet, formats: Formats, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for col, name in enumerate(columns):
        sheet.write_string(0, col, name, formats.heading)
    for number, row in enumerate(rows, 1):
        for col, value in enumerate(row):
            _write_value(sheet, formats, (number, col), value)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(columns) - 1, 0), 20)


def _write_value(sheet: Worksheet, formats: Formats, at: tuple[int, int], value: Any) -> None:  # noqa: ANN401 - a value of any column
    match value:
        case None:
            pass
        case bool():
            sheet.write_boolean(*at, value)
        case int() | float() | Decimal():
            sheet.write_number(*at, value)
        case datetime() | date() if value.year >= _FIRST_YEAR:
            sheet.write_datetime(*at, value, formats.date)
        case list():
            _write_text(sheet, at, "; ".join(map(str, value)))
        case _:
            _write_text(sheet, at, str(value))


def _write_text(sheet: Worksheet, at: tuple[int, int], text: str, look: Format | None = None) -> None:
    sheet.write_string(*at, text[:_MOST_CHARACTERS], look)


def _sheet_names(titles: Iterable[str]) -> Iterator[str]:
    """Yield names that Excel takes: 31 characters at most, none twice."""
    for number, title in enumerate(titles, 1):
        plain = " ".join(_FORBIDDEN.sub(" ", title).split())
        yield f"{number} {plain}"[:31].strip(" '")
