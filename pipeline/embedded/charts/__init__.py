"""Chart reading without a model: axes from their tick labels, marks from their colors, values from both."""

from pipeline.embedded.charts import detect
from pipeline.embedded.charts.read import read_chart

__all__ = ["detect", "read_chart"]
