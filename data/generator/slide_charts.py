"""The charts of the slide deck."""

from data.generator.charts import ChartSpec, series

QUARTERS = ("Q1", "Q2", "Q3", "Q4")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
REGIONS = ("North America", "Europe", "Asia Pacific", "Rest of world")
WIDE = (11.8, 5.3)


def slide_charts() -> tuple[ChartSpec, ...]:
    """Every chart of the deck."""
    return (_orders(), _shipments(), _returns(), _channels(), _industries(), _prices(), _calls(), _satisfaction(), _response())


def _orders() -> ChartSpec:
    names = ("Aqua", "Kestrel", "Series 9", "Sounder", "Profiler")
    return ChartSpec(
        key="orders",
        chart_type="bar",
        title="Orders received in 2023 (USD million)",
        series=(series("Orders", names, (128.6, 91.4, 77.9, 52.3, 31.6)),),
        size=(8.8, 5.3),
        printed=True,
        look="bold",
        font_size=13,
    )


def _shipments() -> ChartSpec:
    return ChartSpec(
        key="shipments",
        chart_type="bar",
        title="Units shipped per quarter, 2023",
        series=(
            series("Kestrel 100", QUARTERS, (14_200, 13_650, 12_100, 11_480)),
            series("Kestrel 200", QUARTERS, (8_300, 10_940, 13_720, 16_850)),
        ),
        size=WIDE,
        y_label="Units",
        look="boxed",
        font_size=13,
    )


def _returns() -> ChartSpec:
    return ChartSpec(
        key="returns",
        chart_type="line",
        title="Warranty returns as a share of shipments, 2023",
        series=(
            series("Radio module", MONTHS, (4.1, 4.3, 4.4, 4.0, 3.7, 3.5, 3.1, 2.8, 2.6, 2.3, 2.2, 1.9)),
            series("Pressure die", MONTHS, (1.2, 1.1, 1.3, 1.5, 1.8, 1.7, 1.9, 1.6, 1.5, 1.4, 1.2, 1.1)),
            series("Enclosure", MONTHS, (0.6, 0.7, 0.5, 0.6, 0.8, 0.9, 0.7, 0.6, 0.5, 0.4, 0.5, 0.4)),
        ),
        size=WIDE,
        y_label="Returns (%)",
        look="minimal",
        font_size=13,
    )


def _channels() -> ChartSpec:
    return ChartSpec(
        key="channels",
        chart_type="stacked_bar",
        title="Kestrel orders by sales channel, 2023 (USD million)",
        series=(
            series("Direct", REGIONS, (24.8, 7.2, 6.1, 1.9)),
            series("Distributors", REGIONS, (12.3, 19.5, 5.8, 3.6)),
            series("Online", REGIONS, (5.1, 3.0, 1.6, 0.5)),
        ),
        size=WIDE,
        y_label="USD million",
        look="plain",
        font_size=13,
    )


def _industries() -> ChartSpec:
    names = ("Water utilities", "Chemicals", "Ports and shipping", "Food", "Research")
    return ChartSpec(
        key="industries",
        chart_type="pie",
        title="Installed base by industry",
        series=(series("Installed base", names, (38.0, 23.5, 17.0, 12.5, 9.0)),),
        size=(7.2, 5.3),
        printed=True,
        look="bold",
        font_size=13,
    )


def _prices() -> ChartSpec:
    ours = (("1.2", 940.0), ("1.9", 780.0), ("2.4", 705.0), ("3.1", 560.0), ("4.0", 495.0), ("5.2", 380.0))
    theirs = (("1.5", 1_020.0), ("2.1", 850.0), ("2.8", 815.0), ("3.6", 640.0), ("4.5", 600.0), ("5.6", 450.0), ("6.3", 430.0))
    return ChartSpec(
        key="prices",
        chart_type="scatter",
        title="List price and response time of level sensors",
        series=(
            series("Northwind", tuple(x for x, _ in ours), tuple(y for _, y in ours)),
            series("Competitors", tuple(x for x, _ in theirs), tuple(y for _, y in theirs)),
        ),
        size=WIDE,
        x_label="Response time (s)",
        y_label="List price (USD)",
        look="journal",
        font_size=13,
    )


def _calls() -> ChartSpec:
    reasons = ("Configuration", "Radio coverage", "Battery life", "Calibration", "Billing", "Mounting")
    return ChartSpec(
        key="calls",
        chart_type="bar",
        title="Support calls by reason, 2023",
        series=(series("Calls", reasons, (3_420, 2_610, 1_875, 1_240, 690, 455)),),
        size=WIDE,
        y_label="Number of calls",
        is_horizontal=True,
        look="plain",
        font_size=13,
    )


def _satisfaction() -> ChartSpec:
    years = ("2018", "2019", "2020", "2021", "2022", "2023")
    return ChartSpec(
        key="satisfaction",
        chart_type="line",
        title="Satisfaction score (0\u2013100)",
        series=(series("Score", years, (71.0, 74.0, 73.0, 69.0, 76.0, 82.0)),),
        size=(6.0, 4.9),
        printed=True,
        value_format="{:.0f}",
        look="bold",
        y_from=60.0,
        font_size=12,
    )


def _response() -> ChartSpec:
    return ChartSpec(
        key="response",
        chart_type="bar",
        title="Hours until first reply",
        series=(
            series("2022", REGIONS, (9.4, 12.8, 15.1, 21.6)),
            series("2023", REGIONS, (6.2, 7.9, 11.3, 17.0)),
        ),
        size=(6.0, 4.9),
        is_horizontal=True,
        printed=True,
        look="minimal",
        font_size=12,
    )
