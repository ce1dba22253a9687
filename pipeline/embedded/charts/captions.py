"""What is written around a chart: title, axis titles, source note."""

import re
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from pipeline.embedded.charts.figure import Figure, Label
from pipeline.embedded.charts.text import read_turned_labels
from pipeline.embedded.reading import Rect

_SOURCE = re.compile(r"(source|note|notes|sources)\s*[:.]", re.IGNORECASE)
_UNIT = re.compile(
    r"[(\[]([^()\[\]]{1,30})[)\]]\s*$|\bin ((?:thousand|million|billion|percent|us|u\.s\.|usd|eur|metric|%)[^()]{0,25})$", re.IGNORECASE
)


class Captions(NamedTuple):
    """The texts around a chart, empty where there is none. `bottom` and `side` are the titles of the axes there."""

    title: str
    caption: str
    bottom: str
    side: str


def read_captions(figure: Figure, inner: Rect, taken: Sequence[Label]) -> Captions:
    """Read the texts around an upright figure.

    Args:
        figure: The upright figure.
        inner: The plot with its tick labels.
        taken: The labels that are ticks, categories, values or legend.
    """
    free = [item for item in figure.labels if item not in set(taken) and not item.is_turned]
    above = [item for item in free if item.rect.y1 <= inner.y0 + 0.5 * item.size]
    below = [item for item in free if item.rect.y0 >= inner.y1 - 0.5 * item.size]
    notes = [item for item in below if _SOURCE.match(item.text)]
    titles = [item for item in below if item not in notes and _is_centered(item, inner)]
    height = figure.image.shape[0]
    side = read_turned_labels(figure.image, Rect(0, inner.y0 - 0.1 * height, inner.x0, inner.y1 + 0.1 * height))
    return Captions(
        title=_text(_heading(above)),
        caption=_text([item for item in below if notes and item.y >= notes[0].y - notes[0].size / 2]),
        bottom=_text(_first_row(titles)),
        side=" ".join(item.text for item in sorted(side, key=lambda item: -item.y) if item.quantity is None and len(item.text) > 2),
    )


def unit_of(title: str) -> str:
    """Return the unit that an axis title states, such as "%" in "Share (%)", empty if none."""
    match = _UNIT.search(title)
    return next((group.strip() for group in match.groups() if group), "") if match else ""


def _is_centered(item: Label, inner: Rect) -> bool:
    return abs(item.x - (inner.x0 + inner.x1) / 2) < 0.2 * (inner.x1 - inner.x0)


def _heading(labels: Sequence[Label]) -> list[Label]:
    """Return the labels of the largest type, in rows that follow each other."""
    if not labels:
        return []
    largest = max(item.size for item in labels)
    return [item for item in labels if item.size > 0.8 * largest]


def _first_row(labels: Sequence[Label]) -> list[Label]:
    if not labels:
        return []
    top = min(labels, key=lambda item: item.y)
    size = median(item.size for item in labels)
    return [item for item in labels if abs(item.y - top.y) <= 0.6 * size]


def _text(labels: Sequence[Label]) -> str:
    ordered = sorted(labels, key=lambda item: (round(item.y / max(1.0, item.size)), item.x))
    return " ".join(item.text for item in ordered)
