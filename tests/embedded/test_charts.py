"""Charts are drawn here in several styles, rasterized, and read back."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.embedded.charts import read_chart
from pipeline.embedded.charts.dates import moment_text, parse_moment
from pipeline.embedded.charts.detect import is_chart
from pipeline.embedded.charts.quantities import parse_quantity
from pipeline.embedded.charts.scale import Tick, fit_scale
from pipeline.embedded.ocr import read_lines
from pipeline.embedded.reading import Rect
from schemas.extraction import ChartReading

CITIES = ("Bergen", "Porto", "Gdansk", "Malmo")
STYLES = {
    "plain": {},
    "grid": {"axes.grid": True, "axes.axisbelow": True, "axes.facecolor": "#eaeaf2", "grid.color": "white"},
    "bare": {"axes.spines.left": False, "axes.spines.right": False, "axes.spines.top": False, "ytick.major.size": 0},
    "dark": {
        "figure.facecolor": "black",
        "axes.facecolor": "black",
        **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color"), "white"),
    },
}


def draw(paint: Callable[[Axes], object], style: str = "plain", size: tuple[float, float] = (5.0, 3.2)) -> NDArray[np.uint8]:
    with mpl.rc_context({"font.size": 9, **STYLES[style]}):
        figure = Figure(figsize=size, dpi=160, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        paint(figure.add_subplot())
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def read(image: NDArray[np.uint8]) -> ChartReading:
    return read_chart(image, Rect(0, 0, image.shape[1], image.shape[0]))


def values(reading: ChartReading) -> dict[str, dict[str, float | None]]:
    return {one.name: {point.x: point.y for point in one.points} for one in reading.series}


@pytest.mark.parametrize("style", STYLES)
def test_bars_are_read_off_the_axis_within_a_percent_of_its_range(style):
    truth = dict(zip(CITIES, (12.0, 47.0, 33.0, 21.0), strict=True))
    reading = read(draw(lambda axes: axes.bar(list(truth), list(truth.values())), style))
    assert values(reading) == {"": {x: pytest.approx(y, abs=0.5) for x, y in truth.items()}}
    assert reading.chart_type == "bar"
    assert all(point.y_text is None and point.error for point in reading.series[0].points)


def test_bars_below_zero_are_negative():
    truth = dict(zip(CITIES, (12.0, -7.0, 9.0, -3.0), strict=True))
    reading = read(draw(lambda axes: axes.bar(list(truth), list(truth.values()))))
    assert values(reading) == {"": {x: pytest.approx(y, abs=0.3) for x, y in truth.items()}}


def test_printed_values_are_taken_verbatim():
    def paint(axes: Axes) -> None:
        axes.bar_label(axes.barh(CITIES, [1234, 3410, 2105, 900]), labels=["1,234", "3,410", "2,105", "900"], padding=2)
        axes.invert_yaxis()
        axes.margins(x=0.15)

    reading = read(draw(paint))
    assert reading.orientation == "horizontal"
    assert [(point.x, point.y, point.y_text) for point in reading.series[0].points] == [
        ("Bergen", 1234, "1,234"),
        ("Porto", 3410, "3,410"),
        ("Gdansk", 2105, "2,105"),
        ("Malmo", 900, "900"),
    ]


@pytest.mark.parametrize("place", [{"loc": "upper left"}, {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}])
def test_grouped_bars_take_their_names_from_the_legend(place):
    first, second = (30.0, 42.0, 51.0, 60.0), (12.0, 25.0, 18.0, 44.0)

    def paint(axes: Axes) -> None:
        axes.bar(np.arange(4) - 0.2, first, 0.4, label="Rail")
        axes.bar(np.arange(4) + 0.2, second, 0.4, label="Road")
        axes.set_xticks(range(4), CITIES)
        axes.set_ylim(0, 90)
        axes.legend(**place)

    assert values(read(draw(paint))) == {
        name: dict(zip(CITIES, (pytest.approx(y, abs=0.9) for y in ys), strict=True)) for name, ys in (("Rail", first), ("Road", second))
    }


def test_segments_of_stacked_bars_are_their_own_length():
    lower, upper = (20.0, 35.0, 30.0, 25.0), (15.0, 10.0, 22.0, 8.0)

    def paint(axes: Axes) -> None:
        axes.bar(CITIES, lower, label="Old")
        axes.bar(CITIES, upper, bottom=lower, label="New")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)

    reading = read(draw(paint))
    assert reading.chart_type == "stacked_bar"
    assert values(reading) == {
        name: dict(zip(CITIES, (pytest.approx(y, abs=0.6) for y in ys), strict=True)) for name, ys in (("Old", lower), ("New", upper))
    }


@pytest.mark.parametrize("style", STYLES)
def test_lines_are_read_at_every_label(style):
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun")
    truth = {"Heat": (4.0, 5.5, 5.0, 7.5, 9.0, 8.0), "Power": (2.0, 1.5, 3.0, 2.5, 1.0, 3.5)}

    def paint(axes: Axes) -> None:
        for name, ys in truth.items():
            axes.plot(months, ys, label=name, marker="o", markersize=4)
        axes.set_ylim(0, 12)
        axes.legend(loc="upper left")

    reading = read(draw(paint, style))
    assert reading.chart_type == "line"
    assert values(reading) == {name: {x: pytest.approx(y, abs=0.2) for x, y in zip(months, ys, strict=True)} for name, ys in truth.items()}


def test_points_between_printed_years_are_found():
    years, ys = list(range(2010, 2020)), (3.0, 5.0, 4.0, 8.0, 6.0, 9.0, 7.0, 10.0, 6.0, 11.0)

    def paint(axes: Axes) -> None:
        axes.plot(years, ys)
        axes.set_xticks(years[::2])

    assert values(read(draw(paint))) == {"": {str(x): pytest.approx(y, abs=0.2) for x, y in zip(years, ys, strict=True)}}


def test_slices_of_a_pie_without_printed_shares_are_measured():
    reading = read(draw(lambda axes: axes.pie([50, 30, 20], labels=["North", "South", "West"])))
    assert reading.chart_type == "pie"
    assert values(reading) == {"": {x: pytest.approx(y, abs=1) for x, y in {"North": 50, "South": 30, "West": 20}.items()}}


def test_titles_and_units_are_kept():
    def paint(axes: Axes) -> None:
        axes.bar(CITIES, (12, 47, 33, 21))
        axes.set_title("Share of renewable power")
        axes.set_ylabel("Share (%)")

    reading = read(draw(paint))
    assert reading.title == "Share of renewable power"
    assert (reading.y_axis.label, reading.y_axis.unit) == ("Share (%)", "%")


def test_a_chart_without_readable_axes_yields_no_points():
    def paint(axes: Axes) -> None:
        axes.plot([1, 2, 3], [3, 1, 2])
        axes.set_axis_off()

    assert read(draw(paint)).series == ()


def test_charts_are_told_from_photographs_and_text():
    rng = np.random.default_rng(7)
    photograph = np.clip(rng.normal(128, 60, (200, 300, 3)), 0, 255).astype(np.uint8)
    bars = draw(lambda axes: axes.bar(CITIES, (12, 47, 33, 21)))
    words = draw(lambda axes: (axes.set_axis_off(), axes.text(0, 0.5, "No chart here,\njust a few lines\nof plain text.")))
    assert is_chart(bars, read_lines(bars))
    assert not is_chart(photograph, ())
    assert not is_chart(words, read_lines(words))


@pytest.mark.parametrize(
    ("text", "number", "multiplier", "unit"),
    [
        ("2 094.6", 2094.6, 1, ""),
        ("1,234", 1234, 1, ""),
        ("12,5", 12.5, 1, ""),
        ("12.5%", 12.5, 1, "%"),
        ("(3.2)", -3.2, 1, ""),
        ("−7", -7, 1, ""),
        ("$1.2B", 1.2, 1e9, "USD"),
        ("500k", 500, 1e3, ""),
    ],
)
def test_printed_numbers_are_understood(text, number, multiplier, unit):
    quantity = parse_quantity(text)
    assert quantity is not None
    assert (quantity.number, quantity.multiplier, quantity.unit) == (number, multiplier, unit)


@pytest.mark.parametrize("text", ["Q1 20", "2017/18", "14 to 18", "(3.2", "-", ""])
def test_other_texts_are_no_numbers(text):
    assert parse_quantity(text) is None


def test_one_misread_tick_does_not_bend_the_scale():
    ticks = [Tick(400.0 - 40 * step, 10.0 * step) for step in range(6)]
    scale = fit_scale([*ticks[:3], Tick(ticks[3].position, 80.0), *ticks[4:]], tolerance=2)
    assert scale is not None
    assert scale.value(280.0) == pytest.approx(30)


def test_powers_of_ten_make_a_logarithmic_scale():
    scale = fit_scale([Tick(400.0 - 100 * power, 10.0**power) for power in range(4)], tolerance=2)
    assert scale is not None
    assert scale.is_log
    assert scale.value(250.0) == pytest.approx(10**1.5)


def test_unrelated_numbers_are_no_scale():
    assert fit_scale([Tick(10, 31.0), Tick(55, 12.5), Tick(90, 77.0), Tick(140, 40.1)], tolerance=2) is None


@pytest.mark.parametrize("text", ["Jan 2012", "2012 Q3", "2012", "03/2012"])
def test_dates_are_printed_as_they_were(text):
    moment = parse_moment(text)
    assert moment is not None
    assert moment_text(moment.months, moment.form) == text
