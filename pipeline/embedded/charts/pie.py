"""Pies and rings: slices of one disc, told apart by color."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.embedded.charts.figure import Figure, Image, Label, Mask
from pipeline.embedded.charts.ink import Color, background, color_of, ink_mask
from pipeline.embedded.charts.legend import Key
from schemas.extraction import ReadPoint, ReadSeries

_MIN_AREA = 0.05  # of the figure: a smaller disc is a marker
_ROUNDNESS = 0.9  # of its circle that the hull of the disc must fill
_STEPS = 1440  # samples around the disc, a quarter of a degree each
_RINGS = (0.6, 0.7, 0.8, 0.9)  # of the radius
_SAME = 30  # distance of colors within one slice
_MIN_SLICE = 6  # samples: thinner is a border between slices


class Disc(NamedTuple):
    """The middle and the radius of a pie, px."""

    x: float
    y: float
    radius: float


class Slice(NamedTuple):
    """A part of the disc: from where, clockwise from twelve o'clock, in turns from 0 to 1, and how much of it; its color."""

    start: float
    share: float
    color: Color

    @property
    def middle(self) -> float:
        """Half way through it, in turns."""
        return self.start + self.share / 2


def find_disc(figure: Figure) -> tuple[Disc, ...]:
    """Return the largest disc drawn in the figure, empty if the largest thing drawn is none."""
    mask = _filled(figure)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < _MIN_AREA * mask.size:
        return ()
    (x, y), radius = cv2.minEnclosingCircle(largest)
    if cv2.contourArea(cv2.convexHull(largest)) < _ROUNDNESS * np.pi * radius**2:
        return ()
    return (Disc(float(x), float(y), float(radius)),)


def _filled(figure: Figure) -> Mask:
    """Return the ink with thin white borders between slices closed and lines to labels removed."""
    ink = ink_mask(figure.image, background(figure.image)).astype(np.uint8)
    size = max(5, round(0.012 * max(ink.shape)))
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3 * size, 3 * size), np.uint8)) > 0, np.bool_)


def find_slices(image: Image, disc: Disc) -> tuple[Slice, ...]:
    """Return the slices clockwise from twelve o'clock: runs of one color around the disc, the gaps between shared out."""
    colors = _around(image, disc)
    starts = [index for index in range(_STEPS) if _differs(colors, index)]
    if not starts:
        return ()
    runs = [(start, (starts[(at + 1) % len(starts)] - start - 1) % _STEPS + 1) for at, start in enumerate(starts)]
    solid = [(start, length) for start, length in runs if length >= _MIN_SLICE]
    middles = [color_of(colors[np.arange(start, start + length) % _STEPS]) for start, length in solid]
    return _shared_out(_merged(solid, middles))


def _around(image: Image, disc: Disc) -> NDArray[np.uint8]:
    """Return the color (steps, 3) at each angle: the median over rings, so that labels on slices do not count."""
    turns = np.arange(_STEPS) / _STEPS * 2 * np.pi
    samples = []
    for ring in _RINGS:
        xs = np.clip(np.round(disc.x + ring * disc.radius * np.sin(turns)), 0, image.shape[1] - 1).astype(int)
        ys = np.clip(np.round(disc.y - ring * disc.radius * np.cos(turns)), 0, image.shape[0] - 1).astype(int)
        samples.append(image[ys, xs])
    return np.asarray(np.median(np.stack(samples), axis=0), np.uint8)


def _differs(colors: NDArray[np.uint8], index: int) -> bool:
    return int(np.abs(colors[index].astype(int) - colors[index - 1].astype(int)).max()) > _SAME


def _merged(runs: Sequence[tuple[int, int]], colors: Sequence[Color]) -> list[tuple[int, int, Color]]:
    """Join neighboring runs of the same color, which a label or a speck cut."""
    merged: list[tuple[int, int, Color]] = []
    for (start, length), color in zip(runs, colors, strict=True):
        if merged and merged[-1][2].distance(color) <= _SAME:
            first = merged[-1][0]
            merged[-1] = (first, start + length - first, color)
        else:
            merged.append((start, length, color))
    return merged


def _shared_out(runs: Sequence[tuple[int, int, Color]]) -> tuple[Slice, ...]:
    """Return slices whose borders are half way between the runs."""
    if len(runs) < 2:
        return ()
    slices = []
    for index, (start, length, color) in enumerate(runs):
        before, after = runs[index - 1], runs[(index + 1) % len(runs)]
        lead = ((start - before[0] - before[1]) % _STEPS) / 2
        trail = ((after[0] - start - length) % _STEPS) / 2
        slices.append(Slice((start - lead) / _STEPS, (length + lead + trail) / _STEPS, color))
    return tuple(slices)


def pie_series(figure: Figure, disc: Disc, slices: Sequence[Slice], legend: Sequence[Key]) -> ReadSeries:
    """Return one point a slice: its name from the legend or beside it, its printed value, else its share in percent."""
    names = {index: _legend_name(part, legend) for index, part in enumerate(slices)} if legend else _names(figure, disc, slices)
    values = _values(figure, disc, slices)
    error = round(100 / (2 * np.pi * 0.8 * disc.radius), 3)
    points = []
    for index, part in enumerate(slices):
        printed = values.get(index)
        if not names.get(index):
            continue
        if printed is not None and printed.quantity is not None:
            points.append(ReadPoint(x=names[index], y=printed.quantity.number, y_text=printed.text))
        else:
            points.append(ReadPoint(x=names[index], y=round(100 * part.share, 2), error=error))
    return ReadSeries(name="", points=tuple(points))


def _legend_name(part: Slice, legend: Sequence[Key]) -> str:
    nearest = min(legend, key=lambda key: key.color.distance(part.color))
    return nearest.name if nearest.color.distance(part.color) <= 2 * _SAME else ""


def _names(figure: Figure, disc: Disc, slices: Sequence[Slice]) -> dict[int, str]:
    """Return the words at each slice: labels lie in its direction, from half the radius to a bit outside of it."""
    found: dict[int, list[Label]] = {}
    for item in figure.labels:
        if item.quantity is None and not item.is_turned:
            for index in _slice_at(item, disc, slices, 0.4, 1.5):
                found.setdefault(index, []).append(item)
    return {index: _nearest_text(items, disc) for index, items in found.items()}


def _nearest_text(labels: Sequence[Label], disc: Disc) -> str:
    """Return the label nearest to the disc, with the lines that continue it."""
    nearest = min(labels, key=lambda item: float(np.hypot(item.x - disc.x, item.y - disc.y)))
    close = [item for item in labels if abs(item.y - nearest.y) < 1.6 * nearest.size and abs(item.x - nearest.x) < 3 * nearest.size]
    return " ".join(item.text for item in sorted(close, key=lambda item: item.y))


def _values(figure: Figure, disc: Disc, slices: Sequence[Slice]) -> dict[int, Label]:
    """Return the number printed at each slice; all of them must be in the proportion of the slices."""
    found: dict[int, Label] = {}
    for item in figure.labels:
        if item.quantity is not None:
            found.update(dict.fromkeys(_slice_at(item, disc, slices, 0.2, 1.45), item))
    ratios = [item.quantity.value / slices[index].share for index, item in found.items() if item.quantity is not None]
    usual = float(np.median(ratios)) if ratios else 0.0
    return {
        index: item
        for index, item in found.items()
        if item.quantity is not None and abs(item.quantity.value - usual * slices[index].share) <= 0.03 * abs(usual)
    }


def _slice_at(item: Label, disc: Disc, slices: Sequence[Slice], low: float, high: float) -> list[int]:
    """Return the slice in whose direction the label's nearest edge or middle lies, if it is at the right distance."""
    x = min(max(disc.x, item.rect.x0), item.rect.x1) if item.y < disc.y - disc.radius or item.y > disc.y + disc.radius else item.x
    near = item.rect.x0 if item.rect.x0 > disc.x else item.rect.x1 if item.rect.x1 < disc.x else x
    distance = float(np.hypot(near - disc.x, item.y - disc.y)) / disc.radius
    if not low <= distance <= high:
        return []
    middle = item.x if distance < 1 else near
    turn = float(np.arctan2(middle - disc.x, disc.y - item.y)) / (2 * np.pi) % 1
    return [index for index, part in enumerate(slices) if (turn - part.start) % 1 < part.share]
