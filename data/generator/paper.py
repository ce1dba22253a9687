"""A two-column research paper with tables in one column and across both, a line chart and a scatter chart."""

import numpy as np
from reportlab.pdfgen.canvas import Canvas

from data.generator.charts import ChartSpec, series
from data.generator.flowables import HAIR, INK, SERIF
from data.generator.pdf import LETTER, Layout, Leaf, Product, make_document
from data.generator.script import Design, Script, read_text
from data.generator.tables import Cell, TableSpec, data, head, section, total

MARGIN = 54.0
GUTTER = 20.0
COLUMN = (LETTER[0] - 2 * MARGIN - GUTTER) / 2
MONTHS_OF_RECORD = 10
SEED = 1974


def make_paper() -> Product:
    """The paper as a PDF with its truth."""
    tables = (_instruments(), _stations(), _budget(), _surveys())
    charts = (_drift(), _waves(), _ice())
    script = Script(
        text=read_text("paper.txt"),
        facts={},
        tables={spec.key: spec for spec in tables},
        charts={spec.key: spec for spec in charts},
        design=Design(text=SERIF, headings=SERIF, size=10.4, heading_size=11.5, is_justified=True),
    )
    return make_document("tide-gauge-paper.pdf", script, _layout())


def _layout() -> Layout:
    width, height = LETTER
    low, top = 56.0, height - 64.0
    right = MARGIN + COLUMN + GUTTER
    title, wide = 232.0, 208.0
    full = width - 2 * MARGIN

    def columns(below: float) -> tuple[tuple[float, float, float, float], ...]:
        return (MARGIN, low, COLUMN, top - low - below), (right, low, COLUMN, top - low - below)

    return Layout(
        "Long-term drift of radar tide gauges in a northern harbor",
        LETTER,
        (
            Leaf("first", ((MARGIN, top - title, full, title), *columns(title + 8)), _frame_first),
            Leaf("two", columns(0), _frame),
            Leaf("wide", ((MARGIN, top - wide, full, wide), *columns(wide + 8)), _frame),
        ),
    )


def _frame(canvas: Canvas, _: object) -> None:
    width, height = LETTER
    canvas.setFillColor(INK)
    canvas.setFont("Times-Italic", 8.5)
    number = canvas.getPageNumber()
    canvas.drawString(
        MARGIN, height - 44, "R. Aasen et al.: Drift of radar tide gauges" if number % 2 else "Coastal Measurement 12 (2023) 88\u201393"
    )
    canvas.setFont("Times-Roman", 8.5)
    canvas.drawRightString(width - MARGIN, height - 44, str(87 + number))
    canvas.setStrokeColor(HAIR)
    canvas.line(MARGIN, height - 49, width - MARGIN, height - 49)


def _frame_first(canvas: Canvas, _: object) -> None:
    width, height = LETTER
    canvas.setFillColor(INK)
    canvas.setFont("Times-Italic", 8.5)
    canvas.drawString(MARGIN, height - 44, "Coastal Measurement 12 (2023) 88\u201393")
    canvas.drawRightString(width - MARGIN, height - 44, "Received 14 March 2023, accepted 2 August 2023")


def _instruments() -> TableSpec:
    rows = [
        head("Sensor", "Principle", "Range (m)", "Rate (Hz)"),
        data("A1", "Radar, 26 GHz", "0.5\u201315", "5"),
        data("A2", "Radar, 26 GHz", "0.5\u201315", "5"),
        data("B1", "Radar, 80 GHz", "0.2\u201330", "10"),
        data("P1", "Pressure", "0\u201320", "2"),
        data("S1", "Stilling well", "0\u201310", "1"),
    ]
    return TableSpec(
        key="instruments",
        title="Table 1. Sensors compared in this study",
        rows=tuple(rows),
        widths=(44.0, 86.0, 56.0, 50.0),
        n_text_cols=2,
        font_size=8.5,
    )


def _stations() -> TableSpec:
    rows = [
        head("", "", "", Cell("26 GHz radar (mm)", col_span=3), Cell("80 GHz radar (mm)", col_span=3), ""),
        head("Station", "Latitude", "Days", *("Bias", "RMS", "Drift per year") * 2, "Tidal range (m)"),
        section("Sheltered", 10),
        data("Breivik", "60.39\u00b0 N", "1,826", "\u22122.1", "6.4", "\u22120.82", "0.4", "3.1", "0.11", "1.42"),
        data("Kvalnes", "62.47\u00b0 N", "1,791", "\u22121.7", "5.9", "\u22120.64", "0.2", "2.8", "0.08", "1.96"),
        data("Sandhavn", "63.43\u00b0 N", "1,655", "3.0", "7.2", "\u22120.91", "0.9", "3.6", "0.15", "2.71"),
        section("Exposed", 10),
        data("Ytre Holm", "64.85\u00b0 N", "1,702", "\u22125.8", "14.3", "\u22121.37", "\u22121.1", "7.5", "\u22120.22", "2.38"),
        data("Skarvoy", "67.28\u00b0 N", "1,488", "\u22126.4", "16.8", "\u22121.52", "\u22121.6", "8.9", "\u22120.31", "2.95"),
        data("Nordneset", "69.65\u00b0 N", "1,610", "\u22124.9", "12.7", "\u22121.18", "\u22120.8", "6.6", "\u22120.19", "2.52"),
    ]
    return TableSpec(
        key="stations",
        title="Table 2. Differences from the leveled staff at six stations, March 2017 to February 2022",
        rows=tuple(rows),
        widths=(72.0, 58.0, 40.0, 42.0, 42.0, 56.0, 42.0, 42.0, 56.0, 52.0),
        n_text_cols=2,
        font_size=8.5,
        footnotes=("RMS values are of hourly means after removal of the bias. Positive drift: the gauge reads too high.",),
    )


def _budget() -> TableSpec:
    rows = [
        head("Source of error", "26 GHz", "80 GHz"),
        data("Sensor height (leveling)", "1.5", "1.5"),
        data("Temperature of the mounting", "2.2", "2.1"),
        data("Antenna fouling", "3.9", "0.7"),
        data("Waves", "4.8", "2.3"),
        data("Air humidity", "0.6", "0.6"),
        total("Combined (root sum of squares)", "6.8", "3.6"),
    ]
    return TableSpec(
        key="budget",
        title="Table 3. Error budget of an hourly mean (mm)",
        rows=tuple(rows),
        widths=(146.0, 45.0, 45.0),
        look="ruled",
        font_size=8.5,
    )


def _surveys() -> TableSpec:
    random = np.random.default_rng(SEED)
    months = [f"{month} {year}" for year in range(2017, 2022) for month in ("Mar.", "July", "Nov.")]
    slopes = ((-0.82, 0.11), (-0.64, 0.08), (-1.52, -0.31))
    rows = [
        head("", *(Cell(name, col_span=2) for name in ("Breivik", "Kvalnes", "Skarvoy"))),
        head("Survey", *("26", "80") * 3),
    ]
    for number, month in enumerate(months):
        values = [slope * number / 3 + random.normal(0, 0.5) for pair in slopes for slope in pair]
        rows.append(data(month, *(f"{round(value, 1) + 0.0:.1f}".replace("-", "\u2212") for value in values)))
    return TableSpec(
        key="surveys",
        title="Table A1. Difference from the staff in each survey (mm) of the radars at 26 and 80 GHz",
        rows=tuple(rows),
        widths=(62.0, 30.0, 30.0, 30.0, 30.0, 30.0, 30.0),
        look="open",
        font_size=8.5,
    )


def _ice() -> ChartSpec:
    winters = ("2017/18", "2018/19", "2019/20", "2020/21", "2021/22")
    return ChartSpec(
        key="ice",
        chart_type="bar",
        title="Figure 3. Days with ice on the horns in each winter",
        series=(series("Nordneset", winters, (4, 2, 1, 3, 1)), series("Skarvoy", winters, (2, 1, 0, 2, 1))),
        size=(3.3, 2.2),
        y_label="Days",
        look="journal",
        draws_title=False,
    )


def _drift() -> ChartSpec:
    years = ("2017", "2018", "2019", "2020", "2021", "2022")
    return ChartSpec(
        key="drift",
        chart_type="line",
        title="Figure 1. Annual mean difference from the leveled staff at Breivik",
        series=(
            series("26 GHz radar", years, (0.3, -0.6, -1.5, -2.1, -3.0, -3.9)),
            series("80 GHz radar", years, (0.1, 0.3, 0.2, 0.5, 0.6, 0.6)),
            series("Pressure", years, (-0.4, 1.2, 2.6, 3.1, 4.4, 5.2)),
        ),
        size=(3.3, 2.6),
        x_label="Year",
        y_label="Difference (mm)",
        look="journal",
        y_from=-6.0,
        draws_title=False,
    )


def _waves() -> ChartSpec:
    random = np.random.default_rng(SEED)
    heights = [round(0.3 + 0.38 * step, 1) for step in range(MONTHS_OF_RECORD)]
    low = [round(float(2.0 + 3.6 * x + random.normal(0, 0.8)), 1) for x in heights]
    high = [round(float(1.2 + 1.5 * x + random.normal(0, 0.5)), 1) for x in heights]
    texts = tuple(f"{x}" for x in heights)
    return ChartSpec(
        key="waves",
        chart_type="scatter",
        title="Figure 2. RMS difference and significant wave height at Skarvoy, monthly values",
        series=(series("26 GHz radar", texts, tuple(low)), series("80 GHz radar", texts, tuple(high))),
        size=(3.3, 2.6),
        x_label="Significant wave height (m)",
        y_label="RMS difference (mm)",
        look="journal",
        draws_title=False,
    )
