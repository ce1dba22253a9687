"""The two annual reports, put together."""

from data.generator.flowables import SANS, SERIF
from data.generator.northwind.amounts import facts
from data.generator.northwind.discussion import highlights, quarters, regions, segments
from data.generator.northwind.figures import income_line, quarter_bars, revenue_bars, segment_bars
from data.generator.northwind.notes import (
    debt,
    goodwill,
    intangibles,
    inventories,
    leases,
    property_plant,
    purchase_price,
    stock_units,
    tax_rates,
)
from data.generator.northwind.registers import directors, sites, subsidiaries
from data.generator.northwind.statements import balance_sheet, cash_flows, equity_statement, income_statement
from data.generator.script import Design, Script, read_text

DESIGN = Design(text=SERIF, headings=SANS, size=10.2, heading_size=17.0)


def report_script(year: int) -> Script:
    """The report of 2023, or the shorter one of 2022."""
    n_years = 3 if year == 2023 else 2
    shared = (
        highlights(year),
        segments(year, n_years),
        regions(year),
        quarters(year),
        income_statement(year, n_years),
        balance_sheet(year),
        cash_flows(year, n_years),
        inventories(year),
        leases(year),
        tax_rates(year),
        debt(year),
    )
    full = (
        equity_statement(year),
        property_plant(year),
        goodwill(year),
        intangibles(year),
        stock_units(year),
        purchase_price(),
        sites(),
        subsidiaries(),
        directors(),
    )
    charts = (revenue_bars(year), income_line(year), quarter_bars(year), segment_bars(year))
    return Script(
        text=read_text(f"annual-{year}.txt"),
        facts=facts(),
        tables={spec.key: spec for spec in (*shared, *full)},
        charts={spec.key: spec for spec in charts},
        design=DESIGN,
    )
