"""How the company prints amounts, and the facts its prose may name."""

from collections.abc import Mapping, Sequence

from data.generator.northwind.books import YEARS, Line, books
from data.generator.tables import Cell, Row, data, grand_total, section, total

DASH = "\u2014"


def thousands(value: int) -> str:
    """1234 as "1,234", -1234 as "(1,234)", 0 as a dash."""
    return DASH if value == 0 else f"({-value:,})" if value < 0 else f"{value:,}"


def dollars(value: int) -> str:
    """As `thousands`, with a dollar sign."""
    return "$" + thousands(value)


def millions(value: int) -> str:
    """Thousands of dollars as millions with one decimal: 1234567 as "1,234.6"."""
    text = f"{abs(value) / 1000:,.1f}"
    return f"({text})" if value < 0 else text


def percent(part: float, whole: float) -> str:
    """The share as "12.3%", with negative shares in parentheses."""
    share = 100 * part / whole
    return f"({-share:.1f})%" if share < 0 else f"{share:.1f}%"


def growth(line: Line, year: int) -> str:
    """The change from the year before as a percentage."""
    now, before = value(line, year), value(line, year - 1)
    return percent(now - before, before)


def value(line: Line, year: int) -> int:
    """The line's value in a year."""
    return line[YEARS.index(year)]


def per_share(profit: int, shares: int) -> str:
    """Both in thousands: 136476 and 61730 as "2.21"."""
    return f"{profit / shares:.2f}"


def years_back(year: int, n_years: int) -> tuple[int, ...]:
    """The year and those before it, latest first."""
    return tuple(range(year, year - n_years, -1))


def item(label: str, name: str, years: Sequence[int], *, is_first: bool = False, is_negative: bool = False) -> Row:
    """A row of one line item; the first of a block has dollar signs."""
    return data(*_cells(label, name, years, with_dollars=is_first, is_negative=is_negative))


def sum_item(label: str, name: str, years: Sequence[int]) -> Row:
    """A sum without dollar signs."""
    return total(*_cells(label, name, years, with_dollars=False, is_negative=False))


def last_item(label: str, name: str, years: Sequence[int]) -> Row:
    """The last sum of a statement, with dollar signs and a double rule."""
    return grand_total(*_cells(label, name, years, with_dollars=True, is_negative=False))


def heading(label: str, years: Sequence[int]) -> Row:
    """A section heading in a table with one column a year."""
    return section(label, len(years) + 1)


def _cells(label: str, name: str, years: Sequence[int], *, with_dollars: bool, is_negative: bool) -> list[str | Cell]:
    sign = -1 if is_negative else 1
    show = dollars if with_dollars else thousands
    return [label, *(show(sign * value(books()[name], year)) for year in years)]


def facts() -> Mapping[str, str]:
    """Placeholders for prose: `revenue_2023` (thousands), `revenue_2023_m` (millions), `revenue_2023_growth`, ..."""
    found: dict[str, str] = {}
    for name, line in books().items():
        for year in YEARS:
            amount = value(line, year)
            found[f"{name}_{year}"] = thousands(amount)
            found[f"{name}_{year}_m"] = millions(amount)
            found[f"{name}_{year}_margin"] = percent(amount, value(books()["revenue"], year))
            if year > YEARS[0] and value(line, year - 1):
                found[f"{name}_{year}_growth"] = growth(line, year)
    return found | _share_facts()


def _share_facts() -> dict[str, str]:
    found: dict[str, str] = {}
    for year in YEARS:
        profit = value(books()["net_income"], year)
        found[f"eps_{year}"] = per_share(profit, value(books()["shares_basic"], year))
        found[f"diluted_{year}"] = per_share(profit, value(books()["shares_diluted"], year))
        found[f"dividend_{year}"] = f"{value(books()['dividend_cents'], year) / 100:.2f}"
        found[f"tax_rate_{year}"] = percent(value(books()["tax"], year), value(books()["pretax"], year))
    return found
