"""Draws docs/charts.png: charts of the sample documents above, and below them the same drawn from the points that the embedded reader read.

`python -m benchmarks.charts_picture`
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from pipeline.embedded import worker
from pipeline.open import open_document
from pipeline.plan import page_image, read_dpi
from pipeline.rasterize import rasterize
from schemas.document import Box, Source
from schemas.extraction import ChartReading, ReadSeries
from schemas.preset import ImageLimits

ROOT = Path(__file__).parents[1]
MOST_BYTES, MOST_PAGES = 1 << 31, 1000


class Place(NamedTuple):
    """A chart of a sample document: file, page and box."""

    filename: str
    page_no: int
    box: tuple[float, float, float, float]


PLACES = (
    Place("northwind-annual-report-2023.pdf", 3, (0.09, 0.41, 0.49, 0.64)),
    Place("northwind-annual-report-2023.pdf", 3, (0.50, 0.41, 0.90, 0.64)),
    Place("northwind-annual-report-2023.pdf", 10, (0.09, 0.62, 0.86, 0.87)),
)


def read(place: Place) -> tuple[bytes, ChartReading]:
    """Return the crop as PNG and what is read in it."""
    path = str(ROOT / "data" / "samples" / place.filename)
    document = open_document(Source(uri=path, filename=place.filename), path, MOST_BYTES, MOST_PAGES)
    page = document.page(place.page_no)
    x0, y0, x1, y1 = place.box
    image = page_image(document, page, read_dpi(page), ImageLimits(), Box(x0=x0, y0=y0, x1=x1, y1=y1))
    data, _ = rasterize(path, image, document.engine)
    return data, ChartReading.model_validate_json(worker.read_chart(data, (0, 0, 1000, 1000)))


def redraw(axes: Axes, reading: ChartReading) -> None:
    """Draw the series; a ring marks a value that is printed in the document."""
    xs = [*dict.fromkeys(point.x for series in reading.series for point in series.points)]
    for number, series in enumerate(reading.series):
        _draw(axes, reading, series, xs, number)
    axes.set_xticks(range(len(xs)), xs)
    axes.set_title(reading.title or "", fontsize=8)
    axes.tick_params(labelsize=7)
    if any(series.name for series in reading.series):
        axes.legend(fontsize=7)
    axes.set_ylim(bottom=0)


def _draw(axes: Axes, reading: ChartReading, series: ReadSeries, xs: Sequence[str], number: int) -> None:
    read_points = [(xs.index(point.x), point.y, point.y_text is not None) for point in series.points if point.y is not None]
    ats, values = np.array([at for at, _, _ in read_points], float), [value for _, value, _ in read_points]
    if reading.chart_type == "line":
        axes.plot(ats, values, marker=".", color=f"C{number}", label=series.name)
    else:
        width = 0.8 / len(reading.series)
        ats = ats + (number - (len(reading.series) - 1) / 2) * width
        axes.bar(ats, values, width, color=f"C{number}", label=series.name)
    printed = [index for index, (_, _, is_printed) in enumerate(read_points) if is_printed]
    axes.plot(ats[printed], [values[index] for index in printed], "o", mfc="none", mec="black", ms=7)


def main() -> None:
    """Read, draw, save."""
    figure = Figure(figsize=(12, 5.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    columns = figure.subplots(2, len(PLACES))
    for column, place in enumerate(PLACES):
        data, reading = read(place)
        columns[0, column].imshow(Image.open(io.BytesIO(data)))
        columns[0, column].axis("off")
        redraw(columns[1, column], reading)
    figure.savefig(ROOT / "docs" / "charts.png")


if __name__ == "__main__":
    main()
