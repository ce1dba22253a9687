"""Bars to categories: which bars stand together."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.embedded.charts.bars import Bar

_SAME_PLACE = 0.35  # of a bar's width: segments of one stack have their middles this close


class Slots(NamedTuple):
    """`positions` ascending, px; `members` the index of each bar's slot; `is_stacked` if segments stand on each other."""

    positions: tuple[float, ...]
    members: tuple[int, ...]
    is_stacked: bool


def find_slots(bars: Sequence[Bar]) -> Slots:
    """Return where the categories of `bars` (sorted by their middles) are."""
    columns = _columns(bars)
    is_stacked = sum(len({bars[index].layer for index in column}) > 1 for column in columns) > 0.25 * len(columns)
    are_single = is_stacked or len({bar.layer for bar in bars}) == 1 or _are_apart(bars)
    groups = columns if are_single else _groups(bars)
    centers = [float(np.mean([bars[index].x for index in group])) for group in groups] if is_stacked else _centers(bars, groups)
    members = [0] * len(bars)
    for slot, group in enumerate(groups):
        for index in group:
            members[index] = slot
    return Slots(tuple(centers), tuple(members), is_stacked)


def _are_apart(bars: Sequence[Bar]) -> bool:
    """Tell whether every bar stands alone, all as far apart: then colors set some off and make no groups."""
    gaps = [after.rect.x0 - before.rect.x1 for before, after in pairwise(bars)]
    width = float(np.median([bar.width for bar in bars]))
    is_repeated = len({bar.layer for bar in bars}) < len(bars)
    return is_repeated and len(gaps) > 2 and min(gaps) > 0.15 * width and max(gaps) - min(gaps) <= max(3.0, 0.15 * width)


def _columns(bars: Sequence[Bar]) -> list[list[int]]:
    columns: list[list[int]] = []
    for index, bar in enumerate(bars):
        if columns and bar.x - bars[columns[-1][0]].x <= _SAME_PLACE * bar.width:
            columns[-1].append(index)
        else:
            columns.append([index])
    return columns


def _groups(bars: Sequence[Bar]) -> list[list[int]]:
    """Return the bars grouped where the gaps are wide or a series comes again."""
    gaps = [after.rect.x0 - before.rect.x1 for before, after in pairwise(bars)]
    inner = float(np.percentile(gaps, 15)) if gaps else 0.0
    groups: list[list[int]] = []
    for index, bar in enumerate(bars):
        is_new = index == 0 or gaps[index - 1] > max(0.0, inner) + max(1.5, 0.2 * bar.width)
        if is_new or bar.layer in {bars[other].layer for other in groups[-1]}:
            groups.append([index])
        else:
            groups[-1].append(index)
    return groups


def _centers(bars: Sequence[Bar], groups: Sequence[Sequence[int]]) -> list[float]:
    """Return the middle of each group; of one that lacks bars, from where its bars stand in the complete ones."""
    largest = max(len(group) for group in groups)
    offsets: dict[int, list[float]] = {}
    for group in groups:
        if len(group) == largest:
            middle = float(np.mean([bars[index].x for index in group]))
            for index in group:
                offsets.setdefault(bars[index].layer, []).append(bars[index].x - middle)
    usual = {layer: float(np.median(values)) for layer, values in offsets.items()}
    return [float(np.mean([bars[index].x - usual.get(bars[index].layer, 0.0) for index in group])) for group in groups]
