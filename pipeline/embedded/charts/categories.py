"""The independent axis: which label belongs to which place, and what lies between printed labels."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple

import numpy as np

from pipeline.embedded.charts.dates import moment_text, parse_moment, unwrapped
from pipeline.embedded.charts.figure import Figure, Label, label
from pipeline.embedded.charts.quantities import as_text
from pipeline.embedded.reading import Rect

_ROW = 0.6  # of the type size: labels of one row have their middles this close
_WRAP = 1.6  # of the type size from row to row: a wrapped label goes on
_ASTRAY = 30  # px: further from where its number belongs, a label was misread
_EVEN = 0.1  # of the pitch: months are this uneven
_GAPS = (0.6, 0.35, 0.0)  # of the type size: where a row may be cut into labels


class Place(NamedTuple):
    """A label of the independent axis and its middle along the axis, px."""

    position: float
    text: str


class Between(NamedTuple):
    """What lies between printed labels: ordinal = slope * position + intercept; months for dates, else the number itself."""

    slope: float
    intercept: float
    form: str

    def ordinal(self, position: float) -> float:
        """Return the number or the months since year 0 at a position."""
        return self.slope * position + self.intercept

    def text(self, ordinal: float) -> str:
        """Return the text that the axis would print there."""
        return as_text(round(ordinal, 6)) if self.form == "number" else moment_text(ordinal, self.form)


class Categories(NamedTuple):
    """The independent axis as printed. `between` is empty if its labels are neither numbers nor dates."""

    places: tuple[Place, ...]
    labels: tuple[Label, ...]
    between: tuple[Between, ...]

    @property
    def kind(self) -> Literal["category", "number", "date"]:
        """What the labels are."""
        if not self.between:
            return "category"
        return "number" if self.between[0].form == "number" else "date"

    @property
    def pitch(self) -> float:
        """The distance of neighboring labels, px; 0 if there are not two."""
        positions = [place.position for place in self.places]
        return float(np.median(np.diff(positions))) if len(positions) > 1 else 0.0


def labels_below(figure: Figure, plot: Rect, taken: Sequence[Label]) -> tuple[Label, ...]:
    """Return the labels under the plot that may name its places, the axis title left out where it can be told.

    In a turned figure these are all labels beside the bars; in an upright one the first row and the rows that continue it.
    """
    free = [item for item in figure.labels if item not in set(taken) and item.y > plot.y1 and not item.is_turned]
    if figure.is_turned:
        return tuple(free)
    reach = 0.06 * (plot.x1 - plot.x0)
    free = [item for item in free if plot.x0 < item.rect.x1 and item.x <= plot.x1 + 2 * reach]
    rows = _rows(free)
    if not rows:
        return ()
    n_words = [sum(max(1, len(item.words)) for item in row) for row in rows]
    rows = rows[next(at for at, count in enumerate(n_words) if count >= 0.5 * max(n_words[:3]) or _is_spread(rows[at], plot)) :]
    kept, size = list(rows[0]), median(item.size for item in rows[0])
    for above, row in pairwise(rows):
        is_next = median(item.y for item in row) - median(item.y for item in above) <= _WRAP * size
        if not is_next or _is_title(row, plot):
            break
        kept += row
    return tuple(kept)


def _is_spread(row: Sequence[Label], plot: Rect) -> bool:
    """Tell the labels of an axis from a footer, which has more words."""
    middles = [item.x for item in row]
    return len(row) > 2 and max(middles) - min(middles) > 0.4 * (plot.x1 - plot.x0)


def _rows(labels: Sequence[Label]) -> list[list[Label]]:
    rows: list[list[Label]] = []
    for item in sorted(labels, key=lambda item: item.y):
        if rows and item.y - rows[-1][0].y <= _ROW * item.size:
            rows[-1].append(item)
        else:
            rows.append([item])
    return rows


def _is_title(row: Sequence[Label], plot: Rect) -> bool:
    return len(row) == 1 and abs(row[0].x - (plot.x0 + plot.x1) / 2) < 0.05 * (plot.x1 - plot.x0)


def categories_at(slots: Sequence[float], labels: Sequence[Label], *, is_turned: bool) -> Categories:
    """Return the labels assigned to the places of marks: `slots`, px, ascending.

    A label goes to the nearest slot; one that spans several slots is cut into its words first.
    """
    if len(slots) < 2:
        joined = " ".join(item.text for item in labels)
        places = [Place(slots[0], joined)] if slots and labels else []
        return Categories(tuple(places), tuple(labels), ())
    pitch = float(np.median(np.diff(slots)))
    if len(labels) == len(slots) and all(item.slant for item in labels):
        ordered = sorted(labels, key=lambda item: item.rect.x1)
        places = [Place(slot, item.text) for slot, item in zip(slots, ordered, strict=True)]
        return Categories(tuple(places), tuple(labels), _between(places))
    texts: dict[int, list[Label]] = {}
    for item in _parts(labels, pitch, is_turned=is_turned):
        nearest = int(np.argmin([abs(item.x - slot) for slot in slots]))
        if abs(item.x - slots[nearest]) <= 0.75 * pitch:
            texts.setdefault(nearest, []).append(item)
    places = [Place(slots[slot], _wrapped(texts[slot], is_turned=is_turned)) for slot in sorted(texts)]
    return Categories(tuple(places), tuple(labels), _between(places))


def _wrapped(labels: Sequence[Label], *, is_turned: bool) -> str:
    """Return the text of a label in several rows."""
    if is_turned:
        return " ".join(item.text for item in sorted(labels, key=lambda item: (item.x, -item.y)))
    return " ".join(item.text for row in _rows(labels) for item in sorted(row, key=lambda item: item.x))


def categories_alone(labels: Sequence[Label]) -> Categories:
    """Return the labels of the first row as categories, each at its own middle, cut so that they are evenly spaced."""
    rows = _rows(labels)
    if not rows:
        return Categories((), (), ())
    words = [word for item in sorted(rows[0], key=lambda item: item.x) for word in _words(item)]
    size = median(item.size for item in rows[0])
    cuts = [sorted(rows[0], key=lambda item: item.x), *(_chunks(words, gap * size) for gap in _GAPS)]
    best = min(cuts, key=lambda cut: (not _are_ordinal(cut), _unevenness(cut)))
    places = tuple(Place(x, item.text) for x, item in zip(_evened(best), best, strict=True))
    between = _between(places)
    if between and any(item.slant for item in best):
        # The boxes of words aslant waver; what most of them agree on does not.
        places = tuple(place._replace(position=_on_line(place, between[0])) for place in places)
    return Categories(places, tuple(labels), between)


def _on_line(place: Place, between: Between) -> float:
    moment = parse_moment(place.text)
    quantity = label(place.text, Rect(0, 0, 0, 0)).quantity
    ordinal = quantity.value if between.form == "number" and quantity else moment.months if moment else None
    near = None if ordinal is None else (ordinal - between.intercept) / between.slope
    return place.position if near is None or abs(near - place.position) > _ASTRAY else near


def _are_ordinal(labels: Sequence[Label]) -> bool:
    """Tell whether all labels are dates written alike, or all numbers."""
    moments = [parse_moment(item.text) for item in labels]
    are_dates = all(moments) and len({moment.form for moment in moments if moment}) == 1
    return are_dates or all(item.quantity is not None for item in labels)


def _evened(labels: Sequence[Label]) -> list[float]:
    """Return the labels' middles, those at the ends moved outwards to where evenly spaced ones are: to fit, they are printed further in."""
    positions = [item.x for item in labels]
    steps = np.diff(positions)
    if len(steps) < 2 or (len(steps) == 2 and not _are_ordinal(labels)):
        return positions
    inner = steps[1:-1] if len(steps) > 2 else steps.max(keepdims=True)
    pitch = float(np.median(inner))
    if float(np.abs(inner - pitch).max()) > _EVEN * pitch:
        return positions
    first, last = (0.5 * pitch < step < (1 - _EVEN) * pitch for step in (steps[0], steps[-1]))
    ends = (positions[1] - pitch if first else positions[0], positions[-2] + pitch if last else positions[-1])
    return [ends[0], *positions[1:-1], ends[1]]


def _words(item: Label) -> list[Label]:
    is_whole = item.quantity is not None or item.slant > 0
    return [label(word.text, word.rect) for word in item.words] if len(item.words) > 1 and not is_whole else [item]


def _parts(labels: Sequence[Label], pitch: float, *, is_turned: bool) -> list[Label]:
    if is_turned:
        return list(labels)
    return [part for item in labels for part in (_words(item) if item.rect.x1 - item.rect.x0 > 1.3 * pitch else [item])]


def _chunks(words: Sequence[Label], gap: float) -> list[Label]:
    chunks: list[list[Label]] = []
    for word in words:
        if chunks and word.rect.x0 - chunks[-1][-1].rect.x1 < gap:
            chunks[-1].append(word)
        else:
            chunks.append([word])
    return [
        label(" ".join(word.text for word in chunk), Rect(chunk[0].rect.x0, chunk[0].rect.y0, chunk[-1].rect.x1, chunk[-1].rect.y1))
        for chunk in chunks
    ]


def _unevenness(labels: Sequence[Label]) -> float:
    if len(labels) < 3:
        return 1.0
    steps = np.diff([item.x for item in labels])
    return float(np.std(steps) / max(1e-6, float(np.mean(steps))))


def _between(places: Sequence[Place]) -> tuple[Between, ...]:
    """Return the line through the labels' dates or numbers if most labels are such and lie on it."""
    moments = [(place.position, parse_moment(place.text)) for place in places]
    dated = [(position, moment) for position, moment in moments if moment is not None]
    if len(dated) >= max(2, 0.7 * len(places)):
        whole = unwrapped([moment for _, moment in dated])
        return _line([position for position, _ in dated], [moment.months for moment in whole], whole[0].form)
    numbers = [(place.position, label(place.text, Rect(0, 0, 0, 0)).quantity) for place in places]
    known = [(position, quantity.value) for position, quantity in numbers if quantity is not None]
    if len(known) >= max(2, 0.7 * len(places)):
        return _line([position for position, _ in known], [value for _, value in known], "number")
    return ()


def _line(positions: Sequence[float], ordinals: Sequence[float], form: str) -> tuple[Between, ...]:
    if len(set(positions)) < 2:
        return ()
    slope, intercept = (float(part) for part in np.polyfit(positions, ordinals, 1))
    if slope <= 0:
        return ()
    off = np.abs((np.asarray(ordinals) - intercept) / slope - np.asarray(positions))
    tolerance = 0.2 * float(np.median(np.diff(sorted(positions))))
    if np.median(off) > tolerance:
        return ()
    close = off <= 2 * tolerance
    if 2 <= close.sum() < len(positions):
        slope, intercept = (float(part) for part in np.polyfit(np.asarray(positions)[close], np.asarray(ordinals)[close], 1))
    return (Between(slope, intercept, form),)
