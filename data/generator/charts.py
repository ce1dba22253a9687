"""Charts as values: one `ChartSpec` gives both the vector drawing and its truth."""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from data.generator.truth import ChartTruth, Region, SeriesTruth
from schemas.extraction import ChartType

Look: TypeAlias = Literal["plain", "boxed", "minimal", "bold", "journal"]
Draw: TypeAlias = "Callable[[Axes, ChartSpec], None]"

COLORS: Mapping[Look, tuple[str, ...]] = MappingProxyType(
    {
        "plain": ("#1f4e6b", "#d98032", "#6a9a58", "#8c8c8c"),
        "boxed": ("#4472c4", "#ed7d31", "#a5a5a5", "#ffc000"),
        "minimal": ("#264653", "#2a9d8f", "#e9c46a", "#e76f51"),
        "bold": ("#c8102e", "#13294b", "#5b7f95", "#b87d00"),
        "journal": ("#0072b2", "#d55e00", "#009e73", "#cc79a7"),
    }
)
SETTINGS: Mapping[Look, Mapping[str, object]] = MappingProxyType(
    {
        "plain": {"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.grid.axis": "y"},
        "boxed": {"axes.grid": True, "grid.linestyle": "--"},
        "minimal": {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "ytick.major.size": 0,
        },
        "bold": {"axes.spines.top": False, "axes.spines.right": False, "axes.titleweight": "bold"},
        "journal": {"font.family": "DejaVu Serif", "xtick.direction": "in", "ytick.direction": "in"},
    }
)
MARKERS = ("o", "s", "^", "D")
N_TICKS = 6
ROUND_STEPS = (1, 2, 2.5, 5, 10)


class ChartSpec(NamedTuple):
    """A chart to draw. `size` is width and height in inches; `value_format` is how printed values look."""

    key: str
    chart_type: ChartType
    title: str
    series: tuple[SeriesTruth, ...]
    size: tuple[float, float]
    x_label: str | None = None
    y_label: str | None = None
    is_horizontal: bool = False
    printed: bool = False
    value_format: str = "{:,.1f}"
    look: Look = "plain"
    font_size: float = 8.0
    y_from: float = 0.0
    draws_title: bool = True

    @property
    def categories(self) -> list[str]:
        """The x values of the first series."""
        return [x for x, _ in self.series[0].points]


class DrawnChart(NamedTuple):
    """A one-page PDF and the ranges of its axes."""

    pdf: bytes
    x_range: tuple[float, float] | None
    y_range: tuple[float, float]


def series(name: str, xs: tuple[str, ...], ys: tuple[float, ...]) -> SeriesTruth:
    """One series from its x and y values."""
    return SeriesTruth(name=name, points=tuple(zip(xs, ys, strict=True)))


def draw_chart(spec: ChartSpec) -> DrawnChart:
    """Draw the chart as a vector PDF, the same bytes each time."""
    settings: dict[Any, Any] = {
        "font.size": spec.font_size,
        "pdf.fonttype": 42,
        "axes.axisbelow": True,
        "grid.color": "#d9d9d9",
        "axes.titlesize": spec.font_size * 1.2,
        "legend.frameon": spec.look in {"boxed", "journal"},
        **SETTINGS[spec.look],
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=spec.size, layout="constrained")
        axes = figure.add_subplot()
        DRAWERS[spec.chart_type](axes, spec)
        _label(axes, spec)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
        return DrawnChart(buffer.getvalue(), *_ranges(axes, spec))


def chart_truth(spec: ChartSpec, drawn: DrawnChart, region: Region) -> ChartTruth:
    """What is true of a chart that was drawn in this region."""
    return ChartTruth(
        page=region.page,
        chart_type=spec.chart_type,
        orientation="none" if spec.chart_type == "pie" else "horizontal" if spec.is_horizontal else "vertical",
        title=spec.title,
        x_label=spec.x_label,
        y_label=spec.y_label,
        x_min=drawn.x_range[0] if drawn.x_range else None,
        x_max=drawn.x_range[1] if drawn.x_range else None,
        y_min=drawn.y_range[0],
        y_max=drawn.y_range[1],
        printed=spec.printed,
        series=spec.series,
        box=region.box,
    )


def _ranges(axes: Axes, spec: ChartSpec) -> tuple[tuple[float, float] | None, tuple[float, float]]:
    if spec.chart_type == "pie":
        return None, (0.0, 100.0)
    low, high = axes.get_xlim() if spec.is_horizontal else axes.get_ylim()
    x_low, x_high = axes.get_xlim()
    x_range = (round(x_low, 4), round(x_high, 4)) if spec.chart_type == "scatter" else None
    return x_range, (round(low, 4), round(high, 4))


def _label(axes: Axes, spec: ChartSpec) -> None:
    if spec.draws_title:
        axes.set_title(spec.title, loc="left" if spec.look in {"plain", "minimal"} else "center")
    if spec.chart_type == "pie":
        return
    x_label, y_label = spec.x_label or "", spec.y_label or ""
    axes.set_xlabel(y_label if spec.is_horizontal else x_label)
    axes.set_ylabel(x_label if spec.is_horizontal else y_label)
    value_axis = axes.xaxis if spec.is_horizontal else axes.yaxis
    value_axis.set_major_locator(MaxNLocator(N_TICKS, steps=list(ROUND_STEPS)))
    value_axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    if len(spec.series) > 1:
        _legend(axes, spec)


def _legend(axes: Axes, spec: ChartSpec) -> None:
    if spec.chart_type == "stacked_bar":
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=len(spec.series))
    else:
        axes.legend(loc="best")


def _draw_bars(axes: Axes, spec: ChartSpec) -> None:
    positions = np.arange(len(spec.categories), dtype=float)
    width = 0.62 if len(spec.series) == 1 else 0.8 / len(spec.series)
    for number, one in enumerate(spec.series):
        values = [value for _, value in one.points]
        shifted = positions + (number - (len(spec.series) - 1) / 2) * width
        color = COLORS[spec.look][number]
        if spec.is_horizontal:
            bars = axes.barh(shifted, values, width, label=one.name, color=color)
        else:
            bars = axes.bar(shifted, values, width, label=one.name, color=color)
        if spec.printed:
            axes.bar_label(bars, [spec.value_format.format(value) for value in values], padding=2)
    _category_ticks(axes, spec, positions)
    axes.margins(x=0.12 if spec.is_horizontal else 0.03, y=0.03 if spec.is_horizontal else 0.12)


def _draw_stacked(axes: Axes, spec: ChartSpec) -> None:
    positions = np.arange(len(spec.categories), dtype=float)
    base = np.zeros(len(positions))
    for number, one in enumerate(spec.series):
        values = np.array([value for _, value in one.points])
        bars = axes.bar(positions, values, 0.6, bottom=base, label=one.name, color=COLORS[spec.look][number])
        if spec.printed:
            texts = [spec.value_format.format(value) for value in values]
            axes.bar_label(bars, texts, label_type="center", color="white")
        base += values
    _category_ticks(axes, spec, positions)


def _category_ticks(axes: Axes, spec: ChartSpec, positions: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
    if spec.is_horizontal:
        axes.set_yticks(positions, spec.categories)
        axes.invert_yaxis()
    else:
        axes.set_xticks(positions, spec.categories)


def _draw_lines(axes: Axes, spec: ChartSpec) -> None:
    for number, one in enumerate(spec.series):
        values = [value for _, value in one.points]
        color, marker = COLORS[spec.look][number], MARKERS[number] if len(values) < 15 else ""
        axes.plot(spec.categories, values, label=one.name, color=color, marker=marker, markersize=4, linewidth=1.6)
        if spec.printed:
            for x, y in one.points:
                axes.annotate(spec.value_format.format(y), (x, y), (0, 5), textcoords="offset points", ha="center")
    axes.margins(y=0.1)
    axes.set_ylim(bottom=spec.y_from)
    axes.set_xticks(range(0, len(spec.categories), 1 + len(spec.categories) // 13))


def _draw_scatter(axes: Axes, spec: ChartSpec) -> None:
    for number, one in enumerate(spec.series):
        xs = [float(x) for x, _ in one.points]
        ys = [y for _, y in one.points]
        axes.scatter(xs, ys, s=4 * spec.font_size, label=one.name, color=COLORS[spec.look][number], marker=MARKERS[number])
    axes.xaxis.set_major_locator(MaxNLocator(N_TICKS, steps=list(ROUND_STEPS)))


def _draw_pie(axes: Axes, spec: ChartSpec) -> None:
    values = [value for _, value in spec.series[0].points]
    axes.pie(
        values,
        labels=spec.categories,
        autopct=lambda share: spec.value_format.format(share) + "%",
        colors=[*COLORS[spec.look], "#4f7f6b", "#5b6c5d"][: len(values)],
        startangle=90,
        counterclock=False,
        pctdistance=0.7,
        textprops={"color": "#1c1c1c"},
        wedgeprops={"edgecolor": "white"},
    )
    for text in axes.texts:
        if text.get_text().endswith("%"):
            text.set(color="white", fontweight="bold")


DRAWERS: Mapping[str, Draw] = MappingProxyType(
    {
        "bar": _draw_bars,
        "stacked_bar": _draw_stacked,
        "line": _draw_lines,
        "scatter": _draw_scatter,
        "pie": _draw_pie,
    }
)
