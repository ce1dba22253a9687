"""The charts of the annual reports."""

from data.generator.charts import ChartSpec, series
from data.generator.northwind.amounts import value
from data.generator.northwind.books import YEARS, books
from data.generator.northwind.discussion import SEGMENT_NAMES, quarter_revenue


def revenue_bars(year: int) -> ChartSpec:
    """Net revenue of each year up to `year`, values printed."""
    years = [one for one in YEARS if one <= year]
    amounts = tuple(round(value(books()["revenue"], one) / 1000, 1) for one in years)
    return ChartSpec(
        key="revenue-bars",
        chart_type="bar",
        title="Net revenue ($ millions)",
        series=(series("Net revenue", tuple(map(str, years)), amounts),),
        size=(3.3, 2.4),
        printed=True,
    )


def income_line(year: int) -> ChartSpec:
    """Operating and net income over the years, nothing printed."""
    years = tuple(str(one) for one in YEARS if one <= year)
    lines = [
        series(name, years, tuple(round(value(books()[key], int(one)) / 1000, 1) for one in years))
        for name, key in (("Operating income", "operating"), ("Net income", "net_income"))
    ]
    return ChartSpec(
        key="income-line",
        chart_type="line",
        title="Operating and net income",
        series=tuple(lines),
        size=(3.3, 2.4),
        y_label="$ millions",
        look="boxed",
    )


def quarter_bars(year: int) -> ChartSpec:
    """Revenue by quarter in two years, grouped, nothing printed."""
    names = ("Q1", "Q2", "Q3", "Q4")
    groups = [series(str(one), names, tuple(round(amount / 1000, 1) for amount in quarter_revenue(one))) for one in (year - 1, year)]
    return ChartSpec(
        key="quarter-bars",
        chart_type="bar",
        title="Net revenue by quarter",
        series=tuple(groups),
        size=(6.4, 2.7),
        y_label="$ millions",
        look="minimal",
    )


def segment_bars(year: int) -> ChartSpec:
    """Revenue of the segments as horizontal bars, values printed."""
    names = tuple(label for label, _ in SEGMENT_NAMES)
    amounts = tuple(round(value(books()[key], year) / 1000, 1) for _, key in SEGMENT_NAMES)
    return ChartSpec(
        key="segment-bars",
        chart_type="bar",
        title=f"Net revenue by segment, {year} ($ millions)",
        series=(series("Net revenue", names, amounts),),
        size=(6.2, 2.3),
        is_horizontal=True,
        printed=True,
        look="plain",
    )
