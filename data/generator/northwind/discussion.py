"""The tables of the management's discussion: highlights, segments, regions, quarters."""

from collections.abc import Mapping
from types import MappingProxyType

from data.generator.northwind.amounts import (
    dollars,
    growth,
    millions,
    per_share,
    percent,
    thousands,
    value,
    years_back,
)
from data.generator.northwind.books import Line, books
from data.generator.tables import Cell, Row, TableSpec, data, grand_total, head, total

SEGMENT_NAMES = (
    ("Flow Measurement", "flow"),
    ("Environmental Sensing", "environmental"),
    ("Marine Systems", "marine"),
    ("Services", "services"),
)
REGION_NAMES = (
    ("North America", "north_america"),
    ("Europe", "europe"),
    ("Asia Pacific", "asia_pacific"),
    ("Rest of world", "rest_of_world"),
)
QUARTERS: Mapping[int, tuple[int, int, int]] = MappingProxyType(
    {
        2021: (218_340, 226_115, 231_902),
        2022: (231_408, 243_917, 248_052),
        2023: (258_114, 274_806, 281_340),
    }
)
QUARTER_NAMES = ("March 31", "June 30", "September 30", "December 31")
QUARTER_MARGINS = (42.4, 43.1, 43.3)


def highlights(year: int) -> TableSpec:
    """The key figures of two years with their change, in millions."""
    book = books()
    amounts = (
        ("Net revenue", "revenue"),
        ("Gross profit", "gross"),
        ("Operating income", "operating"),
        ("Net income", "net_income"),
        ("Cash from operating activities", "flow_operating"),
        ("Capital expenditure", "flow_capital"),
    )
    years = years_back(year, 2)
    rows = [head("", str(years[0]), str(years[1]), "Change")]
    for number, (label, name) in enumerate(amounts):
        sign = "$" if number == 0 else ""
        cells = [sign + millions(abs(value(book[name], one))) for one in years]
        rows.append(data(label, *cells, growth(book[name], year)))
    rows += [_margin_row(years), _diluted_row(years), _dividend_row(years)]
    rows.append(data("Employees at year end", *(thousands(value(book["employees"], one)) for one in years), ""))
    return TableSpec(
        key="highlights",
        title=f"Financial highlights {year}",
        subtitle="(dollars in millions, except per share data)",
        rows=tuple(rows),
        widths=(230.0, 85.0, 85.0, 80.0),
        look="banded",
        scale=1_000_000,
        currency="USD",
    )


def _margin_row(years: tuple[int, ...]) -> Row:
    book = books()
    return data("Operating margin", *(percent(value(book["operating"], y), value(book["revenue"], y)) for y in years), "")


def _diluted_row(years: tuple[int, ...]) -> Row:
    book = books()
    texts = [per_share(value(book["net_income"], year), value(book["shares_diluted"], year)) for year in years]
    change = float(texts[0]) - float(texts[1])
    return data("Diluted earnings per share", *("$" + text for text in texts), percent(change, float(texts[1])))


def _dividend_row(years: tuple[int, ...]) -> Row:
    line = books()["dividend_cents"]
    texts = [f"${value(line, year) / 100:.2f}" for year in years]
    return data("Dividends per share", *texts, growth(line, years[0]))


def segments(year: int, n_years: int) -> TableSpec:
    """Revenue and operating income of each segment: two blocks of columns under spanning headings."""
    book = books()
    years = years_back(year, n_years)
    rows = [
        head(
            "",
            Cell("Net revenue", col_span=n_years),
            Cell("Operating income (loss)", col_span=n_years),
        ),
        head("Segment", *(str(one) for one in years * 2)),
    ]
    for number, (label, name) in enumerate(SEGMENT_NAMES):
        show = dollars if number == 0 else thousands
        sold = [show(value(book[name], one)) for one in years]
        earned = [show(value(book[f"{name}_income"], one)) for one in years]
        rows.append(data(label, *sold, *earned))
    corporate = [thousands(value(book["corporate"], one)) for one in years]
    rows.append(data("Corporate and unallocated (1)", *[thousands(0)] * n_years, *corporate))
    sums = [dollars(value(book[name], one)) for name in ("revenue", "operating") for one in years]
    rows.append(grand_total("Total", *sums))
    return TableSpec(
        key="segments",
        title="Segment results",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(132.0, *[360.0 / (2 * n_years)] * (2 * n_years)),
        scale=1000,
        currency="USD",
        footnotes=("(1) Headquarters costs, stock-based compensation and restructuring charges.",),
        font_size=8.0,
    )


def regions(year: int) -> TableSpec:
    """Revenue by region with its share and change: an open table without frame."""
    book = books()
    sold: Line = book["revenue"]
    rows = [
        head("", Cell(str(year), col_span=2), Cell(str(year - 1), col_span=2), ""),
        head("", "Revenue", "Share", "Revenue", "Share", "Change"),
    ]
    for label, name in (*REGION_NAMES, ("Total", "revenue")):
        cells = [label]
        for one in years_back(year, 2):
            cells += [millions(value(book[name], one)), percent(value(book[name], one), value(sold, one))]
        cells.append(growth(book[name], year))
        rows.append(total(*cells) if name == "revenue" else data(*cells))
    return TableSpec(
        key="regions",
        title="Net revenue by region of the customer",
        subtitle="(dollars in millions)",
        rows=tuple(rows),
        widths=(130.0, 70.0, 60.0, 70.0, 60.0, 70.0),
        look="open",
        scale=1_000_000,
        currency="USD",
    )


def quarter_revenue(year: int) -> tuple[int, ...]:
    """The revenue of the four quarters, in thousands; the last is what the year leaves."""
    known = QUARTERS[year]
    return (*known, value(books()["revenue"], year) - sum(known))


def quarters(year: int) -> TableSpec:
    """Revenue and gross profit by quarter (unaudited), fully ruled."""
    sold = quarter_revenue(year)
    gross = [round(amount * margin / 100) for amount, margin in zip(sold, QUARTER_MARGINS, strict=False)]
    gross.append(value(books()["gross"], year) - sum(gross))
    rows = [
        head(Cell(f"Quarter ended, {year}", row_span=2), Cell("Net revenue", row_span=2), Cell("Gross profit", col_span=2)),
        head("Amount", "Margin"),
        *(
            data(name, thousands(amount), thousands(profit), percent(profit, amount))
            for name, amount, profit in zip(QUARTER_NAMES, sold, gross, strict=True)
        ),
        total("Full year", thousands(sum(sold)), thousands(sum(gross)), percent(sum(gross), sum(sold))),
    ]
    return TableSpec(
        key="quarters",
        title="Quarterly results (unaudited)",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(140.0, 95.0, 95.0, 80.0),
        look="ruled",
        scale=1000,
        currency="USD",
    )
