"""The primary statements of a year's report: income, balance sheet, cash flows, equity."""

from collections.abc import Mapping
from types import MappingProxyType

from data.generator.northwind.amounts import (
    DASH,
    dollars,
    heading,
    item,
    last_item,
    per_share,
    sum_item,
    thousands,
    value,
    years_back,
)
from data.generator.northwind.books import Line, books
from data.generator.tables import Cell, Row, TableSpec, data, grand_total, head

LABEL_WIDTH = 250.0
RESTRUCTURING_NOTE: Mapping[int, int] = MappingProxyType({2022: 2, 2023: 4})


def income_statement(year: int, n_years: int) -> TableSpec:
    """Revenue to net income, with two heading rows and earnings per share at the end."""
    years = years_back(year, n_years)
    rows = [
        head("", Cell("Year ended December 31,", col_span=n_years)),
        head("", *(str(one) for one in years)),
        heading("Net revenue", years),
        item("Products", "products", years, is_first=True),
        item("Services", "services", years),
        sum_item("Total net revenue", "revenue", years),
        heading("Cost of revenue", years),
        item("Cost of products", "cost_products", years),
        item("Cost of services", "cost_services", years),
        sum_item("Total cost of revenue", "cost", years),
        sum_item("Gross profit", "gross", years),
        heading("Operating expenses", years),
        item("Research and development", "research", years),
        item("Selling, general and administrative", "selling", years),
        item("Amortization of intangible assets", "amortization", years),
        item("Restructuring charges (1)", "restructuring", years),
        sum_item("Total operating expenses", "expenses", years),
        sum_item("Operating income", "operating", years),
        item("Interest expense", "interest_expense", years, is_negative=True),
        item("Interest income", "interest_income", years),
        item("Other income (expense), net", "other_net", years),
        sum_item("Income before income taxes", "pretax", years),
        item("Provision for income taxes", "tax", years),
        last_item("Net income", "net_income", years),
        *_per_share_rows(years),
    ]
    return TableSpec(
        key="income",
        title="Consolidated Statements of Income",
        subtitle="(in thousands, except per share data)",
        rows=tuple(rows),
        widths=(LABEL_WIDTH, *[240.0 / n_years] * n_years),
        scale=1000,
        currency="USD",
        footnotes=(f"(1) Severance and lease costs of closing the Bremen plant; see Note {RESTRUCTURING_NOTE[year]}.",),
    )


def _per_share_rows(years: tuple[int, ...]) -> list[Row]:
    book = books()
    profits = [value(book["net_income"], year) for year in years]
    basic = [value(book["shares_basic"], year) for year in years]
    diluted = [value(book["shares_diluted"], year) for year in years]
    return [
        heading("Earnings per share", years),
        data("Basic", *("$" + per_share(p, s) for p, s in zip(profits, basic, strict=True))),
        data("Diluted", *("$" + per_share(p, s) for p, s in zip(profits, diluted, strict=True))),
        heading("Weighted-average shares outstanding", years),
        data("Basic", *(thousands(shares) for shares in basic)),
        data("Diluted", *(thousands(shares) for shares in diluted)),
    ]


def balance_sheet(year: int) -> TableSpec:
    """Assets, liabilities and equity at the ends of two years, with the dollar signs at the left of the column."""
    years = years_back(year, 2)
    rows = [head("", f"December 31, {years[0]}", f"December 31, {years[1]}"), *_assets(years), *_claims(years)]
    return TableSpec(
        key="balance",
        title="Consolidated Balance Sheets",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(290.0, 100.0, 100.0),
        scale=1000,
        currency="USD",
        money_left=True,
    )


def _assets(years: tuple[int, ...]) -> list[Row]:
    return [
        heading("Current assets", years),
        item("Cash and cash equivalents", "cash", years, is_first=True),
        item("Short-term investments", "short_investments", years),
        item("Accounts receivable, net", "receivables", years),
        item("Inventories", "inventories", years),
        item("Prepaid expenses and other current assets", "prepaid", years),
        sum_item("Total current assets", "current_assets", years),
        item("Property, plant and equipment, net", "property", years),
        item("Operating lease right-of-use assets", "lease_assets", years),
        item("Goodwill", "goodwill", years),
        item("Intangible assets, net", "intangibles", years),
        item("Other long-term assets", "other_assets", years),
        last_item("Total assets", "assets", years),
    ]


def _claims(years: tuple[int, ...]) -> list[Row]:
    return [
        heading("Current liabilities", years),
        item("Current portion of long-term debt", "current_debt", years, is_first=True),
        item("Accounts payable", "payables", years),
        item("Accrued compensation and benefits", "accrued_pay", years),
        item("Deferred revenue", "deferred_revenue", years),
        item("Other accrued liabilities", "accrued_other", years),
        sum_item("Total current liabilities", "current_liabilities", years),
        item("Long-term debt, less current portion", "long_debt", years),
        item("Operating lease liabilities", "lease_liabilities", years),
        item("Deferred income taxes", "deferred_tax", years),
        item("Other long-term liabilities", "other_liabilities", years),
        sum_item("Total liabilities", "liabilities", years),
        heading("Shareholders\u2019 equity", years),
        item("Common stock, $0.01 par value", "common_stock", years),
        item("Additional paid-in capital", "paid_in", years),
        item("Retained earnings", "retained", years),
        item("Treasury stock, at cost", "treasury", years),
        item("Accumulated other comprehensive loss", "comprehensive", years),
        sum_item("Total shareholders\u2019 equity", "equity", years),
        last_item("Total liabilities and shareholders\u2019 equity", "claims", years),
    ]


def cash_flows(year: int, n_years: int) -> TableSpec:
    """The statement of cash flows."""
    years = years_back(year, n_years)
    rows = [
        head("", Cell("Year ended December 31,", col_span=n_years)),
        head("", *(str(one) for one in years)),
        *_operating_flows(years),
        *_other_flows(years),
    ]
    return TableSpec(
        key="cash-flows",
        title="Consolidated Statements of Cash Flows",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(LABEL_WIDTH, *[240.0 / n_years] * n_years),
        scale=1000,
        currency="USD",
    )


def _operating_flows(years: tuple[int, ...]) -> list[Row]:
    return [
        heading("Operating activities", years),
        item("Net income", "net_income", years, is_first=True),
        item("Depreciation", "depreciation", years),
        item("Amortization of intangible assets", "amortization", years),
        item("Stock-based compensation", "flow_stock_pay", years),
        item("Deferred income taxes", "flow_deferred_tax", years),
        heading("Changes in operating assets and liabilities", years),
        item("Accounts receivable", "flow_receivables", years),
        item("Inventories", "flow_inventories", years),
        item("Prepaid expenses and other current assets", "flow_prepaid", years),
        item("Accounts payable", "flow_payables", years),
        item("Accrued compensation and benefits", "flow_accrued_pay", years),
        item("Deferred revenue", "flow_deferred_revenue", years),
        item("Other, net", "flow_other", years),
        sum_item("Net cash provided by operating activities", "flow_operating", years),
    ]


def _other_flows(years: tuple[int, ...]) -> list[Row]:
    start = [f"${thousands(value(books()['cash'], year - 1))}" for year in years]
    end = [f"${thousands(value(books()['cash'], year))}" for year in years]
    return [
        heading("Investing activities", years),
        item("Purchases of property, plant and equipment", "flow_capital", years),
        item("Acquisitions, net of cash acquired", "flow_acquired", years),
        item("Short-term investments, net", "flow_investments", years),
        sum_item("Net cash used in investing activities", "flow_investing", years),
        heading("Financing activities", years),
        item("Proceeds from long-term debt", "flow_borrowed", years),
        item("Repayments of long-term debt", "flow_repaid", years),
        item("Dividends paid", "flow_dividends", years),
        item("Purchases of treasury stock", "flow_treasury", years),
        sum_item("Net cash used in financing activities", "flow_financing", years),
        item("Effect of exchange rates on cash", "flow_exchange", years),
        sum_item("Net increase in cash and cash equivalents", "flow_cash", years),
        data("Cash and cash equivalents, beginning of year", *start),
        grand_total("Cash and cash equivalents, end of year", *end),
    ]


def equity_statement(year: int) -> TableSpec:
    """The year's changes in each part of shareholders' equity."""
    book = books()
    parts = ("common_stock", "paid_in", "retained", "treasury", "comprehensive", "equity")
    before = [dollars(value(book[name], year - 1)) for name in parts]
    after = [dollars(value(book[name], year)) for name in parts]
    moves = (
        ("Net income", "retained", book["net_income"]),
        ("Other comprehensive income (loss)", "comprehensive", book["flow_exchange"]),
        ("Dividends declared", "retained", book["flow_dividends"]),
        ("Stock-based compensation", "paid_in", book["flow_stock_pay"]),
        ("Purchases of treasury stock", "treasury", book["flow_treasury"]),
    )
    rows = [
        head("", "Common stock", "Additional paid-in capital", "Retained earnings", "Treasury stock", "AOCI (1)", "Total"),
        grand_total(f"Balance, December 31, {year - 1}", *before),
        *(data(label, *_move(parts, part, line, year)) for label, part, line in moves),
        grand_total(f"Balance, December 31, {year}", *after),
    ]
    return TableSpec(
        key="equity",
        title="Consolidated Statement of Shareholders\u2019 Equity",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(150.0, 48.0, 62.0, 58.0, 62.0, 56.0, 58.0),
        scale=1000,
        currency="USD",
        footnotes=("(1) Accumulated other comprehensive loss.",),
        font_size=7.8,
    )


def _move(parts: tuple[str, ...], part: str, line: Line, year: int) -> list[str]:
    amount = thousands(value(line, year))
    return [amount if name in {part, "equity"} else DASH for name in parts]
