"""The tables of the notes to the statements."""

from collections.abc import Mapping
from types import MappingProxyType

from data.generator.northwind.amounts import DASH, dollars, thousands, value
from data.generator.northwind.books import books
from data.generator.northwind.discussion import SEGMENT_NAMES
from data.generator.tables import Cell, TableSpec, data, grand_total, head, section, total

ACQUIRED_GOODWILL = 43_106
FINISHED_SHARE: Mapping[int, float] = MappingProxyType({2021: 0.45, 2022: 0.47, 2023: 0.46})
WORK_SHARE: Mapping[int, float] = MappingProxyType({2021: 0.21, 2022: 0.20, 2023: 0.21})
STATUTORY_RATE = 21.0
TAX_PARTS: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        "State taxes, net of federal benefit": {2021: 2.5, 2022: 2.6, 2023: 2.4},
        "Foreign rate differences": {2021: 1.6, 2022: 1.1, 2023: 1.3},
        "Research credits": {2021: -2.9, 2022: -2.7, 2023: -3.1},
        "Stock-based compensation": {2021: 0.3, 2022: -0.2, 2023: -0.4},
    }
)


def inventories(year: int) -> TableSpec:
    """What the inventories consist of."""
    amounts = {one: value(books()["inventories"], one) for one in (year, year - 1)}
    finished = [round(FINISHED_SHARE[one] * amount) for one, amount in amounts.items()]
    work = [round(WORK_SHARE[one] * amount) for one, amount in amounts.items()]
    raw = [whole - done - begun for whole, done, begun in zip(amounts.values(), finished, work, strict=True)]
    rows = [
        head("", str(year), str(year - 1)),
        data("Raw materials and components", *map(dollars, raw)),
        data("Work in process", *map(thousands, work)),
        data("Finished goods", *map(thousands, finished)),
        grand_total("Inventories", *map(dollars, amounts.values())),
    ]
    return TableSpec(
        key="inventories",
        title="Inventories",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(250.0, 90.0, 90.0),
        scale=1000,
        currency="USD",
    )


def property_plant(year: int) -> TableSpec:
    """Property, plant and equipment by class with useful lives."""
    net = [value(books()["property"], one) for one in (year, year - 1)]
    gross = {"Land": (0.05, DASH), "Buildings and improvements": (0.42, "20\u201340 years")}
    gross |= {"Machinery and equipment": (0.88, "5\u201312 years"), "Computer hardware and software": (0.22, "3\u20137 years")}
    rows = [head("", "Useful life", str(year), str(year - 1))]
    columns = [[round(share * amount) for share, _ in gross.values()] for amount in net]
    for number, (label, (_, life)) in enumerate(gross.items()):
        rows.append(data(label, life, *(thousands(column[number]) for column in columns)))
    sums = [sum(column) for column in columns]
    worn = [amount - whole for amount, whole in zip(net, sums, strict=True)]
    rows += [
        total("", "", *map(thousands, sums)),
        data("Less accumulated depreciation", "", *map(thousands, worn)),
        grand_total("Property, plant and equipment, net", "", *map(dollars, net)),
    ]
    return TableSpec(
        key="property",
        title="Property, plant and equipment",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(210.0, 90.0, 90.0, 90.0),
        scale=1000,
        currency="USD",
        n_text_cols=2,
    )


def goodwill(year: int) -> TableSpec:
    """How the goodwill of each segment moved in the year."""
    start, end = value(books()["goodwill"], year - 1), value(books()["goodwill"], year)
    shares = (0.44, 0.29, 0.19)
    before = [round(share * start) for share in shares]
    before.append(start - sum(before))
    bought = [0, 0, ACQUIRED_GOODWILL, 0]
    exchange = end - start - ACQUIRED_GOODWILL
    moved = [round(exchange * 0.6), 0, 0, 0]
    moved[1] = exchange - moved[0]
    after = [sum(parts) for parts in zip(before, bought, moved, strict=True)]
    columns = [*zip(before, bought, moved, after, strict=True), (start, ACQUIRED_GOODWILL, exchange, end)]
    labels = (f"Balance, December 31, {year - 1}", "Acquisition of Halvorsen", "Exchange rates", f"Balance, December 31, {year}")
    rows = [head("", *(label for label, _ in SEGMENT_NAMES), "Total")]
    for number, label in enumerate(labels):
        cells = [thousands(column[number]) for column in columns]
        rows.append(grand_total(label, *cells) if number == len(labels) - 1 else data(label, *cells))
    return TableSpec(
        key="goodwill",
        title="Goodwill by segment",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(150.0, 72.0, 76.0, 62.0, 58.0, 66.0),
        scale=1000,
        currency="USD",
    )


def intangibles(year: int) -> TableSpec:
    """Gross, accumulated amortization and net in two years: spanning headings."""
    names = ("Customer relationships", "Developed technology", "Trade names")
    shares = (0.52, 0.37)
    rows = [
        head(
            "",
            Cell(f"December 31, {year}", col_span=3),
            Cell(f"December 31, {year - 1}", col_span=3),
        ),
        head("", "Gross", "Accumulated amortization", "Net", "Gross", "Accumulated amortization", "Net"),
    ]
    blocks = []
    for one, worn_share in ((year, 0.41), (year - 1, 0.46)):
        net = value(books()["intangibles"], one)
        parts = [round(share * net) for share in shares]
        parts.append(net - sum(parts))
        gross = [round(part / (1 - worn_share)) for part in parts]
        blocks.append([(whole, part - whole, part) for whole, part in zip(gross, parts, strict=True)])
    for number, name in enumerate(names):
        cells = [thousands(amount) for block in blocks for amount in block[number]]
        rows.append(data(name, *cells))
    sums = [thousands(sum(line[part] for line in block)) for block in blocks for part in range(3)]
    rows.append(grand_total("Total", *sums))
    return TableSpec(
        key="intangibles",
        title="Intangible assets",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(126.0, 56.0, 70.0, 56.0, 56.0, 70.0, 56.0),
        scale=1000,
        currency="USD",
        font_size=8.0,
    )


def debt(year: int) -> TableSpec:
    """The company's loans; two text columns."""
    whole = [value(books()["current_debt"], one) + value(books()["long_debt"], one) for one in (year, year - 1)]
    current = [value(books()["current_debt"], one) for one in (year, year - 1)]
    notes, bonds = (110_000, 110_000), (120_000, 120_000)
    loan = [all_of - note - bond for all_of, note, bond in zip(whole, notes, bonds, strict=True)]
    rows = [
        head("", "Interest rate", "Maturity", str(year), str(year - 1)),
        data("Senior notes, Series A", "3.85%", "June 2027", *map(thousands, notes)),
        data("Senior notes, Series B", "4.40%", "March 2031", *map(thousands, bonds)),
        data("Term loan", "SOFR + 1.25%", "October 2026", *map(thousands, loan)),
        data("Revolving credit facility", "SOFR + 1.10%", "October 2028", DASH, DASH),
        total("Total debt", "", "", *map(thousands, whole)),
        data("Less current portion", "", "", *(thousands(-amount) for amount in current)),
        grand_total("Long-term debt", "", "", *(thousands(a - b) for a, b in zip(whole, current, strict=True))),
    ]
    return TableSpec(
        key="debt",
        title="Long-term debt",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(160.0, 90.0, 80.0, 75.0, 75.0),
        scale=1000,
        currency="USD",
        n_text_cols=3,
    )


def leases(year: int) -> TableSpec:
    """What is due on leases in each coming year: no rules except under the headings."""
    owed = value(books()["lease_liabilities"], year)
    due = [round(share * owed) for share in (0.27, 0.23, 0.19, 0.15, 0.11, 0.18)]
    labels = [*(str(year + ahead) for ahead in range(1, 6)), "Thereafter"]
    rows = [
        head("Year ending December 31,", "Operating leases"),
        *(data(label, thousands(amount)) for label, amount in zip(labels, due, strict=True)),
        total("Total lease payments", thousands(sum(due))),
        data("Less imputed interest", thousands(owed - sum(due))),
        total("Present value of lease liabilities", thousands(owed)),
    ]
    return TableSpec(
        key="leases",
        title="Maturities of operating lease liabilities",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(220.0, 110.0),
        look="open",
        scale=1000,
        currency="USD",
    )


def tax_rates(year: int) -> TableSpec:
    """From the statutory to the effective tax rate, in percent, with negative values in parentheses."""
    book, years = books(), (year, year - 1)
    ends = [round(100 * value(book["tax"], one) / value(book["pretax"], one), 1) for one in years]
    known = [STATUTORY_RATE + sum(part[one] for part in TAX_PARTS.values()) for one in years]
    others = [round(end - sum_known, 1) for end, sum_known in zip(ends, known, strict=True)]
    rows = [
        head("", *map(str, years)),
        data("Federal statutory rate", *[_rate(STATUTORY_RATE)] * 2),
        *(data(label, *(_rate(part[one]) for one in years)) for label, part in TAX_PARTS.items()),
        data("Other, net", *map(_rate, others)),
        grand_total("Effective tax rate", *map(_rate, ends)),
    ]
    return TableSpec(
        key="tax-rates",
        title="Reconciliation of the effective tax rate",
        rows=tuple(rows),
        widths=(260.0, 80.0, 80.0),
    )


def _rate(value_in_percent: float) -> str:
    return f"({-value_in_percent:.1f})%" if value_in_percent < 0 else f"{value_in_percent:.1f}%"


def stock_units(year: int) -> TableSpec:
    """The year's movement of restricted stock units; shares in thousands, values in dollars."""
    rows = [
        head("", "Units", "Weighted-average grant-date fair value"),
        section("Restricted stock units", 3),
        data(f"Unvested, December 31, {year - 1}", "846", "$48.12"),
        data("Granted", "312", "$61.75"),
        data("Vested", "(298)", "$45.30"),
        data("Forfeited", "(41)", "$52.08"),
        grand_total(f"Unvested, December 31, {year}", "819", "$54.14"),
    ]
    return TableSpec(
        key="stock-units",
        title="Restricted stock units",
        subtitle="(units in thousands)",
        rows=tuple(rows),
        widths=(230.0, 80.0, 150.0),
        scale=1000,
        currency="USD",
    )


def purchase_price() -> TableSpec:
    """What was paid for Halvorsen and what was acquired for it."""
    price = -value(books()["flow_acquired"], 2023)
    parts = {"Accounts receivable": 9_214, "Inventories": 12_870, "Property and equipment": 6_425, "Intangible assets": 31_900}
    owed = price - ACQUIRED_GOODWILL - sum(parts.values())
    rows = [
        head("", "Fair value"),
        *(data(label, thousands(amount)) for label, amount in parts.items()),
        data("Goodwill", thousands(ACQUIRED_GOODWILL)),
        data("Liabilities assumed", thousands(owed)),
        grand_total("Purchase price, net of cash acquired", dollars(price)),
    ]
    return TableSpec(
        key="purchase-price",
        title="Purchase price of Halvorsen Oceanics AS",
        subtitle="(in thousands)",
        rows=tuple(rows),
        widths=(260.0, 90.0),
        scale=1000,
        currency="USD",
    )
